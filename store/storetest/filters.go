package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
)

// A narrowing is one filter with its reason.
type narrowing struct {
	reason string
	filter dialog.Filter
}

// narrowings are filters of each kind, alone.
func narrowings(all []dialog.Dialog) []narrowing {
	mid := all[len(all)/2]
	late := all[0].UpdatedAt
	for _, d := range all {
		if d.UpdatedAt.After(late) {
			late = d.UpdatedAt
		}
	}
	const ms = time.Millisecond
	return []narrowing{
		{"no filter", dialog.Filter{}},
		{"some ids", dialog.Filter{IDs: []dialog.ID{all[9].ID, all[0].ID, all[3].ID, "ffffffffffffffffffffffff", all[1].ID}}},
		{"no id", dialog.Filter{IDs: []dialog.ID{}}},
		{"one type", dialog.Filter{Types: []dialog.Type{dialog.Private}}},
		{"public groups", dialog.Filter{Types: []dialog.Type{dialog.PublicGroup}}},
		{"two types", dialog.Filter{Types: []dialog.Type{dialog.Group, dialog.PublicGroup}}},
		{"a type twice, and one that is none", dialog.Filter{Types: []dialog.Type{dialog.Group, dialog.Group, 7}}},
		{"no type", dialog.Filter{Types: []dialog.Type{}}},
		{"an owner", dialog.Filter{Owner: "u1"}},
		{"an owner of nothing", dialog.Filter{Owner: "U1"}},
		{"an occupant", dialog.Filter{Occupants: []dialog.UserID{"u1"}}},
		{"two occupants", dialog.Filter{Occupants: []dialog.UserID{"u1", "u0"}}},
		{"occupants who share nothing", dialog.Filter{Occupants: []dialog.UserID{"u1", "nobody"}}},
		{"occupants that are none ask for nothing", dialog.Filter{Occupants: []dialog.UserID{}}},
		{"some names", dialog.Filter{Names: []string{mid.Name, all[1].Name, strings.ToUpper(all[1].Name) + "X", "nobody's"}}},
		{"the name of what has none", dialog.Filter{Names: []string{""}}},
		{"no name at all", dialog.Filter{Names: []string{}}},
		{"all but some ids", dialog.Filter{ExceptIDs: []dialog.ID{all[9].ID, all[0].ID, "ffffffffffffffffffffffff"}}},
		{"all but no id", dialog.Filter{ExceptIDs: []dialog.ID{}}},
		{"all but some names", dialog.Filter{ExceptNames: []string{mid.Name, "nobody's"}}},
		{"all that have a name", dialog.Filter{ExceptNames: []string{""}}},
		{"part of a name", dialog.Filter{NameContains: "et"}},
		{"part of a name with an accent", dialog.Filter{NameContains: "\u00e9t"}},
		{"part of no name", dialog.Filter{NameContains: "%"}},
		{"updated after", dialog.Filter{UpdatedAfter: mid.UpdatedAt}},
		{"updated after just before", dialog.Filter{UpdatedAfter: mid.UpdatedAt.Add(-ms)}},
		{"updated before", dialog.Filter{UpdatedBefore: mid.UpdatedAt}},
		{"updated before just after", dialog.Filter{UpdatedBefore: mid.UpdatedAt.Add(ms)}},
		{"updated at one instant", dialog.Filter{UpdatedAfter: mid.UpdatedAt.Add(-ms), UpdatedBefore: mid.UpdatedAt.Add(ms)}},
		{"updated at no instant", dialog.Filter{UpdatedAfter: mid.UpdatedAt, UpdatedBefore: mid.UpdatedAt}},
		{"updated after the last", dialog.Filter{UpdatedAfter: late}},
		{"created after", dialog.Filter{CreatedAfter: mid.CreatedAt}},
		{"created before", dialog.Filter{CreatedBefore: mid.CreatedAt.Add(ms)}},
		{"created between", dialog.Filter{CreatedAfter: all[0].CreatedAt, CreatedBefore: all[len(all)-1].CreatedAt}},
		{"created between the ends of time", dialog.Filter{
			CreatedAfter:  time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
			CreatedBefore: time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
		}},
		{"a field equals", dialog.Filter{Custom: []dialog.FieldChange{{Class: "Task", Field: "count", Value: "7"}}}},
		{"there is no such field", dialog.Filter{Custom: []dialog.FieldChange{{Class: "Task", Field: "count"}}}},
		{"fields that contradict", dialog.Filter{Custom: []dialog.FieldChange{{Class: "Task", Field: "count", Value: "7"}, {Class: "Task", Field: "count"}}}},
	}
}

// both is the filter that asks for what two ask for, when there is one.
func both(a, b dialog.Filter) dialog.Filter {
	if b.IDs != nil {
		a.IDs = b.IDs
	}
	if b.Types != nil {
		a.Types = b.Types
	}
	if b.Names != nil {
		a.Names = b.Names
	}
	a.ExceptIDs = append(a.ExceptIDs[:len(a.ExceptIDs):len(a.ExceptIDs)], b.ExceptIDs...)
	a.ExceptNames = append(a.ExceptNames[:len(a.ExceptNames):len(a.ExceptNames)], b.ExceptNames...)
	a.Owner = max(a.Owner, b.Owner)
	a.Occupants = append(a.Occupants[:len(a.Occupants):len(a.Occupants)], b.Occupants...)
	a.NameContains = max(a.NameContains, b.NameContains)
	for _, t := range []struct{ to, from *time.Time }{
		{&a.UpdatedAfter, &b.UpdatedAfter},
		{&a.UpdatedBefore, &b.UpdatedBefore},
		{&a.CreatedAfter, &b.CreatedAfter},
		{&a.CreatedBefore, &b.CreatedBefore},
	} {
		if !t.from.IsZero() {
			*t.to = *t.from
		}
	}
	a.Custom = append(a.Custom[:len(a.Custom):len(a.Custom)], b.Custom...)
	return a
}

