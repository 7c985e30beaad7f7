package sqlite_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/store/sqlite"
)

// TestWays: every way to a whole list finds the same dialogs, in the same order.
func TestWays(t *testing.T) {
	s := opened(t)
	all := various(t, s)
	for _, r := range []struct {
		reason          string
		few, near, many int
	}{
		{"all matches", 1000, 1000, 1000},
		{"all matches, the rest of the filter for the first seven at first", 1000, 7, 1000},
		{"a walk of three, then in order", 0, 3, 0},
		{"a walk of one, then all matches", 0, 1, 1000},
		{"few matches, or a walk of 20", 10, 20, 15},
	} {
		s.SetReach(r.few, r.near, r.many)
		if err := s.IndexNames(t.Context()); err != nil { // the first time round, names are not indexed
			t.Fatal(err)
		}
		for n, f := range pairs(all) {
			q := dialog.Query{Scope: []dialog.Scope{dialog.Mine, dialog.Public, dialog.Visible}[n%3], Filter: f, Limit: 5}
			q.Order = dialog.Order{Field: []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt, dialog.ByName}[n/3%3], Descending: n%2 == 0}
			q.FromEnd = n%5 == 0
			q.User = []dialog.UserID{"", "o"}[n/2%2]
			list := memory.List(slices.Values(all), q)
			if len(list) > 3 && n%4 == 0 {
				q.After = &dialog.Position{Key: q.Order.Key(&list[1]), ID: list[1].ID}
			}
			got, err := s.Dialogs(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].History = nil
			}
			if diff := cmp.Diff(memory.Page(list, q), got); diff != "" {
				t.Fatalf("%s: %+v: %s", r.reason, q, diff)
			}
			if n, err := s.Count(t.Context(), q); err != nil || n != len(list) {
				t.Fatalf("%s: counted %d of %d, %v: %+v", r.reason, n, len(list), err, q)
			}
		}
	}
}

// TestWalkBegins: a walk with a bound of its order begins there. The oldest dialogs are found
// without a look at all newer ones.
func TestWalkBegins(t *testing.T) {
	s := opened(t)
	groups(t, s, 100, "o")
	s.SetReach(0, 20, 0)
	first, last := times(t, s)
	for reason, f := range map[string]dialog.Filter{
		"updated before":               {UpdatedBefore: first.Add(time.Second)},
		"updated after":                {UpdatedAfter: last.Add(-time.Second)},
		"created before":               {CreatedBefore: first.Add(time.Second)},
		"created after":                {CreatedAfter: last.Add(-time.Second)},
		"created before, updated, too": {CreatedBefore: last, UpdatedBefore: first.Add(time.Second)},
	} {
		f.NameContains = "name"
		for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt} {
			if field == dialog.ByUpdatedAt && !f.CreatedBefore.IsZero() && f.UpdatedBefore.IsZero() || field == dialog.ByCreatedAt && !f.UpdatedAfter.IsZero() {
				continue // does not bound the order
			}
			for _, descending := range []bool{true, false} {
				q := dialog.Query{Scope: dialog.Mine, Filter: f, Order: dialog.Order{Field: field, Descending: descending}, Limit: 21}
				if near, err := s.IsNear(t.Context(), q); !near || err != nil {
					t.Errorf("%s, %+v: looks beyond 20 dialogs, %v", reason, q.Order, err)
				}
			}
		}
	}
}

// TestPartsOfNames: parts of names are chosen if they have a quarter of the matches of
// another way, or fewer matches if that has many: an operation would be charged for rows
// that need not be read.
func TestPartsOfNames(t *testing.T) {
	s := opened(t)
	groups(t, s, 100, "o")
	if err := s.IndexNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, _ := times(t, s)
	q := dialog.Query{
		Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: 5,
		Filter: dialog.Filter{NameContains: "name 1", CreatedBefore: first.Add(30 * time.Second)},
	}
	for some, want := range map[int]int{20: 11, 30: 30} {
		s.SetReach(some, 1, 100)
		if rows, known, err := s.RowsToRead(t.Context(), q); rows != want || !known || err != nil {
			t.Errorf("up to %d are some: reads %d rows, %t, want %d: %v", some, rows, known, want, err)
		}
	}
}

