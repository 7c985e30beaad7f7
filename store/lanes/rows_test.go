package lanes_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/lanes"
	"dialogs/store/memory"
	"dialogs/store/sqlite"
)

// withPublic returns a store with n public groups, named 0 to n-1, and two groups of the
// user.
func withPublic(t *testing.T, n, limit int) dialog.Store {
	t.Helper()
	return limited(t, memory.NewStore(), n, limit)
}

func limited(t *testing.T, s dialog.Store, n, limit int) dialog.Store {
	t.Helper()
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var all []dialog.Dialog
	for i := range n + 2 {
		d := dialog.Dialog{
			ID: dialog.ID(fmt.Sprintf("%024x", i+1)), Type: dialog.PublicGroup, Name: fmt.Sprintf("name %d.", i), Owner: "o",
			CreatedAt: at.Add(time.Duration(i) * time.Second), UpdatedAt: at.Add(time.Duration(i) * time.Second), Version: 1,
		}
		if i >= n {
			d.Type, d.Owner, d.Occupants = dialog.Group, "user", []dialog.UserID{"user"}
		}
		all = append(all, d)
	}
	if err := s.Restore(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return lanes.New(s, lanes.Options{Lanes: 1, Waiting: 10, Rows: limit})
}

func TestRows(t *testing.T) {
	const public = 50
	for _, c := range []struct {
		reason string
		limit  int
		query  dialog.Query
		page   int // -1 if it is refused
		count  int
	}{
		{"as many as may be read", public, dialog.Query{Scope: dialog.Public, Limit: 20}, 20, public},
		{"one more than may be read", public - 1, dialog.Query{Scope: dialog.Public, Limit: 20}, 20, -1},
		{"the user's own and the public ones", public + 2, dialog.Query{User: "user", Scope: dialog.Visible, Limit: 20}, 20, public + 2},
		{"one more with the user's own", public + 1, dialog.Query{User: "user", Scope: dialog.Visible, Limit: 20}, 20, -1},
		{"own dialogs are not all dialogs", 10, dialog.Query{User: "user", Scope: dialog.Mine, Limit: 5}, 2, 2},
		{"all dialogs, as a server", public + 1, dialog.Query{Scope: dialog.Mine, Limit: 20}, 20, -1},
		{"a page that skips to the limit", 30, dialog.Query{Scope: dialog.Public, Skip: 10, Limit: 20}, 20, -1},
		{"a page that skips beyond it", 30, dialog.Query{Scope: dialog.Public, Skip: 11, Limit: 20}, -1, -1},
		{"ids", 1, dialog.Query{Scope: dialog.Public, Limit: 1, Filter: dialog.Filter{IDs: []dialog.ID{"000000000000000000000001"}}}, 1, 1},
		{"a filter within the limit", public, dialog.Query{Scope: dialog.Public, Limit: 2, Filter: dialog.Filter{NameContains: "name 49."}}, 1, 1},
		{"enough matches within the limit", 20, dialog.Query{Scope: dialog.Public, Limit: 2, Filter: dialog.Filter{NameContains: "name 1"}}, 2, -1},
		{"too few matches within the limit", 20, dialog.Query{Scope: dialog.Public, Limit: 2, Filter: dialog.Filter{NameContains: "name 49."}}, -1, -1},
		{"a match in the last row that may be read", 20, dialog.Query{Scope: dialog.Public, Limit: 1, Filter: dialog.Filter{NameContains: "name 19."}}, 1, -1},
		{"a match in the next row", 20, dialog.Query{Scope: dialog.Public, Limit: 1, Filter: dialog.Filter{NameContains: "name 20."}}, -1, -1},
		{
			"from the end of the list", 20,
			dialog.Query{Scope: dialog.Public, Limit: 2, FromEnd: true, Filter: dialog.Filter{NameContains: "name 4"}},
			2, -1,
		},
		{
			"a filter by the time of the order is a range", 20,
			dialog.Query{Scope: dialog.Public, Limit: 20, Filter: dialog.Filter{UpdatedAfter: time.Date(2026, 1, 31, 12, 0, 29, 0, time.UTC)}},
			20, -1,
		},
	} {
		t.Run(c.reason, func(t *testing.T) {
			s := withPublic(t, public, c.limit)
			c.query.Order = dialog.Order{Field: dialog.ByUpdatedAt}
			page, err := s.Dialogs(t.Context(), c.query)
			if dialog.IsTooManyRows(err) != (c.page < 0) || c.page >= 0 && len(page) != c.page {
				t.Errorf("a page of %d dialogs, %v, want %d", len(page), err, c.page)
			}
			n, err := s.Count(t.Context(), c.query)
			if dialog.IsTooManyRows(err) != (c.count < 0) || c.count >= 0 && n != c.count {
				t.Errorf("counted %d, %v, want %d", n, err, c.count)
			}
		})
	}
}

// TestRowsOfAnOperation: all lists of one operation share its limit of rows.
func TestRowsOfAnOperation(t *testing.T) {
	s := withPublic(t, 50, 120)
	q := dialog.Query{Scope: dialog.Public, Order: dialog.Order{Field: dialog.ByName}, Limit: 1}
	for range 3 { // separate operations do not share a limit
		if _, err := s.Count(t.Context(), q); err != nil {
			t.Error(err)
		}
	}
	operation := dialog.WithRows(t.Context(), 120)
	for i := range 4 {
		if _, err := s.Count(operation, q); dialog.IsTooManyRows(err) != (i >= 2) {
			t.Errorf("count %d of one operation: %v", i, err)
		}
	}
	if _, err := s.Dialogs(context.WithoutCancel(operation), q); err != nil {
		t.Errorf("a small page of the operation: %v", err)
	}
}

// TestRowsOfFewMatches: a store that finds dialogs by a part of their name only reads
// those, however many others there are.
func TestRowsOfFewMatches(t *testing.T) {
	engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	s := limited(t, engine, 50, 20)
	if err := engine.IndexNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]int{"name 49.": 1, "e 1": 11, "name ": -1} {
		q := dialog.Query{Scope: dialog.Public, Limit: 15, Filter: dialog.Filter{NameContains: part}, Order: dialog.Order{Field: dialog.ByUpdatedAt}}
		n, err := s.Count(t.Context(), q)
		if dialog.IsTooManyRows(err) != (want < 0) || want >= 0 && n != want {
			t.Errorf("%q: counted %d, %v, want %d", part, n, err, want)
		}
		if page, err := s.Dialogs(t.Context(), q); err != nil || len(page) != min(15, max(want, 0)) && want >= 0 {
			t.Errorf("%q: a page of %d dialogs, %v, want %d", part, len(page), err, want)
		}
	}
}
