package mongo_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"dialogs/dialog"
	"dialogs/store/mongo"
)

// A condition of a page names the sort field only once, however the list is bounded: some
// MongoDB-compatible servers lose dialogs with equal keys if it is named twice. The
// contract of all stores tests that pages are correct.
func TestSortFieldIsBoundedOnce(t *testing.T) {
	t.Parallel()
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	position := func(ms int64) *dialog.Position {
		return &dialog.Position{Key: dialog.SortKey{Time: at(ms)}, ID: "0123456789abcdef01234567"}
	}
	bounds := []time.Time{{}, at(10), at(20), at(30)}
	positions := []*dialog.Position{nil, position(10), position(20), position(30)}
	for field, name := range map[dialog.OrderField]string{dialog.ByUpdatedAt: "updated_at", dialog.ByCreatedAt: "created_at"} {
		for i := range len(bounds) * len(bounds) * len(positions) * len(positions) {
			after, before := bounds[i%4], bounds[i/4%4]
			q := dialog.Query{
				User: "u", Scope: dialog.Visible, Order: dialog.Order{Field: field, Descending: i%3 == 0},
				After: positions[i/16%4], Before: positions[i/64%4],
				Filter: dialog.Filter{UpdatedAfter: after, UpdatedBefore: before},
			}
			if field == dialog.ByCreatedAt {
				q.Filter = dialog.Filter{CreatedAfter: after, CreatedBefore: before}
			}
			stretches, err := mongo.Stretches(q)
			if err != nil {
				t.Fatal(err)
			}
			for _, stretch := range stretches {
				if n := timesNamed(t, stretch, name); n > 1 {
					t.Errorf("%+v: the stretch %v bounds %s %d times", q, stretch, name, n)
				}
			}
		}
	}
}

// Each condition of a page of a user's own dialogs is one range of an index that has the
// order of the list. So a page reads its own keys and one more, no matter whether the user
// has 50 dialogs or 10,000, and how old they are.
func TestOwnPagesAreRanges(t *testing.T) {
	t.Parallel()
	at := func(ms int64) *dialog.Position {
		return &dialog.Position{Key: dialog.SortKey{Time: time.UnixMilli(ms).UTC(), Name: "name"}, ID: "0123456789abcdef01234567"}
	}
	for field, name := range map[dialog.OrderField]string{
		dialog.ByUpdatedAt: "updated_at", dialog.ByCreatedAt: "created_at", dialog.ByName: "name_folded",
	} {
		index := []string{"listed_for", name, "_id"}
		if !slices.ContainsFunc(mongo.DialogIndexes(), func(fields []string) bool { return slices.Equal(fields, index) }) {
			t.Errorf("no index has the fields %v", index)
		}
		for _, after := range []*dialog.Position{nil, at(10)} {
			for _, before := range []*dialog.Position{nil, at(20)} {
				for _, q := range []dialog.Query{
					{User: "u", Scope: dialog.Mine}, {User: "u", Scope: dialog.Mine, FromEnd: true}, {User: "u", Scope: dialog.Visible}, {Scope: dialog.Mine},
				} {
					q.After, q.Before, q.Limit, q.Order = after, before, 21, dialog.Order{Field: field}
					stretches, err := mongo.Stretches(q)
					if err != nil {
						t.Fatal(err)
					}
					for _, stretch := range stretches {
						fields := map[string]string{}
						conditionsIn(stretch, fields)
						bounded := fields["listed_for"] == "equal" && (fields["_id"] == "" || fields[name] == "equal")
						for _, other := range slices.Sorted(maps.Keys(fields)) {
							bounded = bounded && slices.Contains(index, other)
						}
						if !bounded {
							t.Errorf("%+v: %v is not a range of %v", q, stretch, index)
						}
					}
				}
			}
		}
	}
}

// A list of all dialogs of an occupant or owner is a part of that user's own list, which is
// short, not of the list of everybody.
func TestListsOfPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		q    dialog.Query
		want string
	}{
		{dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{Owner: "o"}}, "[o]"},
		{dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{Occupants: []dialog.UserID{"p", "r"}}}, "[p]"},
		{dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{Owner: "o", Occupants: []dialog.UserID{"p"}}}, "[o]"},
		{dialog.Query{Scope: dialog.Public, Filter: dialog.Filter{Owner: "o"}}, "[o]"},
		{dialog.Query{User: "u", Scope: dialog.Public, Filter: dialog.Filter{Owner: "o"}}, "[o]"},
		{dialog.Query{User: "u", Scope: dialog.Mine, Filter: dialog.Filter{Owner: "o"}}, "[u]"},
		{dialog.Query{User: "u", Scope: dialog.Visible, Filter: dialog.Filter{Owner: "o"}}, "[u 1]"},
		{dialog.Query{Scope: dialog.Mine}, "[0]"},
	} {
		stretches, err := mongo.Stretches(tt.q)
		if err != nil {
			t.Fatal(err)
		}
		var lists []any
		for _, stretch := range stretches {
			lists = append(lists, valuesOf(stretch, "listed_for")...)
		}
		if got := fmt.Sprint(lists); got != tt.want {
			t.Errorf("%+v: reads the lists of %s, want %s", tt.q, got, tt.want)
		}
	}
}

// valuesOf are the values that a condition compares a field with.
func valuesOf(condition any, field string) (values []any) {
	switch c := condition.(type) {
	case bson.A:
		for _, one := range c {
			values = append(values, valuesOf(one, field)...)
		}
	case bson.D:
		for _, e := range c {
			if e.Key == field {
				values = append(values, e.Value)
			}
			values = append(values, valuesOf(e.Value, field)...)
		}
	}
	return values
}

// conditionsIn collects each field that a condition names, and whether it is compared with
// a value or with bounds.
func conditionsIn(condition any, fields map[string]string) {
	switch c := condition.(type) {
	case bson.A:
		for _, one := range c {
			conditionsIn(one, fields)
		}
	case bson.D:
		for _, e := range c {
			if e.Key == "$and" {
				conditionsIn(e.Value, fields)
				continue
			}
			fields[e.Key] = "equal"
			if bounds, ok := e.Value.(bson.D); ok && len(bounds) > 0 && strings.HasPrefix(bounds[0].Key, "$") {
				fields[e.Key] = "bounds"
			}
		}
	}
}

// timesNamed counts the conditions on a field, at any depth.
func timesNamed(t *testing.T, condition any, field string) int {
	t.Helper()
	n := 0
	switch c := condition.(type) {
	case bson.A:
		for _, one := range c {
			n += timesNamed(t, one, field)
		}
	case bson.D:
		for _, e := range c {
			if e.Key == field {
				n++
			}
			n += timesNamed(t, e.Value, field)
		}
	}
	return n
}
