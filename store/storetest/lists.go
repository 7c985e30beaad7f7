package storetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// crowd makes dialogs of all types for three users, many of them alike in
// name and instants, and returns them as they are in the end.
func (e *env) crowd() []dialog.Dialog {
	e.Helper()
	names := []string{"alpha", "Alpha", "BETA", "beta", "\u00c9t\u00e9", "z"}
	owners := []dialog.UserID{"u0", "u1", "u2"}
	var ids []dialog.ID
	for n := range 36 {
		owner := owners[n%3]
		next := owners[(n+1)%3]
		creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some(names[n%len(names)])}
		switch n % 4 {
		case 0:
			creation.Type, creation.Admins = dialog.PublicGroup, []dialog.UserID{next}
		case 1:
			creation = dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{dialog.UserID(fmt.Sprintf("p%d", n))}}
		default:
			creation.Occupants = []dialog.UserID{next}
		}
		ids = append(ids, e.create(user(owner), creation).ID)
		if n%5 == 4 {
			e.tick()
		}
	}
	for n, id := range ids {
		if n%7 == 0 {
			e.update(server(), id, dialog.Change{Custom: custom("Task", map[string]any{"count": n})})
		}
		if n%14 == 0 {
			e.tick()
		}
	}
	e.update(server(), ids[5], dialog.Change{Delete: true})
	e.update(server(), ids[12], dialog.Change{Delete: true})
	var all []dialog.Dialog
	for n, id := range ids {
		if n != 5 && n != 12 {
			d := e.read(id)
			d.History = nil
			all = append(all, d)
		}
	}
	return all
}

// scoped lists every scope of a list.
func scoped() []dialog.Query {
	var all []dialog.Query
	for _, u := range []dialog.UserID{"u0", "u1", "stranger", ""} {
		for _, scope := range []dialog.Scope{dialog.Mine, dialog.Public, dialog.Visible} {
			all = append(all, dialog.Query{User: u, Scope: scope})
		}
	}
	return all
}

// expected is the query's whole list, as the reference engine has it.
func expected(all []dialog.Dialog, q dialog.Query) []dialog.Dialog {
	return memory.List(slices.Values(all), q)
}

func positionOf(o dialog.Order, d dialog.Dialog) *dialog.Position {
	return &dialog.Position{Key: o.Key(&d), ID: d.ID}
}

func testScopes(e *env) {
	e.classes()
	all := e.crowd()
	for _, q := range scoped() {
		q.Order, q.Limit = dialog.Order{Field: dialog.ByCreatedAt}, 100
		want := expected(all, q)
		page, err := e.store.Dialogs(e.Context(), q)
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		e.same(page, want, fmt.Sprintf("scope %d of %q", q.Scope, q.User))
		q.Limit, q.After = 1, positionOf(q.Order, all[3])
		if n, err := e.store.Count(e.Context(), q); err != nil || n != len(want) {
			e.Errorf("scope %d of %q counts %d, %v, want %d", q.Scope, q.User, n, err, len(want))
		}
	}
}

