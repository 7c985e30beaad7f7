package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// groups stores n groups of these users, updated one second after the other.
func groups(t testing.TB, s *sqlite.Store, n int, users ...dialog.UserID) {
	t.Helper()
	var all []dialog.Dialog
	for i := range n {
		at := time.Date(2026, 1, 31, 12, 0, i, 0, time.UTC)
		all = append(all, dialog.Dialog{
			ID: benchID(i), Type: dialog.Group, Name: fmt.Sprint("name ", i), Owner: users[0], Occupants: users,
			CreatedAt: at, UpdatedAt: at, Version: 1,
			History: []dialog.Record{{Version: 1, Kind: dialog.Created, At: at, Joined: users}},
		})
	}
	if err := s.Restore(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func newest(user dialog.UserID, limit int) dialog.Query {
	return dialog.Query{User: user, Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, Limit: limit}
}

func rename(id dialog.ID, name string) dialog.Plan {
	return dialog.Plan{
		ID: id, Caller: dialog.Caller{APIKey: "backend"}, Policy: dialog.DefaultPolicy(dialog.DefaultLimits()),
		At: time.Now().UTC().Truncate(time.Millisecond), Name: dialog.Some(name),
	}
}

// TestListsUnderChange: while dialogs are renamed, and people join and leave, each
// list is one state: it has every dialog that its user never left, in order, and
// what the reader has changed before.
func TestListsUnderChange(t *testing.T) {
	const count = 20
	s := opened(t)
	groups(t, s, count, "o", "u")
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	for w := range 4 {
		writers.Go(func() {
			for n := range 100 {
				id := benchID(rand.IntN(count))
				p := rename(id, fmt.Sprint(w, " ", n))
				if n%5 == 0 {
					p.AddOccupants, p.RemoveOccupants = []dialog.UserID{dialog.UserID(fmt.Sprint("x", w, n%2))}, []dialog.UserID{dialog.UserID(fmt.Sprint("x", w, 1-n%2))}
				}
				out, err := s.Update(t.Context(), p)
				if err != nil {
					t.Errorf("updating: %v", err)
					return
				}
				list, err := s.Dialogs(t.Context(), newest("u", count))
				i := slices.IndexFunc(list, func(d dialog.Dialog) bool { return d.ID == id })
				if err != nil || i < 0 || list[i].Version < out.Dialog.Version {
					t.Errorf("the list after a change does not have it: %v", err)
				}
			}
		})
	}
	for _, by := range []dialog.Order{{Field: dialog.ByUpdatedAt, Descending: true}, {Field: dialog.ByUpdatedAt}, {Field: dialog.ByCreatedAt}} {
		readers.Go(func() {
			for !done.Load() {
				q := newest("u", count+1)
				q.Order = by
				list, err := s.Dialogs(t.Context(), q)
				if err != nil || len(list) != count {
					t.Errorf("a list of %d dialogs, %v", len(list), err)
					return
				}
				if !slices.IsSortedFunc(list, func(a, b dialog.Dialog) int { return by.Compare(&a, &b) }) {
					t.Errorf("a list that is not in order: %v", list)
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
}

// TestListsSeeOtherProcesses: what another process writes is in the next list.
func TestListsSeeOtherProcesses(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, sqlite.Options{}), open(t, dir, sqlite.Options{})
	defer closing(t, s)
	defer closing(t, other)
	groups(t, s, 10, "o", "u")
	for n := range 20 {
		writer, reader := s, other
		if n%3 > 0 {
			writer, reader = other, s
		}
		id := benchID(n % 10)
		if _, err := writer.Update(t.Context(), rename(id, fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*sqlite.Store{reader, writer} {
			list, err := s.Dialogs(t.Context(), newest("u", 10))
			if err != nil || len(list) != 10 {
				t.Fatalf("after change %d: %v, %v", n, list, err)
			}
			// It is not always the first: several changes can happen within a millisecond.
			if !slices.ContainsFunc(list, func(d dialog.Dialog) bool {
				return d.ID == id && d.Name == fmt.Sprint(n) && d.UpdatedAt.Equal(list[0].UpdatedAt)
			}) {
				t.Fatalf("after change %d: %v", n, list)
			}
		}
	}
}

// TestListsAreBounded: the lists of many users take no more memory than they may.
func TestListsAreBounded(t *testing.T) {
	const most = 64 << 10
	s := open(t, t.TempDir(), sqlite.Options{Lists: most})
	defer closing(t, s)
	var users []dialog.UserID
	for n := range 300 {
		users = append(users, dialog.UserID(fmt.Sprint("u", n)))
	}
	groups(t, s, 20, users...)
	for n, u := range users {
		list, err := s.Dialogs(t.Context(), newest(u, 20))
		if err != nil || len(list) != 20 {
			t.Fatalf("%d dialogs, %v", len(list), err)
		}
		if _, err := s.Update(t.Context(), rename(benchID(n%20), fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
		if users, bytes := s.ListsInMemory(); users == 0 || bytes > most {
			t.Fatalf("the lists of %d users take %d bytes", users, bytes)
		}
	}
}

// TestListsThatAreNotWhole: of a user with more dialogs than a list in memory may have,
// every page is what it would be without the list, while dialogs of both parts change.
func TestListsThatAreNotWhole(t *testing.T) {
	const count = 30
	s := open(t, t.TempDir(), sqlite.Options{Lists: 8 * 64 * 10}) // 10 dialogs in a list
	defer closing(t, s)
	groups(t, s, count, "u")
	all, err := s.Dialogs(t.Context(), newest("u", count))
	if err != nil || len(all) != count {
		t.Fatalf("%d dialogs, %v", len(all), err)
	}
	for n := range 40 {
		for _, by := range []dialog.Order{{Field: dialog.ByUpdatedAt, Descending: true}, {Field: dialog.ByUpdatedAt}} {
			slices.SortFunc(all, func(a, b dialog.Dialog) int { return by.Compare(&a, &b) })
			q := newest("u", 4)
			q.Order = by
			var got []dialog.Dialog
			for {
				page, err := s.Dialogs(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, page...); len(page) < q.Limit {
					break
				}
				last := &page[len(page)-1]
				q.After = &dialog.Position{Key: by.Key(last), ID: last.ID}
			}
			if !slices.EqualFunc(got, all, func(a, b dialog.Dialog) bool { return a.ID == b.ID && a.Version == b.Version }) {
				t.Fatalf("after %d changes, by %+v: got %d dialogs, or another order", n, by, len(got))
			}
		}
		i := rand.IntN(count)
		out, err := s.Update(t.Context(), rename(all[i].ID, fmt.Sprint("renamed ", n)))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = out.Dialog
	}
	if users, _ := s.ListsInMemory(); users == 0 {
		t.Error("no list is in memory")
	}
}
