package quickblox

import (
	"encoding/json"
	"strconv"
	"strings"

	"dialogs/dialog"
)

// text is a parameter that is text, or a number as its decimal text: forms
// don't tell the two apart.
func text(value any) (string, bool) {
	switch value := value.(type) {
	case dialog.Text:
		return string(value), true
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	}
	return "", false
}

// takeText takes a text. null is given and isNull.
func (p params) takeText(name string) (taken dialog.Optional[string], isNull bool, err error) {
	value, given := p.take(name)
	if value == nil {
		return dialog.Optional[string]{}, given, nil
	}
	if taken, ok := text(value); ok {
		return dialog.Some(taken), false, nil
	}
	return dialog.Optional[string]{}, false, invalid(p.label(name), "must be a string")
}

// takeNumber takes a whole number, which may come as its decimal text. null is
// not given.
func (p params) takeNumber(name string) (dialog.Optional[int], error) {
	value, _ := p.take(name)
	if value == nil {
		return dialog.Optional[int]{}, nil
	}
	digits, _ := text(value)
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != digits {
		return dialog.Optional[int]{}, invalid(p.label(name), "must be a whole number")
	}
	return dialog.Some(int(n)), nil
}

// takeFlag takes 0 or 1. null is not given.
func (p params) takeFlag(name string) (bool, error) {
	n, err := p.takeNumber(name)
	if err != nil || n.Value < 0 || n.Value > 1 {
		return false, invalid(p.label(name), "must be 0 or 1")
	}
	return n.Value == 1, nil
}

// takeObject takes the parameters within a parameter. null is none.
func (p params) takeObject(name string) (params, error) {
	value, _ := p.take(name)
	nested := params{within: p.label(name), fate: p.fate}
	if value == nil {
		return nested, nil
	}
	var ok bool
	if nested.values, ok = value.(map[string]any); !ok {
		return nested, invalid(nested.within, "must be an object")
	}
	return nested, nil
}

// takeUsers takes a list of user ids: a list, one id, or ids separated by
// commas. null is none.
func (p params) takeUsers(name string) ([]dialog.UserID, error) {
	value, _ := p.take(name)
	if err := p.checkLists(value, p.label(name)); err != nil {
		return nil, err
	}
	return users(value, p.label(name))
}

func users(value any, label string) ([]dialog.UserID, error) {
	var ids []dialog.UserID
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []any:
		for _, element := range value {
			more, err := usersIn(element, label)
			if err != nil {
				return nil, err
			}
			ids = append(ids, more...)
		}
		return ids, nil
	case string:
		return splitUsers(value), nil
	}
	return usersIn(value, label)
}

// usersIn are the ids in one element of a list. Some libraries put the list
// into another one.
func usersIn(element any, label string) ([]dialog.UserID, error) {
	switch element := element.(type) {
	case dialog.Text:
		return splitUsers(string(element)), nil
	case []any:
		return users(element, label)
	}
	id, err := userOf(element, label) // of JSON, where an id may contain a comma
	return []dialog.UserID{id}, err
}

func splitUsers(text string) []dialog.UserID {
	var ids []dialog.UserID
	for _, id := range splitList(text) {
		ids = append(ids, dialog.UserID(id))
	}
	return ids
}

// splitList splits a list at its commas. An empty text is an empty list.
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
	id, err := userOf(value, p.label(name))
	return dialog.Optional[dialog.UserID]{Value: id, Given: err == nil}, err
}

// userOf reads a user id: a string, or a whole number as its decimal text.
func userOf(value any, label string) (dialog.UserID, error) {
	id, ok := text(value)
	if _, isNumber := value.(json.Number); !ok || isNumber && strings.ContainsAny(id, ".eE") {
		return "", invalid(label, "must be user ids: whole numbers or strings")
	}
	return dialog.UserID(id), nil
}

// takeData takes custom data: the fields of one class, whose name is among
// them as class_name. Without a class it has no meaning, and is ignored.
func (p params) takeData() ([]dialog.CustomInput, error) {
	data, err := p.takeObject("data")
	if err != nil || data.values == nil {
		return nil, err
	}
	if len(data.values) > 0 && data.values["class_name"] == nil {
		p.ignore(p.label("data"))
		return nil, nil
	}
	class, _, err := data.takeText("class_name")
	if err != nil || !class.Given {
		return nil, err
	}
	return []dialog.CustomInput{{Class: class.Value, Fields: data.values}}, nil
}