// times are when the first and the last of all dialogs were created.
func times(t *testing.T, s *sqlite.Store) (first, last time.Time) {
	t.Helper()
	list, err := s.Dialogs(t.Context(), dialog.Query{Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByCreatedAt}, Limit: 1000})
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list[0].CreatedAt, list[len(list)-1].CreatedAt
}

// various stores dialogs of all types that are alike in parts.
func various(t *testing.T, s *sqlite.Store) (all []dialog.Dialog) {
	t.Helper()
	names := []string{"lunch", "Lunch at 12", "team", "Team lunch", "ab", "é", "x"}
	for n := range 60 {
		at := time.Date(2026, 1, 31, 12, 0, n/3, 0, time.UTC)
		d := dialog.Dialog{
			ID: benchID(n * 7919 % 60), Type: []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private}[n%3], Name: names[n%len(names)],
			Owner: "o", CreatedAt: at, UpdatedAt: at.Add(time.Duration(n*n%40) * time.Second), Version: 1,
		}
		switch d.Type {
		case dialog.Private:
			d.Name, d.Occupants = "", []dialog.UserID{"o", dialog.UserID(fmt.Sprint("p", n))}
		case dialog.Group:
			d.Occupants = []dialog.UserID{"o"}
		case dialog.PublicGroup:
			d.Owner = dialog.UserID(fmt.Sprint("o", n%2))
		}
		if n%4 == 0 {
			d.Custom = dialog.CustomData{"Task": {"done": "true"}}
		}
		if n%8 == 0 {
			d.Custom["Task"]["text"] = long([]string{"a", "b"}[n/8%2])
		}
		all = append(all, d)
	}
	if err := s.Restore(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return all
}

// long is a long value that ends with a text.
func long(end string) dialog.Value { return dialog.Value(`"` + strings.Repeat("é", 50) + end + `"`) }

// pairs are filters, each alone and with each other.
func pairs(all []dialog.Dialog) (filters []dialog.Filter) {
	at := all[20].CreatedAt
	set := []func(f *dialog.Filter){
		func(f *dialog.Filter) { f.Names = []string{"team", "x"} },
		func(f *dialog.Filter) { f.Names = []string{"", "lunch"} },
		func(f *dialog.Filter) { f.NameContains = "lunch" },
		func(f *dialog.Filter) { f.NameContains = "h a" },
		func(f *dialog.Filter) { f.NameContains = "b" },
		func(f *dialog.Filter) { f.UpdatedAfter = at },
		func(f *dialog.Filter) { f.UpdatedBefore = at.Add(20 * time.Second) },
		func(f *dialog.Filter) { f.CreatedAfter = at },
		func(f *dialog.Filter) { f.CreatedBefore = at.Add(5 * time.Second) },
		func(f *dialog.Filter) { f.Types = []dialog.Type{dialog.PublicGroup, dialog.Private} },
		func(f *dialog.Filter) { f.ExceptNames = []string{"team"} },
		func(f *dialog.Filter) { f.ExceptIDs = []dialog.ID{benchID(3), benchID(4)} },
		func(f *dialog.Filter) { f.Custom = []dialog.FieldChange{{Class: "Task", Field: "done", Value: "true"}} },
		func(f *dialog.Filter) {
			f.Custom = append(f.Custom, dialog.FieldChange{Class: "Task", Field: "text", Value: long("b")})
		},
		func(f *dialog.Filter) {
			f.Custom = append(f.Custom, dialog.FieldChange{Class: "Task", Field: "text"}) // without a value
		},
	}
	for i, a := range set {
		for _, b := range set[i:] {
			var f dialog.Filter
			a(&f)
			b(&f)
			filters = append(filters, f)
		}
	}
	return filters
}

