package quickblox

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"dialogs/dialog"
)

// A field can be filtered by some of the operators that QuickBlox documents:
// field=value, which has none, and field[operator]=value.

// takeFilter takes what narrows a list.
func (p params) takeFilter() (f dialog.FilterInput, err error) {
	for _, take := range []func(*dialog.FilterInput) error{
		p.takeIDFilter, p.takeTypeFilter, p.takePeopleFilter, p.takeNameFilter, p.takeInstantFilters, p.takeMessageFilter,
	} {
		if err := take(&f); err != nil {
			return f, err
		}
	}
	f.Custom, err = p.takeData()
	if err == nil && len(f.Custom) > 0 && len(f.Custom[0].Fields) == 0 {
		err = invalid("data", "must name a field beside class_name, as in data[category]=friends")
	}
	return f, err
}

// An operand is what a field is compared with, and how; the operator "" is
// equality.
type operand struct {
	operator string
	value    any
}

// label is how an error names the operand of a field.
func (o operand) label(field string) string {
	if o.operator == "" {
		return field
	}
	return field + "[" + o.operator + "]"
}

// takeOperands takes what a field is compared with, in the order of the known
// operators, and refuses others.
func (p params) takeOperands(field string, known ...string) ([]operand, error) {
	value, given := p.take(field)
	if !given {
		return nil, nil
	}
	nested, ok := value.(map[string]any)
	if !ok {
		nested = map[string]any{"": value}
	}
	var all []operand
	for _, operator := range known {
		if value, given := params(nested).take(operator); given {
			all = append(all, operand{operator, value})
		}
	}
	if _, plain := nested[""]; plain {
		return nil, invalid(field, "is filtered by "+field+"["+strings.Join(known, "], "+field+"[")+"] alone")
	}
	return all, params(nested).rest(field)
}

// text is an operand, which is text in a query and may be a number in a body.
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

// texts are the operands of an operator that takes a list.
func texts(value any, label string) ([]string, error) {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	list := []string{}
	for _, value := range values {
		text, ok := text(value)
		if !ok {
			return nil, invalid(label, "takes values with commas between them")
		}
		list = append(list, splitList(text)...)
	}
	return list, nil
}

func (p params) takeIDFilter(f *dialog.FilterInput) error {
	given, err := p.takeOperands("_id", "", "in", "ne")
	if err != nil {
		return err
	}
	for _, o := range given {
		ids, err := texts(o.value, o.label("_id"))
		switch {
		case err != nil:
			return err
		case o.operator == "ne":
			f.ExceptIDs = ids
		case f.IDs != nil:
			return errTwice("_id")
		default:
			f.IDs = ids
		}
	}
	return nil
}

func errTwice(field string) error {
	return invalid(field, "is given as one value and as several")
}

func (p params) takeTypeFilter(f *dialog.FilterInput) error {
	given, err := p.takeOperands("type", "", "in")
	if err != nil {
		return err
	}
	if len(given) > 1 {
		return errTwice("type")
	}
	for _, o := range given {
		list, err := texts(o.value, o.label("type"))
		if err != nil {
			return err
		}
		f.Types = []dialog.Type{}
		for _, text := range list {
			n, err := strconv.Atoi(text)
			if err != nil {
				n = 0 // which is no type
			}
			f.Types = append(f.Types, dialog.Type(n))
		}
	}
	return nil
}

func (p params) takePeopleFilter(f *dialog.FilterInput) error {
	given, err := p.takeOperands("occupants_ids", "", "all")
	if err != nil {
		return err
	}
	for _, o := range given {
		ids, err := users(o.value, o.label("occupants_ids"))
		if err != nil {
			return err
		}
		f.Occupants = append(f.Occupants, ids...)
	}
	f.Owner, err = p.takeUser("user_id")
	return err
}

func (p params) takeNameFilter(f *dialog.FilterInput) error {
	given, err := p.takeOperands("name", "", "in", "ne", "ctn")
	if err != nil {
		return err
	}
	for _, o := range given {
		if o.operator == "in" {
			if f.Names != nil {
				return errTwice("name")
			}
			if f.Names, err = texts(o.value, o.label("name")); err != nil {
				return err
			}
			continue
		}
		name, ok := text(o.value)
		switch {
		case !ok:
			return invalid(o.label("name"), "takes a text")
		case o.operator == "":
			f.Names = []string{name}
		case o.operator == "ne":
			f.ExceptNames = []string{name}
		default:
			f.NameContains = dialog.Some(name)
		}
	}
	return nil
}

// takeInstantFilters compares instants as this door shows them, to the second:
// what was created at 9:30:00.5 is shown as of 9:30:00, and is not after it.
func (p params) takeInstantFilters(f *dialog.FilterInput) error {
	for _, field := range []struct {
		name          string
		after, before *dialog.Optional[time.Time]
	}{
		{"created_at", &f.CreatedAfter, &f.CreatedBefore},
		{"updated_at", &f.UpdatedAfter, &f.UpdatedBefore},
	} {
		given, err := p.takeOperands(field.name, "gt", "gte", "lt", "lte")
		if err != nil {
			return err
		}
		for _, o := range given {
			at, err := instant(o.value, o.label(field.name))
			if err != nil {
				return err
			}
			second := at.Truncate(time.Second)
			next := second.Add(time.Second)
			if second.Equal(at) {
				next = at
			}
			switch o.operator { // the domain's bounds leave the instant itself out
			case "gt":
				narrow(field.after, second.Add(time.Second-time.Millisecond), time.Time.After)
			case "gte":
				narrow(field.after, next.Add(-time.Millisecond), time.Time.After)
			case "lt":
				narrow(field.before, next, time.Time.Before)
			case "lte":
				narrow(field.before, second.Add(time.Second), time.Time.Before)
			}
		}
	}
	return nil
}

// narrow moves a bound when that leaves out more.
func narrow(bound *dialog.Optional[time.Time], to time.Time, narrower func(time.Time, time.Time) bool) {
	if !bound.Given || narrower(to, bound.Value) {
		*bound = dialog.Some(to)
	}
}

// instant reads seconds since 1970, or RFC 3339.
func instant(value any, label string) (time.Time, error) {
	wrong := invalid(label, "takes seconds since 1970, or an RFC 3339 instant such as 2026-01-31T09:30:00Z")
	text, ok := text(value)
	if !ok {
		return time.Time{}, wrong
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds < 0 || seconds > math.MaxUint32 {
			return time.Time{}, wrong
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	at, err := dialog.ParseTime(text)
	if err != nil {
		return time.Time{}, wrong
	}
	return at, nil
}

// takeMessageFilter takes comparisons with the last message. There is none
// here: no dialog has one that is equal, earlier or later.
func (p params) takeMessageFilter(f *dialog.FilterInput) error {
	given, err := p.takeOperands("last_message_date_sent", "", "gt", "gte", "lt", "lte", "in", "ne", "nin")
	if err != nil {
		return err
	}
	for _, o := range given {
		if o.operator != "ne" && o.operator != "nin" {
			f.Types = []dialog.Type{} // which none is of
		}
	}
	return nil
}
