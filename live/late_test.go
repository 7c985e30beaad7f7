package live_test

import (
	"context"
	"slices"
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
