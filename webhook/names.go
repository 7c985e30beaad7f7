package webhook

import (
	"fmt"
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

// parseAll finds the values of several texts. Its error lists what there is.
func (n names[T]) parseAll(texts []string) ([]T, error) {
	var list []T
	for _, text := range texts {
		v, ok := n.parse(text)
		if !ok {
			var all []string
			for _, e := range n {
				all = append(all, strings.ToLower(e.text))
			}
			return nil, fmt.Errorf("invalid value %s: must be one of %s", dialog.Quote(text), strings.Join(all, ", "))
		}
		list = append(list, v)
	}
	return list, nil
}

// ParseKinds reads the names of kinds of changes, in any case.
func ParseKinds(texts []string) ([]dialog.RecordKind, error) { return kindNames.parseAll(texts) }

// ParseAspects reads the names of the parts of a dialog, in any case.
func ParseAspects(texts []string) ([]dialog.Aspect, error) { return aspectNames.parseAll(texts) }

// ParseTypes reads the names of types of dialogs, in any case.
func ParseTypes(texts []string) ([]dialog.Type, error) { return typeNames.parseAll(texts) }

// Describe is what the filter of a webhook selects, as text.
func Describe(f dialog.WebhookFilter) string {
	var parts []string
	add := func(name string, texts []string) {
		if texts != nil {
			parts = append(parts, name+" "+strings.Join(texts, ","))
		}
	}
	add("only", kindNames.texts(f.Kinds))
	add("aspects", aspectNames.texts(f.Aspects))
	add("types", typeNames.texts(f.Types))
	add("class", f.Classes)
	if parts == nil {
		return "all changes"
	}
	return strings.Join(parts, "; ")
}

func (n names[T]) texts(values []T) []string {
	var texts []string
	for _, v := range values {
		texts = append(texts, strings.ToLower(n.name(v)))
	}
	return texts
}

// The names of the schema.
var (
	kindNames   = names[dialog.RecordKind]{{dialog.Created, "CREATED"}, {dialog.Updated, "UPDATED"}, {dialog.Deleted, "DELETED"}}
	typeNames   = names[dialog.Type]{{dialog.PublicGroup, "PUBLIC_GROUP"}, {dialog.Group, "GROUP"}, {dialog.Private, "PRIVATE"}}
	aspectNames = names[dialog.Aspect]{
		{dialog.AspectName, "NAME"},
		{dialog.AspectPhoto, "PHOTO"},
		{dialog.AspectOccupants, "OCCUPANTS"},
		{dialog.AspectAdmins, "ADMINS"},
		{dialog.AspectOwner, "OWNER"},
		{dialog.AspectCustomData, "CUSTOM_DATA"},
	}
	// kindWords are what follows "dialog." in the type of an event.
	kindWords = names[dialog.RecordKind]{{dialog.Created, "created"}, {dialog.Updated, "updated"}, {dialog.Deleted, "deleted"}}
)
