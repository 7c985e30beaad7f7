package dialog

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// CustomData is the custom data of a dialog: class, field, value. It has no
// classes without fields.
type CustomData map[string]map[string]Value

// Bytes is the size of the values as compact JSON, as the limit counts it.
func (d CustomData) Bytes() int {
	n := 0
	for _, fields := range d {
		for _, v := range fields {
			n += len(v)
		}
	}
	return n
}

// Classes lists the classes of which there is data, by name.
func (d CustomData) Classes() []string { return slices.Sorted(maps.Keys(d)) }

func (d CustomData) clone() CustomData {
	if len(d) == 0 {
		return nil
	}
	c := make(CustomData, len(d))
	for class, fields := range d {
		c[class] = maps.Clone(fields)
	}
	return c
}

// CustomInput is fields of one class with their decoded JSON values, as the
// caller sent them; nil for null.
type CustomInput struct {
	Class  string
	Fields map[string]any
}

// A FieldChange sets one custom field, or removes it when Value is empty.
type FieldChange struct {
	Class, Field string
	Value        Value
}

// apply makes the changes and reports whether anything differs from before.
// Empty data becomes nil.
func (d *CustomData) apply(changes []FieldChange) bool {
	changed := false
	for _, c := range changes {
		if (*d)[c.Class][c.Field] == c.Value {
			continue
		}
		changed = true
		if c.Value == "" {
			delete((*d)[c.Class], c.Field)
			if len((*d)[c.Class]) == 0 {
				delete(*d, c.Class)
			}
			continue
		}
		if *d == nil {
			*d = CustomData{}
		}
		if (*d)[c.Class] == nil {
			(*d)[c.Class] = map[string]Value{}
		}
		(*d)[c.Class][c.Field] = c.Value
	}
	if len(*d) == 0 {
		*d = nil
	}
	return changed
}

// parseCustom checks the input against the classes. The changes are in the
// order of class and field names, so that equal inputs give equal changes.
func parseCustom(ctx context.Context, classes *classCache, field string, input []CustomInput) ([]FieldChange, error) {
	seen := map[string]bool{}
	var changes []FieldChange
	for _, in := range input {
		if err := checkIdentifier(field, "class", in.Class); err != nil {
			return nil, err
		}
		if seen[in.Class] {
			return nil, invalidf(field, "the class %s is given twice", in.Class)
		}
		seen[in.Class] = true
		names := slices.Sorted(maps.Keys(in.Fields))
		for _, name := range names {
			if err := checkIdentifier(field, "field", name); err != nil {
				return nil, err
			}
		}
		class, ok, err := classes.known(ctx, in.Class, names)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, invalidf(field, "unknown custom class %s", in.Class)
		}
		for _, name := range names {
			change, err := parseField(class, field, name, in.Fields[name])
			if err != nil {
				return nil, err
			}
			changes = append(changes, change)
		}
	}
	slices.SortFunc(changes, func(a, b FieldChange) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Field, b.Field))
	})
	return changes, nil
}

func parseField(class Class, field, name string, raw any) (FieldChange, error) {
	f, ok := class.Field(name)
	if !ok {
		return FieldChange{}, invalidf(field, "the class %s has no field %s", class.Name, name)
	}
	change := FieldChange{Class: class.Name, Field: name}
	if raw == nil {
		return change, nil
	}
	value, err := f.Normalize(raw)
	if err != nil {
		return FieldChange{}, invalidf(field, "%s %s", fieldPath(class.Name, name), err)
	}
	change.Value = value
	return change, nil
}

// fieldPath names a custom field in a message, shortened if necessary.
func fieldPath(class, field string) string {
	path := class + "." + field
	if len(path) > quotedLength {
		path = path[:quotedLength-1] + "…"
	}
	return path
}
