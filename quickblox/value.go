package quickblox

import (
	"encoding/json"
	"math"
	"regexp"
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

// takeNumber takes a whole number, which may come as its decimal text. null and
// an empty text are not given.
func (p params) takeNumber(name string) (dialog.Optional[int], error) {
	value, _ := p.take(name)
	if value == nil || p.isEmpty(value, p.label(name)) {
		return dialog.Optional[int]{}, nil
	}
	number, _ := text(value)
	n, ok := whole(number)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		return dialog.Optional[int]{}, invalid(p.label(name), "must be a whole number")
	}
	return dialog.Some(int(n)), nil
}

// whole reads a whole number as encoders write one, some of which know only
// numbers with a point: 7, 7.0 or 7e0.
func whole(number string) (int64, bool) {
	number = strings.TrimSpace(number)
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n, true
	}
	if strings.Trim(number, "0123456789+-.eE") != "" {
		return 0, false // 0x10, Inf
	}
	f, err := strconv.ParseFloat(number, 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= dialog.MaxInteger
}

// isEmpty tells whether a value is an empty text, which asks for nothing where
// there must be more, and notes that it is ignored.
func (f *fate) isEmpty(value any, label string) bool {
	content, ok := text(value)
	empty := ok && content == ""
	if empty {
		f.ignore(label)
	}
	return empty
}

// takeFlag takes 0 or 1, or false or true. null and an empty text are not given.
func (p params) takeFlag(name string) (bool, error) {
	switch value := p.values[name].(type) {
	case bool:
		p.take(name)
		return value, nil
	case string, dialog.Text:
		if word, _ := text(value); word == "true" || word == "false" {
			p.take(name)
			return word == "true", nil
		}
	}
	n, err := p.takeNumber(name)
	if err != nil || n.Value < 0 || n.Value > 1 {
		return false, invalid(p.label(name), "must be 0 or 1")
	}
	return n.Value == 1, nil
}

// takeObject takes the parameters within a parameter. null, an empty text and an
// empty list are none.
func (p params) takeObject(name string) (params, error) {
	value, _ := p.take(name)
	nested := params{within: p.label(name), fate: p.fate}
	if list, isList := value.([]any); value == nil || isList && len(list) == 0 || p.isEmpty(value, p.label(name)) {
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
// into another one, or leave elements empty.
func usersIn(element any, label string) ([]dialog.UserID, error) {
	switch element := element.(type) {
	case nil:
		return nil, nil
	case string:
		if element == "" {
			return nil, nil
		}
	case dialog.Text:
		return splitUsers(string(element)), nil
	case []any:
		return users(element, label)
	}
	id, err := userOf(element, label) // of JSON, where an id may contain a comma
	return []dialog.UserID{id}, err
}

// numbersInBrackets is a list of numbers as several languages print one.
var numbersInBrackets = regexp.MustCompile(`^\s*\[[\d,\s]*\]\s*$`)

func splitUsers(text string) []dialog.UserID {
	if numbersInBrackets.MatchString(text) {
		text = strings.Trim(strings.TrimSpace(text), "[]")
	}
	var ids []dialog.UserID
	for _, id := range splitList(text) {
		if id != "" {
			ids = append(ids, dialog.UserID(id))
		}
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

// takeUser takes one user id. null and an empty text are not given.
func (p params) takeUser(name string) (dialog.Optional[dialog.UserID], error) {
	value, _ := p.take(name)
	if value == nil || p.isEmpty(value, p.label(name)) {
		return dialog.Optional[dialog.UserID]{}, nil
	}
	id, err := userOf(value, p.label(name))
	return dialog.Optional[dialog.UserID]{Value: id, Given: err == nil}, err
}

// userOf reads a user id: a string, or a whole number as its decimal text.
func userOf(value any, label string) (dialog.UserID, error) {
	id, ok := text(value)
	if _, isNumber := value.(json.Number); ok && isNumber && strings.ContainsAny(id, ".eE") {
		var n int64
		n, ok = whole(id)
		id = strconv.FormatInt(n, 10)
	}
	if !ok {
		return "", invalid(label, "must be user ids: whole numbers or strings")
	}
	return dialog.UserID(id), nil
}

// takeData takes custom data: the fields of one class, whose name is among them
// as class_name. Without a class it is ignored.
func (p params) takeData() ([]dialog.CustomInput, error) {
	data, err := p.takeObject("data")
	if err != nil || data.values == nil {
		return nil, err
	}
	given := len(data.values) > 0
	class, _, err := data.takeText("class_name")
	if err != nil || !given {
		return nil, err
	}
	if class.Value == "" {
		p.ignore(p.label("data"))
		return nil, nil
	}
	return []dialog.CustomInput{{Class: class.Value, Fields: data.values}}, nil
}