// TestIndexedNames: a part of a name is found before and after it is indexed, and
// not found any more after a change or the end of the dialog.
func TestIndexedNames(t *testing.T) {
	s := opened(t)
	s.SetReach(1000, 1, 1000)
	groups(t, s, 10, "o")
	finds := func(reason, part string, want int) {
		t.Helper()
		q := dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{NameContains: part}, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: 100}
		list, err := s.Dialogs(t.Context(), q)
		n, countErr := s.Count(t.Context(), q)
		if err != nil || countErr != nil || len(list) != want || n != want {
			t.Errorf("%s: %q is in %d names, counted %d, want %d: %v, %v", reason, part, len(list), n, want, err, countErr)
		}
	}
	index := func() {
		t.Helper()
		if err := s.IndexNames(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Unindexed(t.Context()); err != nil || n != int64(0) {
			t.Fatalf("%v names are not indexed, %v", n, err)
		}
	}
	for range 2 {
		for part, want := range map[string]int{"name ": 10, "me 7": 1, "e 7": 1, "7": 1, " 7": 1, "n": 10, "na": 10, "x": 0, "nam 7": 0, `"`: 0, `na"`: 0, `name" OR "`: 0, "name name name": 0, "*": 0} {
			finds("as created", part, want)
		}
		index()
	}
	for n, name := range []string{`a "quoted" name`, "日本語の会議", "ab", "ß", "x"} {
		if _, err := s.Update(t.Context(), rename(benchID(n), name)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for part, want := range map[string]int{"name": 6, `"quoted"`: 1, "会議": 1, "会": 1, "語の会議": 1, "ab": 1, "ss": 1, "x": 1, "me 0": 0, "name 1": 0} {
			finds("as renamed", part, want)
		}
		index()
	}
	p := rename(benchID(0), "")
	p.Name, p.Delete = dialog.Optional[string]{}, true
	if _, err := s.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		finds("as deleted", "quoted", 0)
		index()
	}
}

// BenchmarkWhole reads pages of the whole store with each filter.
func BenchmarkWhole(b *testing.B) {
	s, _ := crowded(b, dialog.PublicGroup)
	for part, name := range map[string]string{"dialog 1": "common", "g 12345": "rare", "zz": "none"} {
		b.Run(fmt.Sprint("nameContains=", name), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Dialogs(b.Context(), dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{NameContains: part}, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, Limit: 21}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestRareTrigrams: trigrams that very many names have are not searched, if others are rarer.
func TestRareTrigrams(t *testing.T) {
	s := opened(t)
	groups(t, s, 1500, "o") // "name 0" and so on
	if err := s.IndexNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ part, want string }{
		{"nam", `"nam"`},
		{"name", `"nam" AND "ame"`},
		{"ame 77", `"e 7" AND " 77"`},
		{"name 1", `"e 1" AND "nam" AND "ame" AND "me "`},
		{"name 1499", `" 14" AND "149" AND "499"`},
		{"xyz name", `"xyz" AND "yz " AND "z n" AND " na"`},
	} {
		if got, err := s.MatchOf(t.Context(), tt.part); got != tt.want || err != nil {
			t.Errorf("%q is searched by %s, want %s, %v", tt.part, got, tt.want, err)
		}
	}
}

// TestPace: names are indexed in large steps, with short rests, only after an interval in
// which there were hardly any other calls.
func TestPace(t *testing.T) {
	var p sqlite.Pace
	begin := time.Now()
	for _, tt := range []struct {
		reason string
		after  time.Duration
		calls  int64
		most   int
	}{
		{"At first, nothing is known.", 0, 100, 256},
		{"The interval is not over.", 900 * time.Millisecond, 100, 256},
		{"There were only health checks.", 1100 * time.Millisecond, 102, 1024},
		{"The next interval begins quietly.", 1500 * time.Millisecond, 104, 1024},
		{"Then there are many calls.", 1600 * time.Millisecond, 110, 256},
		{"They do not last, but belong to the interval.", 2200 * time.Millisecond, 110, 256},
		{"The next interval was quiet.", 3300 * time.Millisecond, 110, 1024},
		{"Slow calls are calls, too.", 4400 * time.Millisecond, 115, 256},
	} {
		most, rest := p.Now(begin.Add(tt.after), tt.calls)
		if most != tt.most || (most == 1024) != (rest == 1) {
			t.Errorf("%s: %d names, and rests %d times as long; want %d names", tt.reason, most, rest, tt.most)
		}
	}
}
