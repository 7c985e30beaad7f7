package quickblox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dialogs/dialog"
)

// Each take… takes a parameter out, so that [params.rest] finds those that
// nobody asked for. The label is how an error names it.

// take takes a parameter of any value out.
func (p params) take(name string) (value any, given bool) {
	value, given = p[name]
	delete(p, name)
	return value, given
}

// rest refuses what was not taken out: nobody should believe that a parameter
// did something which is not known here.
func (p params) rest(prefix string) error {
	if len(p) == 0 {
		return nil
	}
	label := shown(slices.Min(slices.Collect(maps.Keys(p)))) // the same in every run
	if prefix != "" {
		label = prefix + "[" + label + "]"
	}
	return invalid(label, "this parameter is not known here")
}

// takeText takes a text. null is given and isNull.
func (p params) takeText(name string) (text dialog.Optional[string], isNull bool, err error) {
	value, given := p.take(name)
	if !given {
		return dialog.Optional[string]{}, false, nil
	}
	switch value := value.(type) {
	case nil:
		return dialog.Optional[string]{}, true, nil
	case string:
		return dialog.Some(value), false, nil
	case dialog.Text:
		return dialog.Some(string(value)), false, nil
	}
	return dialog.Optional[string]{}, false, invalid(name, "takes a string")
}

// takeNumber takes a whole number, which may come as its decimal text. null is
// not given.
func (p params) takeNumber(name string) (dialog.Optional[int], error) {
	value, given := p.take(name)
	var text string
	switch value := value.(type) {
	case nil:
		return dialog.Optional[int]{}, nil
	case json.Number:
		text = value.String()
	case string:
		text = value
	case dialog.Text:
		text = string(value)
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return dialog.Optional[int]{}, invalid(name, "takes a whole number")
	}
	return dialog.Optional[int]{Value: int(n), Given: given}, nil
}

// takeFlag takes 0 or 1. null is not given.
func (p params) takeFlag(name string) (bool, error) {
	n, err := p.takeNumber(name)
	if err != nil || n.Value < 0 || n.Value > 1 {
		return false, invalid(name, "takes 0 or 1")
	}
	return n.Value == 1, nil
}

// takeObject takes parameters within a parameter. null is none.
func (p params) takeObject(name string) (params, error) {
	value, _ := p.take(name)
	switch value := value.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return value, nil
	}
	return nil, invalid(name, "takes an object")
}

// takeUsers takes a list of user ids: a list, one id, or ids with commas
// between them. null is none.
func (p params) takeUsers(name, label string) ([]dialog.UserID, error) {
	value, _ := p.take(name)
	return users(value, label)
}

func users(value any, label string) ([]dialog.UserID, error) {
	list, isList := value.([]any)
	if value == nil {
		return nil, nil
	}
	if !isList {
		list = []any{value}
	}
	var ids []dialog.UserID
	for _, element := range list {
		switch element := element.(type) {
		case json.Number:
			id, err := userOf(element, label)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		case string:
			if isList { // of JSON, where an id may have a comma
				ids = append(ids, dialog.UserID(element))
			} else {
				ids = append(ids, splitUsers(element)...)
			}
		case dialog.Text:
			ids = append(ids, splitUsers(string(element))...)
		default:
			return nil, invalid(label, "takes user ids: whole numbers or strings")
		}
	}
	return ids, nil
}

func splitUsers(text string) []dialog.UserID {
	var ids []dialog.UserID
	for _, id := range splitList(text) {
		ids = append(ids, dialog.UserID(id))
	}
	return ids
}

// splitList takes a list with commas apart. No text is no list.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// takeUser takes one user id. null is not given.
func (p params) takeUser(name string) (dialog.Optional[dialog.UserID], error) {
	value, _ := p.take(name)
	if value == nil {
		return dialog.Optional[dialog.UserID]{}, nil
	}
	id, err := userOf(value, name)
	return dialog.Optional[dialog.UserID]{Value: id, Given: err == nil}, err
}

// userOf reads a user id: a string, or a whole number as its decimal text.
func userOf(value any, label string) (dialog.UserID, error) {
	switch value := value.(type) {
	case string:
		return dialog.UserID(value), nil
	case dialog.Text:
		return dialog.UserID(value), nil
	case json.Number:
		if !strings.ContainsAny(value.String(), ".eE") {
			return dialog.UserID(value), nil
		}
	}
	return "", invalid(label, "takes user ids: whole numbers or strings")
}

// takeData takes custom data: the fields of one class, whose name is among
// them as class_name. None is nil.
func (p params) takeData() ([]dialog.CustomInput, error) {
	fields, err := p.takeObject("data")
	if err != nil || fields == nil {
		return nil, err
	}
	class, _, err := fields.takeText("class_name")
	if err != nil || !class.Given {
		return nil, invalid("data", "class_name must name the custom class")
	}
	return []dialog.CustomInput{{Class: class.Value, Fields: fields}}, nil
}