// testSight checks who sees a dialog after every way to join and leave.
func testSight(e *env) {
	d := e.group("o", "a")
	public := e.public("o", "open")
	sees := func(reason string, id dialog.ID, want ...dialog.UserID) {
		e.Helper()
		var got []dialog.UserID
		for _, u := range []dialog.UserID{"a", "b", "c", "o"} {
			ids := e.query(dialog.Query{User: u, Scope: dialog.Mine, Order: orders()[0], Limit: 10})
			if slices.Contains(ids, id) {
				got = append(got, u)
			}
			if n, err := e.store.Count(e.Context(), dialog.Query{User: u, Scope: dialog.Mine}); err != nil || n != len(ids) {
				e.Errorf("%s: %d dialogs of %q, and %d in the list, %v", reason, n, u, len(ids), err)
			}
		}
		e.same(got, want, reason)
	}
	sees("owner and occupant", d.ID, "a", "o")
	sees("owner of a public group", public.ID, "o")
	for _, step := range []struct {
		reason string
		id     dialog.ID
		change dialog.Change
		want   []dialog.UserID
	}{
		{"added", d.ID, dialog.Change{AddOccupants: []dialog.UserID{"b"}}, []dialog.UserID{"a", "b", "o"}},
		{"made admin", d.ID, dialog.Change{AddAdmins: []dialog.UserID{"b"}}, []dialog.UserID{"a", "b", "o"}},
		{"an admin removed", d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"b"}}, []dialog.UserID{"a", "o"}},
		{"handed over", d.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("a")}, []dialog.UserID{"a", "o"}},
		{"the old owner removed", d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"o"}}, []dialog.UserID{"a"}},
		{"one for another", d.ID, dialog.Change{AddOccupants: []dialog.UserID{"c"}, RemoveOccupants: []dialog.UserID{"a"}, NewOwner: dialog.Some[dialog.UserID]("c")}, []dialog.UserID{"c"}},
		{"public: an admin", public.ID, dialog.Change{AddAdmins: []dialog.UserID{"b"}}, []dialog.UserID{"b", "o"}},
		{"public: another owner, the old one is nothing", public.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("c")}, []dialog.UserID{"b", "c"}},
		{"public: the admin becomes owner", public.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("b")}, []dialog.UserID{"b"}},
		{"public: an admin dismissed", public.ID, dialog.Change{AddAdmins: []dialog.UserID{"a", "o"}}, []dialog.UserID{"a", "b", "o"}},
		{"public: both dismissed", public.ID, dialog.Change{RemoveAdmins: []dialog.UserID{"o", "a"}}, []dialog.UserID{"b"}},
	} {
		e.update(server(), step.id, step.change)
		sees(step.reason, step.id, step.want...)
	}
}

// testPages walks every list in every order by pages of every size, in both
// directions, and between every two positions.
func testPages(e *env) {
	e.classes()
	all := e.crowd()
	for _, q := range scoped() {
		for _, q.Order = range orders() {
			want := idsOf(expected(all, q))
			for _, size := range []int{3, len(all) + 1} {
				q.Limit = size
				e.same(e.walk(q, all), want, fmt.Sprintf("forward by %d: %+v", size, q))
				q.FromEnd = true
				e.same(e.walk(q, all), want, fmt.Sprintf("backward by %d: %+v", size, q))
				q.FromEnd = false
			}
		}
	}
	for _, q := range scoped()[:3] {
		for _, q.Order = range orders() {
			list := expected(all, q)
			for from := 0; from < len(list); from += 3 {
				for to := from % 4; to < len(list); to += 3 { // fewer in between than a page has, as many, and more
					q.After, q.Before = positionOf(q.Order, list[from]), positionOf(q.Order, list[to])
					var between []dialog.ID
					if to > from {
						between = idsOf(list[from+1 : to])
					}
					q.Limit = 3
					e.same(e.query(q), first(between, 3), fmt.Sprintf("the first 3 between %d and %d: %+v", from, to, q))
					q.FromEnd = true
					e.same(e.query(q), last(between, 3), fmt.Sprintf("the last 3 between %d and %d: %+v", from, to, q))
					q.FromEnd = false
				}
			}
			q.After, q.Before = nil, nil
		}
	}
}

func first(list []dialog.ID, n int) []dialog.ID { return orNil(list[:min(n, len(list))]) }
func last(list []dialog.ID, n int) []dialog.ID  { return orNil(list[max(0, len(list)-n):]) }

func orNil(list []dialog.ID) []dialog.ID {
	if len(list) == 0 {
		return nil
	}
	return list
}

