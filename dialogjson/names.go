package dialogjson

import (
	"fmt"
	"slices"
	"strings"

	"dialogs/dialog"
)

// Names are how the schema writes the values of an enum.
type Names[T comparable] []name[T]

type name[T comparable] struct {
	value T
	text  string
}

// Name is how a value is written.
func (n Names[T]) Name(v T) string {
	for _, e := range n {
		if e.value == v {
			return e.text
		}
	}
	return "UNKNOWN"
}

// texts are how several values are written; nil for none.
func (n Names[T]) texts(values []T) []string {
	var texts []string
	for _, v := range values {
		texts = append(texts, n.Name(v))
	}
	return texts
}

// Words are the names of several values in lower case, as commands write them.
func (n Names[T]) Words(values []T) []string {
	words := n.texts(values)
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	return words
}

// Parse returns the values of several names, in any case. Its error lists the names
// that exist.
func (n Names[T]) Parse(texts []string) ([]T, error) {
	var list []T
	for _, text := range texts {
		i := slices.IndexFunc(n, func(e name[T]) bool { return strings.EqualFold(e.text, text) })
		if i < 0 {
			var all []string
			for _, e := range n {
				all = append(all, strings.ToLower(e.text))
			}
			return nil, fmt.Errorf("invalid value %s: must be one of %s", dialog.Quote(text), strings.Join(all, ", "))
		}
		list = append(list, n[i].value)
	}
	return list, nil
}

// The enums of the schema.
var (
	Kinds   = Names[dialog.RecordKind]{{dialog.Created, "CREATED"}, {dialog.Updated, "UPDATED"}, {dialog.Deleted, "DELETED"}}
	Types   = Names[dialog.Type]{{dialog.PublicGroup, "PUBLIC_GROUP"}, {dialog.Group, "GROUP"}, {dialog.Private, "PRIVATE"}}
	Aspects = Names[dialog.Aspect]{
		{dialog.AspectName, "NAME"},
		{dialog.AspectPhoto, "PHOTO"},
		{dialog.AspectOccupants, "OCCUPANTS"},
		{dialog.AspectAdmins, "ADMINS"},
		{dialog.AspectOwner, "OWNER"},
		{dialog.AspectCustomData, "CUSTOM_DATA"},
	}
)
