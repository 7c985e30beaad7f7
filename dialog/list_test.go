package dialog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// A queryCatcher is a store that shows what list the service asks it for.
type queryCatcher struct {
	dialog.Store
	query dialog.Query
}

func (s *queryCatcher) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	s.query = q
	return s.Store.Dialogs(ctx, q)
}

// TestInstantsOfAFilter: an instant between two milliseconds leaves out what
// it would if dialogs were kept in nanoseconds.
func TestInstantsOfAFilter(t *testing.T) {
	const ms = time.Millisecond
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for _, tt := range []struct {
		reason        string
		given         time.Time
		after, before time.Time
	}{
		{"a whole millisecond is itself", noon().Add(7 * ms), noon().Add(7 * ms), noon().Add(7 * ms)},
		{"later than 7 ms, earlier than 8 ms", noon().Add(7*ms + 1), noon().Add(7 * ms), noon().Add(8 * ms)},
		{"just before a millisecond", noon().Add(8*ms - 1), noon().Add(7 * ms), noon().Add(8 * ms)},
		{"another zone is the same instant", noon().In(time.FixedZone("", 3600)), noon(), noon()},
		{"before 1970 floors and ceilings stay what they are", time.Unix(-10, 1), time.Unix(-10, 0), time.Unix(-10, int64(ms))},
		{"before the first millisecond of the year 1, which as a bound would mean none", time.Time{}, time.Time{}, time.Time{}.Add(ms)},
		{"the last instant there is rounds up to the year 10000", last, last.Truncate(ms), last.Truncate(ms).Add(ms)},
	} {
		store := &queryCatcher{Store: newStore(t)}
		given := dialog.Some(tt.given)
		_, err := newService(store, dialog.DefaultLimits()).List(t.Context(), user(ann), dialog.ListRequest{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt},
			Filter: dialog.FilterInput{UpdatedAfter: given, UpdatedBefore: given, CreatedAfter: given, CreatedBefore: given},
		})
		if err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		f := store.query.Filter
		wantEqual(t, tt.reason, []time.Time{f.UpdatedAfter, f.CreatedAfter, f.UpdatedBefore, f.CreatedBefore},
			[]time.Time{tt.after.UTC(), tt.after.UTC(), tt.before.UTC(), tt.before.UTC()})
	}
}