func (e *env) checkFilter(all []dialog.Dialog, q dialog.Query, reason string) {
	e.Helper()
	want := idsOf(expected(all, q))
	e.same(e.query(q), first(want, q.Limit), fmt.Sprintf("%s: %+v", reason, q))
	if n, err := e.store.Count(e.Context(), q); err != nil || n != len(want) {
		e.Errorf("%s: counted %d, %v, want %d: %+v", reason, n, err, len(want), q)
	}
}

// testFilters tries each filter alone, and each with each other.
func testFilters(e *env) {
	e.classes()
	all := e.crowd()
	list := narrowings(all)
	for i, q := range scoped() {
		q.Order, q.Limit = orders()[i%6], 100
		for _, a := range list {
			q.Filter = a.filter
			e.checkFilter(all, q, a.reason)
		}
	}
	queries := scoped()
	for i, a := range list {
		for j, b := range list[:i] {
			q := queries[(i+j)%len(queries)]
			q.Order, q.Limit, q.Filter = orders()[(i*j)%6], 100, both(a.filter, b.filter)
			e.checkFilter(all, q, a.reason+" and "+b.reason)
		}
	}
}

// testFilterPages walks filtered lists by small pages, each filter in other
// scopes and orders.
func testFilterPages(e *env) {
	e.classes()
	all := e.crowd()
	for i, n := range narrowings(all) {
		for j, q := range scoped() {
			if (i+j)%3 > 0 {
				continue
			}
			q.Order, q.Filter, q.Limit, q.FromEnd = orders()[(i/3+j)%6], n.filter, 3, (i+j)%2 == 0
			e.same(e.walk(q, all), idsOf(expected(all, q)), fmt.Sprintf("%s: %+v", n.reason, q))
		}
	}
}

// testCustomFilters filters by values of each type; values that are different
// texts in normal form are different.
func testCustomFilters(e *env) {
	e.classes()
	values := map[string][]any{
		"flag":   {true, false, nil},
		"count":  {0, 1, -1, int64(9007199254740991), int64(9007199254740990), nil},
		"ratio":  {0.0, 0.1, 1.0, 1e21, 1e-7, nil},
		"text":   {"", "x", "X", " x", "x'", `x"`, `\`, `\u0078`, "1", "true", "null", "\u00e9", "e\u0301", "<", "\u2028", "\U0001f600", "\t", "a.b", "$x", nil},
		"due":    {"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.001Z", nil},
		"place":  {[]any{1.5, 2.0}, []any{2.0, 1.5}, nil},
		"counts": {[]any{}, []any{1}, []any{1, 2}, []any{2, 1}, nil},
		"texts":  {[]any{}, []any{""}, []any{"x"}, []any{"x", "y"}, []any{`x","y`}, nil},
		"places": {[]any{}, []any{[]any{1.5, 2.0}}, nil},
	}
	filters := [][]dialog.CustomInput{
		custom("Task", map[string]any{"flag": nil, "text": nil}),
		append(custom("Task", map[string]any{"text": "x"}), custom("Room", map[string]any{"text": nil})...),
		custom("Room", map[string]any{"text": "x"}),
	}
	var all []dialog.Dialog
	for _, field := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[field] {
			input := custom("Task", map[string]any{field: v})
			filters = append(filters, input)
			creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), Custom: input}
			if len(all)%3 == 0 {
				creation.Type = dialog.PublicGroup
			}
			d := e.create(user("u0"), creation)
			d.History = nil
			all = append(all, d)
		}
	}
	for i, input := range filters {
		for _, c := range []dialog.Caller{user("u0"), user("stranger"), server()} {
			request := dialog.ListRequest{
				Scope: dialog.Visible, Order: dialog.Order{Field: dialog.ByCreatedAt}, First: dialog.Some(100),
				Filter: dialog.FilterInput{Custom: input},
			}
			page, err := e.svc.List(e.Context(), c, request)
			if err != nil {
				e.Fatalf("listing: %v", err)
			}
			q := dialog.Query{User: c.User, Scope: request.Scope, Order: request.Order, Filter: dialog.Filter{Custom: e.normal(input)}}
			e.same(page.Dialogs, expected(all, q), fmt.Sprintf("filter %d for %+v: %v", i, c, input))
		}
	}
}

// normal is the input's values in the form that stores keep.
func (e *env) normal(input []dialog.CustomInput) []dialog.FieldChange {
	e.Helper()
	var changes []dialog.FieldChange
	for _, in := range input {
		for name, raw := range in.Fields {
			change := dialog.FieldChange{Class: in.Class, Field: name}
			if raw != nil {
				i := slices.IndexFunc(classFields(), func(f dialog.Field) bool { return f.Name == name })
				value, err := classFields()[i].Normalize(raw)
				if err != nil {
					e.Fatalf("the field %s: %v", name, err)
				}
				change.Value = value
			}
			changes = append(changes, change)
		}
	}
	return changes
}
