package dialogjson

import "dialogs/dialog"

// FieldTypes are the types of custom fields, as in the schema.
var FieldTypes = Names[dialog.FieldType]{
	{dialog.Boolean, "BOOLEAN"},
	{dialog.Integer, "INTEGER"},
	{dialog.Float, "FLOAT"},
	{dialog.String, "STRING"},
	{dialog.DateTime, "DATETIME"},
	{dialog.Location, "LOCATION"},
}

// A Class has the fields of CustomClass in the schema.
type Class struct {
	Name   string  `json:"name"`
	Fields []Field `json:"fields"`
}

// A Field has the fields of CustomField in the schema.
type Field struct {
	Name string `json:"name"`
	Type string `json:"type"`
	List bool   `json:"list"`
}

// NewClass is the JSON form of a class.
func NewClass(c *dialog.Class) *Class {
	class := &Class{Name: c.Name, Fields: []Field{}}
	for _, f := range c.Fields {
		class.Fields = append(class.Fields, Field{f.Name, FieldTypes.Name(f.Type), f.List})
	}
	return class
}

// Class is the class that the JSON form describes, with revision 1. An unknown type is
// [dialog.Invalid].
func (c *Class) Class() (dialog.Class, error) {
	class := dialog.Class{Name: c.Name, Revision: 1}
	for _, f := range c.Fields {
		types, err := FieldTypes.Parse([]string{f.Type})
		if err != nil {
			return dialog.Class{}, invalid("customClass."+f.Name, err)
		}
		class.Fields = append(class.Fields, dialog.Field{Name: f.Name, Type: types[0], List: f.List})
	}
	return class, nil
}
