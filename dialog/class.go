package dialog

import (
	"regexp"
	"slices"
)

// A FieldType is what the values of a custom field are.
type FieldType int

// The types of custom fields.
const (
	// Boolean is true or false.
	Boolean FieldType = iota + 1
	// Integer is any JSON number of whole value within ±(2^53 - 1).
	Integer
	// Float is any finite double.
	Float
	// String is text without NUL.
	String
	// DateTime is RFC 3339, kept in whole milliseconds and UTC.
	DateTime
	// Location is [longitude, latitude] in degrees.
	Location
)

// A Field is one typed field of a custom class.
type Field struct {
	Name string
	Type FieldType
	// List makes the field's value a list of values of the type.
	List bool
}

// A Class is a named set of typed fields that dialogs can carry data of. It
// grows, and never loses or changes a field.
type Class struct {
	Name string
	// Fields are in the order they were defined.
	Fields []Field
	// Revision counts the definitions, from 1; compare-and-set goes by it.
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

// identifier is the form of class and field names. Anything else (a dot, a
// dollar) never reaches a store, where it could mean a path or an operator.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

func checkIdentifier(field, kind, name string) error {
	if !identifier.MatchString(name) {
		return invalidf(field, "a %s name is a letter followed by at most 63 letters, digits and underscores", kind)
	}
	return nil
}

// Grow is the class with these fields added. It reports whether that differs
// from the class as it is; a field that is there already with another type is
// an error, as is one field too many.
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
			return Class{}, false, invalidf("fields", "a class has at most %d fields", limits.FieldsPerClass)
		case !ok:
			next.Fields = append(next.Fields, f)
		case have != f:
			return Class{}, false, invalidf("fields", "the field %s.%s is defined with another type, and a field never changes", name, f.Name)
		}
	}
	return next, len(next.Fields) > len(c.Fields) || c.Revision == 0, nil
}
