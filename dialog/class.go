package dialog

import (
	"regexp"
	"slices"
)

// A FieldType is the type of a custom field's values.
type FieldType int

// The types of custom fields.
const (
	// Boolean is true or false.
	Boolean FieldType = iota + 1
	// Integer is a JSON number with a whole value within ±(2^53 - 1).
	Integer
	// Float is a finite double.
	Float
	// String is text without NUL.
	String
	// DateTime is RFC 3339, stored in UTC and whole milliseconds.
	DateTime
	// Location is [longitude, latitude] in degrees.
	Location
)

// A Field is one typed field of a custom class.
type Field struct {
	Name string
	Type FieldType
	// List means that the value is a list of values of the type.
	List bool
}

// A Class is a named set of typed fields for the custom data of dialogs. It can
// grow, but never loses or changes a field.
type Class struct {
	Name string
	// Fields are in the order of their definition.
	Fields []Field
	// Revision counts the definitions from 1, for compare-and-set.
	Revision int64
}

// Field finds a field by its name.
func (c *Class) Field(name string) (Field, bool) {
	i := slices.IndexFunc(c.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return c.Fields[i], true
}

// identifier is the form of class and field names. Anything else never reaches
// a store, where a dot or a dollar could mean a path or an operator.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// IsIdentifier reports whether a text has the form of the name of a class or a field.
func IsIdentifier(name string) bool { return identifier.MatchString(name) }

func checkIdentifier(field, kind, name string) error {
	if !IsIdentifier(name) {
		return invalidf(field, "invalid %s name %s: use a letter, then up to 63 letters, digits or underscores", kind, Quote(name))
	}
	return nil
}

// Grow returns the class with these fields added, and whether that differs from
// the class as it is. A field that already exists with another type, and one
// field more than the limit, are [Invalid].
func (c Class) Grow(name string, fields []Field, limits Limits) (next Class, grown bool, err error) {
	if err := checkIdentifier("name", "class", name); err != nil {
		return Class{}, false, err
	}
	next = Class{Name: name, Fields: slices.Clone(c.Fields), Revision: c.Revision + 1}
	for _, f := range fields {
		if err := checkIdentifier("fields", "field", f.Name); err != nil {
			return Class{}, false, err
		}
		if f.Type < Boolean || f.Type > Location {
			return Class{}, false, invalidf("fields", "the field %s has an unknown type", f.Name)
		}
		switch have, ok := next.Field(f.Name); {
		case !ok && len(next.Fields) >= limits.FieldsPerClass:
			return Class{}, false, errTooMany("limit-fields", "fields", "fields in the class", len(next.Fields)+1, limits.FieldsPerClass)
		case !ok:
			next.Fields = append(next.Fields, f)
		case have != f:
			return Class{}, false, invalidf("fields", "%s already exists with another type, which cannot be changed", fieldPath(name, f.Name))
		}
	}
	return next, len(next.Fields) > len(c.Fields) || c.Revision == 0, nil
}
