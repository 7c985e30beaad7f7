package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// An OldWriter writes to the database as other versions of the program do.
type OldWriter interface {
	// Rename stores a name with this key, and nothing else.
	Rename(t testing.TB, id dialog.ID, name, key string)
	// Keys returns the keys of all names.
	Keys(t testing.TB) []string
}

// CheckOldNames checks that names which other versions of the program have stored
// are listed and found like all others, while those versions run too, and that the
// old ones are brought up to date when the store is opened again.
func CheckOldNames(t *testing.T, open Database, writer OldWriter) {
	e := &env{TB: t, open: open, clock: NewClock(start())}
	e.store = e.instance()
	e.svc = e.service(e.store, dialog.DefaultLimits())
	var all []dialog.Dialog
	for n, name := range []string{"Straße", "STRASSE", "strasse b", "Cafe\u0301", "CAFÉ", "ﬁsh", "Fish", "ΟΔΟΣ", "İzmir", "izmir", "b", "B", "15", "2", "z", "ŉ"} {
		typ := dialog.Group
		if n%3 == 0 {
			typ = dialog.PublicGroup
		}
		e.tick()
		all = append(all, e.create(user("o"), dialog.Creation{Type: typ, Name: dialog.Some(name)}))
	}
	all = append(all, e.private("o", "p"))
	e.checkNames(all)

	rename := func(n int, name string, key func(string) string) {
		all[n].Name = name
		writer.Rename(t, all[n].ID, name, key(name))
	}
	// What the first version wrote before it was replaced, and writes beside this
	// one.
	for n := 0; n < len(all)-1; n += 2 {
		rename(n, all[n].Name, firstKey)
	}
	e.checkNames(all)
	rename(1, "Ångström ß", firstKey)
	rename(2, "a\u030angstrom SS", firstKey)
	rename(3, "x15.0.0y", firstKey)
	rename(4, "another name of this version", dialog.NameKey)
	rename(5, "an older Unicode ẞ", func(string) string { return "\x011 13.0.0:something else" })
	rename(6, "a newer Unicode ß", func(string) string { return "\x019 99.0.0:something else" })
	e.update(user("o"), all[8].ID, dialog.Change{Photo: dialog.Some("changed beside it")})
	e.update(user("o"), all[8].ID, dialog.Change{Name: dialog.Some("renamed by this version ß")})
	all[8].Name, all[8].UpdatedAt = "renamed by this version ß", e.read(all[8].ID).UpdatedAt
	e.checkNames(all)

	e.store = e.instance()
	for ended := time.Now().Add(30 * time.Second); slices.ContainsFunc(writer.Keys(t), dialog.IsOldNameKey); {
		if time.Now().After(ended) {
			t.Fatalf("keys of an earlier version are left: %q", writer.Keys(t))
		}
	}
	e.checkNames(all)
	keys := writer.Keys(t)
	for n, d := range all {
		want := dialog.NameKey(d.Name)
		if n == 6 {
			want = "\x019 99.0.0:something else" // another program needs it
		}
		if !slices.Contains(keys, want) {
			t.Errorf("no key %q of the name %q", want, d.Name)
		}
	}
	e.same(e.read(all[1].ID).Version, int64(1), "the version after the key was brought up to date")
}

// firstKey is the key that the first version of the program stored.
func firstKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return unicode.ToLower(least)
	}, name)
}

// checkNames compares every page of the lists by name, and the lists and numbers of
// what is found by parts of names in every order, with the reference.
func (e *env) checkNames(all []dialog.Dialog) {
	e.Helper()
	list := make([]dialog.Dialog, len(all))
	for i, d := range all {
		d.History = nil
		list[i] = d
	}
	for _, q := range []dialog.Query{{Scope: dialog.Mine}, {Scope: dialog.Visible, User: "o"}, {Scope: dialog.Public, User: "p"}} {
		for _, q.Order = range []dialog.Order{{Field: dialog.ByName}, {Field: dialog.ByName, Descending: true}, {Field: dialog.ByUpdatedAt, Descending: true}} {
			for _, part := range []string{"", "ss", "straße", "é", "FI", "i", "15", "2 1", "name", "\x01"} {
				q.Filter.NameContains = dialog.FoldName(part)
				want := expected(list, q)
				q := q
				q.Limit = 100
				e.same(e.query(q), idsOf(want), fmt.Sprintf("%q: %+v", part, q))
				if n, err := e.store.Count(e.Context(), q); err != nil || n != len(want) {
					e.Errorf("%q: counted %d, %v, want %d: %+v", part, n, err, len(want), q)
				}
				if part == "" || part == "ss" {
					e.checkPages(want, q)
				}
			}
		}
	}
}

// checkPages reads a list in pages of two from both ends, and one that skips.
func (e *env) checkPages(list []dialog.Dialog, q dialog.Query) {
	e.Helper()
	if len(list) == 0 {
		return
	}
	q.Limit = 2
	middle := positionOf(q.Order, list[len(list)/2])
	for _, page := range []dialog.Query{
		{After: middle},
		{Before: middle},
		{After: middle, FromEnd: true},
		{Before: middle, FromEnd: true},
		{Skip: 1},
	} {
		p := q
		p.After, p.Before, p.FromEnd, p.Skip = page.After, page.Before, page.FromEnd, page.Skip
		e.same(e.query(p), idsOf(memory.Page(list, p)), fmt.Sprintf("%+v", p))
	}
}