// TestTypesOfAFilter: a list of types costs what it says, not how long it is.
func TestTypesOfAFilter(t *testing.T) {
	many := make([]dialog.Type, 10_000)
	for i := range many {
		many[i] = dialog.Type(i%3 + 1)
	}
	for _, tt := range []struct {
		reason      string
		given, want []dialog.Type
		bad         bool
	}{
		{reason: "no list asks for every type"},
		{reason: "an empty list matches nothing", given: []dialog.Type{}, want: []dialog.Type{}},
		{reason: "a type twice counts once", given: []dialog.Type{dialog.Group, dialog.Group}, want: []dialog.Type{dialog.Group}},
		{reason: "no store gets 10,000 parameters", given: many, want: []dialog.Type{1, 2, 3}},
		{reason: "there is no type 0", given: []dialog.Type{0}, bad: true},
		{reason: "there is no type 4", given: []dialog.Type{4}, bad: true},
	} {
		store := &queryCatcher{Store: newStore(t)}
		_, err := newService(store, dialog.DefaultLimits()).List(t.Context(), user(ann), dialog.ListRequest{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Filter: dialog.FilterInput{Types: tt.given},
		})
		if tt.bad {
			wantError(t, err, dialog.Invalid, "filter.types")
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		wantEqual(t, tt.reason, store.query.Filter.Types, tt.want)
	}
}

// manyFields asks for n of the fields that [fields] makes to be absent.
func manyFields(n int) map[string]any {
	values := map[string]any{}
	for _, f := range fields(n) {
		values[f.Name] = nil
	}
	return values
}

// allOfCard asks for every field of [dialogtest.Class] to be absent.
func allOfCard() map[string]any {
	values := map[string]any{}
	for _, f := range dialogtest.Class().Fields {
		values[f.Name] = nil
	}
	return values
}

func TestShapeOfAFilter(t *testing.T) {
	manyIDs := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("%024x", i)
		}
		return list
	}
	name, owner := dialog.Some[string], dialog.Some[dialog.UserID]
	for _, tt := range []struct {
		reason string
		filter dialog.FilterInput
		field  string // empty when it is right
	}{
		{"nothing", dialog.FilterInput{}, ""},
		{"an id that is none", dialog.FilterInput{IDs: []string{"5"}}, "filter.ids"},
		{"100 ids", dialog.FilterInput{IDs: manyIDs(100)}, ""},
		{"100 ids, each of them twice", dialog.FilterInput{IDs: append(manyIDs(100), manyIDs(100)...)}, ""},
		{"101 ids", dialog.FilterInput{IDs: manyIDs(101)}, "filter.ids"},
		{"an empty owner", dialog.FilterInput{Owner: owner("")}, "filter.ownerId"},
		{"NUL in an owner", dialog.FilterInput{Owner: owner("a\x00")}, "filter.ownerId"},
		{"an empty occupant", dialog.FilterInput{Occupants: ids("")}, "filter.occupantIds"},
		{"100 occupants", dialog.FilterInput{Occupants: many(100)}, ""},
		{"10,000 occupants", dialog.FilterInput{Occupants: many(10_000)}, "filter.occupantIds"},
		{"a name that no dialog has, and none", dialog.FilterInput{Names: []string{"a\nb", ""}, ExceptNames: []string{""}}, ""},
		{"100 names, each of them twice", dialog.FilterInput{Names: append(manyIDs(100), manyIDs(100)...)}, ""},
		{"101 names", dialog.FilterInput{Names: manyIDs(101)}, "filter.names"},
		{"NUL in one of several names", dialog.FilterInput{Names: []string{"a", "a\x00"}}, "filter.names"},
		{"more characters than one of several names has", dialog.FilterInput{Names: []string{strings.Repeat("x", 201)}}, "filter.names"},
		{"101 names to leave out", dialog.FilterInput{ExceptNames: manyIDs(101)}, "filter.exceptNames"},
		{"broken UTF-8 in a name to leave out", dialog.FilterInput{ExceptNames: []string{"a\xff"}}, "filter.exceptNames"},
		{"an id to leave out that is none", dialog.FilterInput{ExceptIDs: []string{"5"}}, "filter.exceptIds"},
		{"101 ids to leave out", dialog.FilterInput{ExceptIDs: manyIDs(101)}, "filter.exceptIds"},
		{"no characters in a name ask for nothing", dialog.FilterInput{NameContains: name("")}, ""},
		{"more characters than a name has", dialog.FilterInput{NameContains: name(strings.Repeat("x", 201))}, "filter.nameContains"},
		{"NUL in a name", dialog.FilterInput{NameContains: name("a\x00")}, "filter.nameContains"},
		{"broken UTF-8 in a name", dialog.FilterInput{NameContains: name("a\xff")}, "filter.nameContains"},
		{"an unknown class", dialog.FilterInput{Custom: custom("Nothing", nil)}, "filter.customData"},
		{"an unknown field", dialog.FilterInput{Custom: custom("Card", map[string]any{"nothing": "x"})}, "filter.customData"},
		{"a value of another type", dialog.FilterInput{Custom: custom("Card", map[string]any{"note": 5})}, "filter.customData"},
		{"no such field", dialog.FilterInput{Custom: custom("Card", map[string]any{"note": nil})}, ""},
		{"100 custom fields of two classes", dialog.FilterInput{Custom: append(custom("Full", manyFields(93)), custom("Card", allOfCard())...)}, ""},
		{"101 custom fields of two classes", dialog.FilterInput{Custom: append(custom("Full", manyFields(94)), custom("Card", allOfCard())...)}, "filter.customData"},
	} {
		service := newService(newStore(t, dialog.Class{Name: "Full", Revision: 1, Fields: fields(100)}), dialog.DefaultLimits())
		_, err := service.List(t.Context(), user(ann), dialog.ListRequest{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Filter: tt.filter,
		})
		if tt.field != "" {
			wantError(t, err, dialog.Invalid, tt.field)
		} else if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
	}
	_, err := newService(newStore(t), dialog.DefaultLimits()).List(t.Context(), dialog.Caller{}, dialog.ListRequest{})
	wantError(t, err, dialog.Unauthenticated, "")
}