// testSkip asks for numbered pages, to the end and past it.
func testSkip(e *env) {
	e.classes()
	all := e.crowd()
	for _, q := range scoped() {
		q.Limit = 4
		for _, q.Order = range orders() {
			want := idsOf(expected(all, q))
			for _, q.Skip = range []int{0, 1, 4, len(want) - 2, len(want), len(want) + 5, dialog.MaxSkip} {
				q.Skip = max(0, q.Skip)
				rest := min(q.Skip, len(want))
				e.same(e.query(q), first(want[rest:], 4), fmt.Sprintf("%+v", q))
				q.FromEnd = true
				e.same(e.query(q), last(want[:len(want)-rest], 4), fmt.Sprintf("%+v", q))
				q.FromEnd = false
			}
			q.Skip = 0
		}
	}
	q := dialog.Query{Scope: dialog.Visible, Order: orders()[0], Limit: 4, Skip: 2}
	list := expected(all, q)
	q.After = positionOf(q.Order, list[2])
	e.same(e.query(q), first(idsOf(list[5:]), 4), fmt.Sprintf("skipping after a position: %+v", q))
	if n, err := e.store.Count(e.Context(), q); err != nil || n != len(list) {
		e.Errorf("counting %+v: got %d and error %v, want %d", q, n, err, len(list))
	}
}

// walk goes through a whole list page by page.
func (e *env) walk(q dialog.Query, all []dialog.Dialog) []dialog.ID {
	e.Helper()
	at := map[dialog.ID]dialog.Dialog{}
	for _, d := range all {
		at[d.ID] = d
	}
	var ids []dialog.ID
	for range len(all) + 2 {
		page := e.query(q)
		if len(page) == 0 {
			return ids
		}
		if q.FromEnd {
			ids = append(page, ids...)
			q.Before = positionOf(q.Order, at[page[0]])
		} else {
			ids = append(ids, page...)
			q.After = positionOf(q.Order, at[page[len(page)-1]])
		}
	}
	e.Fatalf("the list %+v does not end", q)
	return nil
}

// testTies lists dialogs that differ in nothing but their ids.
func testTies(e *env) {
	var all []dialog.Dialog
	for range 20 {
		d := e.public("u0", "same")
		d.History = nil
		all = append(all, d)
	}
	for _, scope := range []dialog.Scope{dialog.Mine, dialog.Public, dialog.Visible} {
		for _, order := range orders() {
			q := dialog.Query{User: "u0", Scope: scope, Order: order, Limit: 3}
			want := idsOf(all)
			slices.Sort(want)
			if order.Descending {
				slices.Reverse(want)
			}
			e.same(e.walk(q, all), want, fmt.Sprintf("forward: %+v", q))
			q.FromEnd = true
			e.same(e.walk(q, all), want, fmt.Sprintf("backward: %+v", q))
		}
	}
}

// testPositions asks for positions without a dialog, up to the limits of a
// cursor.
func testPositions(e *env) {
	e.classes()
	all := e.crowd()
	queries := scoped()
	ids := []dialog.ID{"000000000000000000000000", "7fffffffffffffffffffffff", "ffffffffffffffffffffffff"}
	times := []time.Time{
		time.UnixMilli(math.MinInt64).UTC(), time.UnixMilli(math.MaxInt64).UTC(),
		{},
		time.UnixMilli(0).UTC(),
		all[0].CreatedAt, all[0].CreatedAt.Add(time.Millisecond), all[0].UpdatedAt, all[20].UpdatedAt, all[20].UpdatedAt.Add(-time.Millisecond),
	}
	names := []string{"", "\x00", "alpha", "alpha\x00", "alph", "b", "beta ", "\U0010ffff", strings.Repeat("z", 300)}
	for _, q := range []dialog.Query{queries[0], queries[2], queries[4], queries[9]} {
		for _, q.Order = range orders() {
			for _, id := range ids {
				if q.Order.Field == dialog.ByName {
					for _, name := range names {
						e.checkWindow(all, q, &dialog.Position{Key: dialog.SortKey{Name: name}, ID: id})
					}
					continue
				}
				for _, at := range times {
					e.checkWindow(all, q, &dialog.Position{Key: dialog.SortKey{Time: at}, ID: id})
				}
			}
		}
	}
}

