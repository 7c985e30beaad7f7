package quickblox

import (
	"maps"
	"math"
	"slices"
	"time"

	"dialogs/dialog"
)

// A field can be filtered by some of the operators that QuickBlox documents:
// field=value, which has none, and field[operator]=value. Other operators, and
// other fields, are ignored.

// takeFilter takes the conditions of a list.
func (p params) takeFilter() (f dialog.FilterInput, err error) {
	for _, take := range []func(*dialog.FilterInput) error{
		p.takeIDFilter, p.takeTypeFilter, p.takePeopleFilters, p.takeNameFilter, p.takeInstantFilters, p.takeMessageFilter,
	} {
		if err := take(&f); err != nil {
			return f, err
		}
	}
	f.Custom, err = p.takeDataFilter()
	return f, err
}

// takeDataFilter takes the fields of one class that must be equal. A class without
// fields, fields without a class and other comparisons are ignored.
func (p params) takeDataFilter() ([]dialog.CustomInput, error) {
	if data, ok := p.values["data"].(map[string]any); ok {
		within := params{within: "data", fate: p.fate}
		for _, field := range slices.Sorted(maps.Keys(data)) {
			if operators, ok := data[field].(map[string]any); ok {
				params{operators, within.label(field), p.fate}.ignoreRest()
				delete(data, field)
			}
		}
	}
	custom, err := p.takeData()
	if err == nil && len(custom) > 0 && len(custom[0].Fields) == 0 {
		p.ignore("data[class_name]")
		return nil, nil
	}
	return custom, err
}

// An operand is what a field is compared with, and how; the operator "" is
// equality.
type operand struct {
	operator string
	value    any
	// label is how the request spells it.
	label string
}

// takeOperands takes what a field is compared with, in the order of the known
// operators.
func (p params) takeOperands(field string, known ...string) []operand {
	value, given := p.take(field)
	if !given {
		return nil
	}
	nested, ok := value.(map[string]any)
	if !ok {
		if slices.Contains(known, "") {
			return []operand{{"", value, field}}
		}
		p.ignore(field)
		return nil
	}
	operators := params{values: maps.Clone(nested), within: field, fate: p.fate}
	var all []operand
	for _, operator := range known {
		if value, given := operators.take(operator); given && operator != "" {
			all = append(all, operand{operator, value, operators.label(operator)})
		}
	}
	operators.ignoreRest()
	return all
}

// texts are the operands of an operator that takes a list.
func (o operand) texts() ([]string, error) {
	values, isList := o.value.([]any)
	if !isList {
		values = []any{o.value}
	}
	list := []string{}
	for _, value := range values {
		text, ok := text(value)
		if !ok {
			return nil, invalid(o.label, "must be values, separated by commas")
		}
		list = append(list, splitList(text)...)
	}
	return list, nil
}

func (p params) takeIDFilter(f *dialog.FilterInput) error {
	for _, o := range p.takeOperands("_id", "", "in", "ne") {
		ids, err := o.texts()
		switch {
		case err != nil:
			return err
		case o.operator == "ne":
			f.ExceptIDs, p.sent["filter.exceptIds"] = ids, o.label
		default:
			f.IDs, p.sent["filter.ids"] = ids, o.label
		}
	}
	return nil
}

func (p params) takeTypeFilter(f *dialog.FilterInput) error {
	for _, o := range p.takeOperands("type", "", "in") {
		list, err := o.texts()
		if err != nil {
			return err
		}
		f.Types, p.sent["filter.types"] = []dialog.Type{}, o.label
		for _, text := range list {
			n, ok := whole(text)
			if !ok || n > math.MaxInt8 {
				n = 0 // not a type
			}
			f.Types = append(f.Types, dialog.Type(n))
		}
	}
	return nil
}

// takePeopleFilters takes occupants and the owner. A list of dialogs with one
// of several users is not available: [in] only works with one user.
func (p params) takePeopleFilters(f *dialog.FilterInput) error {
	for _, o := range p.takeOperands("occupants_ids", "", "all", "in") {
		ids, err := users(o.value, o.label)
		if err != nil {
			return err
		}
		if o.operator == "in" && len(ids) != 1 {
			p.ignore(o.label)
			continue
		}
		f.Occupants, p.sent["filter.occupantIds"] = append(f.Occupants, ids...), o.label
	}
	for _, o := range p.takeOperands("user_id", "", "in") {
		if p.isEmpty(o.value, o.label) {
			continue
		}
		ids, err := users(o.value, o.label)
		if o.operator == "" {
			var id dialog.UserID
			id, err = userOf(o.value, o.label)
			ids = []dialog.UserID{id}
		}
		if err != nil {
			return err
		}
		if len(ids) != 1 {
			p.ignore(o.label)
			continue
		}
		f.Owner, p.sent["filter.ownerId"] = dialog.Some(ids[0]), o.label
	}
	return nil
}

func (p params) takeNameFilter(f *dialog.FilterInput) error {
	for _, o := range p.takeOperands("name", "", "in", "ne", "ctn") {
		if o.operator == "in" {
			names, err := o.texts()
			if err != nil {
				return err
			}
			f.Names, p.sent["filter.names"] = names, o.label
			continue
		}
		name, ok := text(o.value)
		switch {
		case !ok:
			return invalid(o.label, "must be a string")
		case o.operator == "":
			f.Names, p.sent["filter.names"] = []string{name}, o.label
		case o.operator == "ne":
			f.ExceptNames, p.sent["filter.exceptNames"] = []string{name}, o.label
		default:
			f.NameContains, p.sent["filter.nameContains"] = dialog.Some(name), o.label
		}
	}
	return nil
}

// takeInstantFilters compares times as this API shows them, to the second:
// what was created at 9:30:00.5 is shown as of 9:30:00, and is not after it.
func (p params) takeInstantFilters(f *dialog.FilterInput) error {
	for _, field := range []struct {
		name          string
		after, before *dialog.Optional[time.Time]
	}{
		{"created_at", &f.CreatedAfter, &f.CreatedBefore},
		{"updated_at", &f.UpdatedAfter, &f.UpdatedBefore},
	} {
		for _, o := range p.takeOperands(field.name, "", "gt", "gte", "lt", "lte") {
			if p.isEmpty(o.value, o.label) {
				continue
			}
			at, err := bound(o.value, o.label)
			if err != nil {
				return err
			}
			second := at.Truncate(time.Second)
			next := second.Add(time.Second)
			if second.Equal(at) {
				next = at
			}
			switch o.operator { // the domain's bounds are exclusive
			case "":
				narrow(field.after, next.Add(-time.Millisecond), time.Time.After)
				narrow(field.before, second.Add(time.Second), time.Time.Before)
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

// narrow moves a bound if the new one is stricter.
func narrow(bound *dialog.Optional[time.Time], to time.Time, narrower func(time.Time, time.Time) bool) {
	if !bound.Given || narrower(to, bound.Value) {
		*bound = dialog.Some(to)
	}
}

// takeMessageFilter takes comparisons with the last message. No dialog has one,
// so nothing matches.
func (p params) takeMessageFilter(f *dialog.FilterInput) error {
	for _, o := range p.takeOperands("last_message_date_sent", "", "gt", "gte", "lt", "lte", "in", "ne", "nin") {
		if o.operator != "ne" && o.operator != "nin" {
			f.Types = []dialog.Type{} // which matches nothing
		}
	}
	return nil
}
