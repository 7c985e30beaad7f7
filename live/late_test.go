package live_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
)

// A lateStore has a change that becomes visible late: readers that only look ahead miss
// it.
type lateStore struct {
	dialog.Store
	late   atomic.Pointer[dialog.ID]
	looked chan struct{}
}

func (s *lateStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	page, err := s.Store.ChangesSince(ctx, q)
	if late := s.late.Load(); late != nil && q.Ahead {
		page.Dialogs = slices.DeleteFunc(page.Dialogs, func(d dialog.ChangedDialog) bool { return d.Dialog.ID == *late })
	}
	return page, err
}

func (s *lateStore) Look(ctx context.Context, id dialog.ID) (dialog.Dialog, error) {
	if late := s.late.Load(); late != nil && id == *late {
		defer func() {
			select {
			case s.looked <- struct{}{}:
			default:
			}
		}()
	}
	return s.Store.Look(ctx, id)
}

// TestLateIsToldOnce: a change that a catch-up has told is not told again when the hub finds
// it long afterwards.
func TestLateIsToldOnce(t *testing.T) {
	t.Parallel()
	store := &lateStore{Store: memory.NewDatabase().Open(), looked: make(chan struct{}, 1)}
	i := start(t, store)
	id, other := i.group("a"), i.group("a")
	running := i.watchAll(server()) // the hub has read everything
	i.rename(other, "other")
	running.gets(told{other, 2, true})
	changes, err := i.service.Changes(t.Context(), server(), dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		t.Fatal(err)
	}
	store.late.Store(&id)
	i.rename(id, "late")
	back := i.watchAll(server(), changes.Cursor)
	back.gets(told{id, 2, true})
	select {
	case <-store.looked: // the hub has found it, and hands it out
	case <-time.After(patience):
		t.Fatal("the hub does not find what became visible late")
	}
	i.rename(other, "the next")
	running.gets(told{id, 2, true}, told{other, 3, true})
	back.gets(told{other, 3, true})
}

// A pagesStore runs a function before and after the next page of a user's catch-up is
// read.
type pagesStore struct {
	dialog.Store
	next atomic.Pointer[happening]
}

// A brokenStore is a store that a hub can't read for a while, beside catch-ups.
type brokenStore struct {
	pagesStore
	reading sync.Mutex   // held while the hub reads
	broken  atomic.Int64 // how many of its readings fail
}

func (s *brokenStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if !q.Ahead {
		return s.pagesStore.ChangesSince(ctx, q)
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.broken.Add(-1) >= 0 {
		return dialog.ChangesPage{}, dialog.ErrUnavailable(errors.New("broken"))
	}
	return s.pagesStore.ChangesSince(ctx, q)
}

// TestCatchUpWhileReadingsFail: what a catch-up has told is told once, also if the hub can
// read it only after several attempts, and if the connection is lost then. The second case has
// more than a cursor remembers.
func TestCatchUpWhileReadingsFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		changed   int
		reconnect bool
	}{{50, true}, {150, false}} {
		t.Run(strconv.Itoa(tt.changed), func(t *testing.T) {
			t.Parallel()
			store := &brokenStore{pagesStore: pagesStore{Store: memory.NewStore()}}
			i := start(t, store)
			var made []dialog.ID
			for range tt.changed {
				made = append(made, i.group("a"))
			}
			i.watchAll(user("b")) // the hub reads all the time
			page, err := i.service.Changes(t.Context(), user("a"), dialog.Optional[string]{}, dialog.Optional[int]{})
			if err != nil {
				t.Fatal(err)
			}
			store.next.Store(&happening{func() {
				store.reading.Lock()
				for _, id := range made {
					i.rename(id, "2")
				}
			}, func(*dialog.ChangesPage) {}})
			back := i.watchAll(user("a"), page.Cursor)
			for _, id := range made {
				back.gets(told{id, 2, true})
			}
			if e, ok, err := back.Take(t.Context()); ok || err != nil {
				t.Fatalf("after the catch-up: %+v, %v", e, err)
			}
			store.broken.Store(2)
			store.reading.Unlock()
			last := made[len(made)-1]
			i.rename(last, "3")
			back.gets(told{last, 3, true})
			if tt.reconnect {
				back.Close()
				i.rename(last, "4")
				back = i.watchAll(user("a"), back.cursor)
				back.gets(told{last, 4, true})
			}
			i.rename(made[0], "3")
			back.gets(told{made[0], 3, true})
		})
	}
}

