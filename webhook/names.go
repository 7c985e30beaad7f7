package webhook

import (
	"slices"
	"strings"

	"dialogs/dialog"
)

// names are how values are written.
type names[T comparable] []name[T]

type name[T comparable] struct {
	value T
	text  string
}

func (n names[T]) name(v T) string {
	for _, e := range n {
		if e.value == v {
			return e.text
		}
	}
	return "UNKNOWN"
}

// parse finds the value of a text, in any case.
func (n names[T]) parse(text string) (v T, ok bool) {
	i := slices.IndexFunc(n, func(e name[T]) bool { return strings.EqualFold(e.text, text) })
	if i < 0 {
		return v, false
	}
	return n[i].value, true
}

func (n names[T]) all() string {
	var texts []string
	for _, e := range n {
		texts = append(texts, strings.ToLower(e.text))
	}
	return strings.Join(texts, ", ")
}

// The names of the schema.
var (
	kindNames   = names[dialog.RecordKind]{{dialog.Created, "CREATED"}, {dialog.Updated, "UPDATED"}, {dialog.Deleted, "DELETED"}}
	typeNames   = names[dialog.Type]{{dialog.PublicGroup, "PUBLIC_GROUP"}, {dialog.Group, "GROUP"}, {dialog.Private, "PRIVATE"}}
	aspectNames = names[dialog.Aspect]{
		{dialog.AspectName, "NAME"}, {dialog.AspectPhoto, "PHOTO"}, {dialog.AspectOccupants, "OCCUPANTS"},
		{dialog.AspectAdmins, "ADMINS"}, {dialog.AspectOwner, "OWNER"}, {dialog.AspectCustomData, "CUSTOM_DATA"},
	}
	// kindWords are what follows "dialog." in the type of an event.
	kindWords = names[dialog.RecordKind]{{dialog.Created, "created"}, {dialog.Updated, "updated"}, {dialog.Deleted, "deleted"}}
)
