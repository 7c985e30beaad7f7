package dialog

import (
	"encoding/json"
	"strings"
)

// A Text is the value of a custom field from a request without types, for
// example a form or a URL. The field's type decides what it means: a Boolean is
// true or false, or 1 or 0, a Location is longitude and latitude separated by a
// comma, a list is its values separated by commas. For a String it is the text
// itself.
type Text string

// typed is the decoded JSON value that the text represents. Where it has another
// form it stays a string, which [FieldType.normalize] rejects.
func (t Text) typed(as FieldType) any {
	switch as {
	case Boolean:
		switch t {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
	case Integer, Float:
		return json.Number(t)
	case Location:
		return t.elements(func(s string) any { return json.Number(s) })
	case String, DateTime:
	}
	return string(t)
}

// list is the values that the text represents in a list field.
func (t Text) list() []any {
	if t == "" {
		return nil
	}
	return t.elements(func(s string) any { return Text(s) })
}

func (t Text) elements(as func(string) any) []any {
	parts := strings.Split(string(t), ",")
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = as(strings.TrimSpace(part))
	}
	return list
}