type happening struct {
	before func()
	after  func(*dialog.ChangesPage)
}

func (s *pagesStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if q.User == "" || !q.WithHistory {
		return s.Store.ChangesSince(ctx, q)
	}
	next := s.next.Swap(nil)
	if next != nil {
		next.before()
	}
	page, err := s.Store.ChangesSince(ctx, q)
	if next != nil {
		next.after(&page)
	}
	return page, err
}

// interrupted returns three dialogs that were renamed, and what a catch-up told about the
// first two before its connection was lost. It uses MongoDB, which reads a user's changes
// in pages and parts, one after the other.
func interrupted(t *testing.T, first func(*dialog.ChangesPage, dialog.ID)) (*pagesStore, *client, []dialog.ID, string) {
	t.Helper()
	opened, err := mongo.Open(t.Context(), mongotest.URI(t), mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	store := &pagesStore{Store: opened}
	i := start(t, store)
	made := []dialog.ID{i.group("a"), i.group("a"), i.group("a")}
	running := i.watchAll(user("a"))
	changes, err := i.service.Changes(t.Context(), user("a"), dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range made {
		i.rename(id, "2")
		running.gets(told{id, 2, true})
	}
	store.next.Store(&happening{func() {}, func(p *dialog.ChangesPage) { first(p, made[0]) }})
	cut := i.watchAll(user("a"), changes.Cursor)
	for {
		e, err := cut.next()
		if err != nil {
			t.Fatal(err)
		}
		if e == (told{made[1], 2, true}) {
			break
		}
	}
	cut.Close()
	return store, running, made, cut.cursor
}

// TestCatchUpContinued: a catch-up whose connection was lost continues on the next one. It
// also tells what the first one missed: a dialog that moved from one part of the user's
// changes to another in the meantime, and that the hub has already handed out.
func TestCatchUpContinued(t *testing.T) {
	t.Parallel()
	_, running, made, cursor := interrupted(t, func(p *dialog.ChangesPage, moved dialog.ID) {
		p.Dialogs = slices.DeleteFunc(p.Dialogs, func(d dialog.ChangedDialog) bool { return d.Dialog.ID == moved })
	})
	back := running.watchAll(user("a"), cursor)
	got := map[told]int{}
	for range 2 {
		e, err := back.next()
		if err != nil {
			t.Fatal(err)
		}
		got[e]++
	}
	want := map[told]int{{made[0], 2, true}: 1, {made[2], 2, true}: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the rest of the catch-up (-want +got):\n%s", diff)
	}
	running.rename(made[2], "3")
	back.gets(told{made[2], 3, true})
}

// TestCatchUpLeft: when the user is removed from a dialog that the catch-up has already
// told, the removal is delivered, and no change of the dialog twice.
func TestCatchUpLeft(t *testing.T) {
	t.Parallel()
	store, running, made, cursor := interrupted(t, func(*dialog.ChangesPage, dialog.ID) {})
	store.next.Store(&happening{func() {
		running.rename(made[2], "3")
		running.gets(told{made[2], 3, true})
	}, func(*dialog.ChangesPage) {
		running.update(made[2], dialog.Change{RemoveOccupants: ids("a")})
		running.gets(told{made[2], 4, false})
	}})
	back := running.watchAll(user("a"), cursor)
	back.gets(told{made[2], 3, true}, told{made[2], 0, false}, told{made[2], 4, false})
	running.rename(made[0], "3")
	back.gets(told{made[0], 3, true})
}
