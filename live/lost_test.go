package live_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/memory"
)

// A heldStore lets a test make changes between two looks of the hub.
type heldStore struct {
	dialog.Store
	looking sync.Mutex
}

func (s *heldStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if q.Ahead {
		s.looking.Lock()
		defer s.looking.Unlock()
	}
	return s.Store.ChangesSince(ctx, q)
}

// TestRemovedInLostRecords: whoever is removed from a dialog is told so, even if the record of
// that is no longer kept when the hub looks. Those who stay have to read everything again, and
// nobody else is told anything. The hub knows the dialog or not.
func TestRemovedInLostRecords(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		for _, ago := range []time.Duration{0, time.Hour} {
			store := &heldStore{Store: open()}
			i := start(t, store)
			// Another process changes the dialogs.
			policy, before := dialog.DefaultPolicy(dialog.DefaultLimits()), func() time.Time { return time.Now().Add(-ago) }
			i.service = dialog.NewService(open(), policy, before, rand.Reader)
			id := i.group("a", "b", "early")
			i.service = dialog.NewService(open(), policy, time.Now, rand.Reader)
			early, outsider := i.watchAll(user("early")), i.watchAll(user("outsider"))
			i.update(id, dialog.Change{RemoveOccupants: ids("early")})
			early.gets(told{id, 2, false})
			removed, stays, back := i.watchAll(user("a")), i.watchAll(user("b")), i.watchAll(server())
			one := i.watchOne(user("a"), id)

			store.looking.Lock()
			i.update(id, dialog.Change{RemoveOccupants: ids("a")})
			for n := range dialog.HistoryKept {
				i.rename(id, fmt.Sprint(n))
			}
			store.looking.Unlock()

			removed.gets(told{id, 0, false})
			for _, c := range []*client{stays, back, one} {
				if got, err := c.next(); !dialog.IsCode(err, dialog.ResyncRequired) {
					t.Errorf("%+v and %v, want RESYNC_REQUIRED", got, err)
				}
			}
			other := i.group("a", "early", "outsider")
			for _, c := range []*client{removed, early, outsider} {
				c.gets(told{other, 1, true})
			}
			i.stop()
		}
	})
}

// A catchUpStore lets a test make changes before the first catch-up is read.
type catchUpStore struct {
	heldStore
	first  sync.Once
	before func()
}

func (s *catchUpStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if q.Latest {
		s.first.Do(s.before)
	}
	return s.heldStore.ChangesSince(ctx, q)
}

// TestBackBeforeTheCatchUp: a user is removed, in a record that is no longer kept, and is
// added again before the catch-up is read. The hub handed out the removal before that: it
// must not be told after the catch-up.
func TestBackBeforeTheCatchUp(t *testing.T) {
	t.Parallel()
	store := &catchUpStore{heldStore: heldStore{Store: memory.NewStore()}}
	i := start(t, store)
	id := i.group("a", "b")
	early, stays := i.watchAll(user("a")), i.watchAll(user("b"))
	i.rename(id, "early")
	early.gets(told{id, 2, true})
	stays.gets(told{id, 2, true})
	store.before = func() {
		store.looking.Lock()
		i.update(id, dialog.Change{RemoveOccupants: ids("a")})
		for n := range dialog.HistoryKept {
			i.rename(id, fmt.Sprint(n))
		}
		store.looking.Unlock()
		if got, err := stays.next(); !dialog.IsCode(err, dialog.ResyncRequired) {
			t.Errorf("%+v and %v, want RESYNC_REQUIRED", got, err)
		}
		i.update(id, dialog.Change{AddOccupants: ids("a")})
	}
	back := i.watchAll(user("a"), early.cursor)
	latest := int64(2 + 1 + dialog.HistoryKept + 1)
	back.gets(told{id, latest, true})
	i.rename(id, "late")
	back.gets(told{id, latest + 1, true})
}
