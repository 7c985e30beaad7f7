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

// A lateStore has a change that readers who only look ahead do not see.
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

// A movedStore misses a dialog once when it reads the changes of a user: because it moved
// from one part of the user's changes to another while they were read one after the other.
type movedStore struct {
	dialog.Store
	moved atomic.Pointer[dialog.ID]
}

func (s *movedStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	page, err := s.Store.ChangesSince(ctx, q)
	if q.User == "" || q.Limit == 1 || !q.WithHistory {
		return page, err
	}
	if moved := s.moved.Swap(nil); moved != nil {
		page.Dialogs = slices.DeleteFunc(page.Dialogs, func(d dialog.ChangedDialog) bool { return d.Dialog.ID == *moved })
	}
	return page, err
}

// TestCatchUpContinued: a catch-up that lost its connection continues in the next one, and
// also tells what the first connection could not see, even if the hub has handed that out
// in between.
func TestCatchUpContinued(t *testing.T) {
	t.Parallel()
	opened, err := mongo.Open(t.Context(), mongotest.URI(t), mongo.Options{}) // the others read a user's changes at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	store := &movedStore{Store: opened}
	i := start(t, store)
	id, next, last := i.group("a"), i.group("a"), i.group("a")
	running := i.watchAll(user("a"))
	changes, err := i.service.Changes(t.Context(), user("a"), dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []dialog.ID{id, next, last} {
		i.rename(id, "2")
		running.gets(told{id, 2, true})
	}
	store.moved.Store(&id)
	cut := i.watchAll(user("a"), changes.Cursor)
	cut.gets(told{next, 2, true})
	cut.Close()
	back := i.watchAll(user("a"), cut.cursor)
	got := map[told]int{}
	for range 2 {
		e, err := back.next()
		if err != nil {
			t.Fatal(err)
		}
		got[e]++
	}
	want := map[told]int{{id, 2, true}: 1, {last, 2, true}: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the rest of the catch-up (-want +got):\n%s", diff)
	}
	i.rename(last, "3")
	back.gets(told{last, 3, true})
}