// testPositionsInFilters bounds one side of a page twice: by a position, and by
// a filter at the position's very instant or beside it.
func testPositionsInFilters(e *env) {
	e.classes()
	all := e.crowd()
	for _, q := range []dialog.Query{{User: "u0", Scope: dialog.Mine}, {User: "u0", Scope: dialog.Visible}, {Scope: dialog.Mine}} {
		for _, q.Order = range orders()[:4] {
			after, before := &q.Filter.UpdatedAfter, &q.Filter.UpdatedBefore
			if q.Order.Field == dialog.ByCreatedAt {
				after, before = &q.Filter.CreatedAfter, &q.Filter.CreatedBefore
			}
			for i := 0; i < len(all); i += 5 {
				at := positionOf(q.Order, all[i])
				for _, beside := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
					*after = at.Key.Time.Add(beside)
					e.checkWindow(all, q, at)
					*after, *before = time.Time{}, at.Key.Time.Add(beside)
					e.checkWindow(all, q, at)
					*before = time.Time{}
				}
			}
		}
	}
}

// checkWindow asks for what comes after and what comes before a position.
func (e *env) checkWindow(all []dialog.Dialog, q dialog.Query, at *dialog.Position) {
	e.Helper()
	list := expected(all, q)
	q.Limit, q.After = 5, at
	e.same(e.query(q), idsOf(memory.Page(list, q)), fmt.Sprintf("after %+v: %+v", at, q))
	q.After, q.Before, q.FromEnd = nil, at, true
	e.same(e.query(q), idsOf(memory.Page(list, q)), fmt.Sprintf("before %+v: %+v", at, q))
}

// testNameOrder sorts by the folded name byte by byte, which is not the order
// of any language; private dialogs have an empty name.
func testNameOrder(e *env) {
	names := []string{"b", "B", "a", "A ", "a b", "Z", "_", "1", "10", "9", "\u00e4", "\u00c4", "a\u0308", "\u03a3\u03c2", "\u03c3\u03c3", "\uffff", "\U0001f600", "\ufb01", "stra\u00dfe", "STRASSE", "\u0130", "i"}
	var all []dialog.Dialog
	for i, name := range names {
		e.tick()
		d := e.create(user("o"), dialog.Creation{Type: dialog.Group, Name: dialog.Some(name)})
		if i%3 == 0 { // the folded name follows a renaming
			e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some("renamed")})
			d = e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some(name)}).Dialog
		}
		d.History = nil
		all = append(all, d)
	}
	private := e.private("o", "p")
	private.History = nil
	all = append(all, private)
	for _, descending := range []bool{false, true} {
		for _, u := range []dialog.UserID{"o", ""} {
			q := dialog.Query{User: u, Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByName, Descending: descending}, Limit: 100}
			e.same(e.query(q), idsOf(expected(all, q)), fmt.Sprintf("by name: %+v", q))
		}
	}
	q := dialog.Query{User: "o", Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByName}, Limit: 100}
	for _, part := range []string{"b", "B", "ss", "\u00df", "\u03c3", "\u03a3", "\u00e4", "a\u0308", "%", "_", " ", "i", "\u0130", "\U0001f600", ".", "renamed", "strasse", "fi", "2", "15", ":", "\x01"} {
		q.Filter = dialog.Filter{NameContains: dialog.FoldName(part)}
		e.same(e.query(q), idsOf(expected(all, q)), fmt.Sprintf("names that contain %q", part))
	}
}

// testPageUnderChange continues from a position after its dialog has moved and
// after it is gone.
func testPageUnderChange(e *env) {
	var all []dialog.Dialog
	for n := range 6 {
		e.tick()
		d := e.public("o", fmt.Sprintf("name %d", n))
		all = append(all, d)
	}
	q := dialog.Query{User: "o", Scope: dialog.Public, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, Limit: 2}
	q.After = positionOf(q.Order, all[3])
	e.tick()
	e.update(user("o"), all[3].ID, dialog.Change{Name: dialog.Some("moved")})
	e.same(e.query(q), []dialog.ID{all[2].ID, all[1].ID}, "after a dialog that moved")
	e.update(user("o"), all[3].ID, dialog.Change{Delete: true})
	e.update(user("o"), all[2].ID, dialog.Change{Delete: true})
	e.same(e.query(q), []dialog.ID{all[1].ID, all[0].ID}, "after a dialog that is gone")
}
