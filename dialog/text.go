package dialog

import (
	"encoding/json"
	"strings"
)

// A Text is the value of a custom field in plain text, from a request whose
// values have no types, such as a form or a URL. The field says what it means:
// a Boolean is true or false, a Location longitude and latitude with a comma
// between them, a list its values with commas between them. To a String it is
// itself.
type Text string

// typed is the decoded JSON value that the text stands for. What it can't be
// stays a string, which [FieldType.normalize] refuses where it does not fit.
func (t Text) typed(as FieldType) any {
	switch as {
	case Boolean:
		switch t {
		case "true":
			return true
		case "false":
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

// list is the values that the text stands for in a field that has a list.
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
