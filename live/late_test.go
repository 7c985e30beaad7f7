package live_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
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
