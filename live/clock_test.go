package live_test

import (
	"crypto/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/live"
)

// at makes changes with a clock that is wrong by off, like another instance, or like this
// one after its clock was set.
func (i *instance) at(store dialog.Store, off time.Duration) *instance {
	now := func() time.Time { return time.Now().Add(off) }
	other := *i
	other.service = dialog.NewService(store, *i.service.Policy(), now, rand.Reader)
	return &other
}

// TestClockSetBack: changes that are dated before earlier ones are delivered like others,
// also for dialogs that the hub does not know.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		store := open()
		i := start(t, store)
		yesterday := i.at(store, -24*time.Hour)
		old, last := yesterday.group("a"), yesterday.group("a")
		watch := i.watchAll(user("a"))
		behind := i.at(store, -20*time.Minute)
		behind.rename(old, "2")
		watch.gets(told{old, 2, true})
		behind.rename(old, "3")
		watch.gets(told{old, 3, true})
		i.rename(old, "4")
		watch.gets(told{old, 4, true})
		i.rename(last, "2")
		watch.gets(told{last, 2, true})
	})
}

// TestStartAfterClockSetBack: a change from before the watch is not delivered, even if its
// date is long ago.
func TestStartAfterClockSetBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		store := open()
		i := start(t, store)
		behind := i.at(store, -20*time.Minute)
		id, other := behind.group("a"), behind.group("a")
		behind.rename(id, "2")
		watch := i.watchAll(user("a"))
		i.rename(other, "2")
		watch.gets(told{other, 2, true})
		i.rename(id, "3")
		watch.gets(told{id, 3, true})
	})
}

// TestContinueOverClocks: a reader that continues from the place of another one reads
// every change since then, although the clock was set forward and back.
func TestContinueOverClocks(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		store := open()
		i := start(t, store)
		before := live.NewReader(store, dialog.DefaultSyncKept, time.Now)
		if err := before.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		id := i.group("a")
		for n, off := range []time.Duration{0, 20 * time.Minute, 0, -20 * time.Minute, -20 * time.Minute, 0} {
			i.at(store, off).rename(id, strconv.Itoa(n))
		}
		after := live.NewReader(store, dialog.DefaultSyncKept, time.Now)
		after.Continue(before.Place(100))
		fresh := 0
		err := after.Read(t.Context(), true, func(n *live.News) error {
			fresh += n.Fresh
			return nil
		})
		if err != nil || fresh != 7 {
			t.Errorf("%d new records, %v, want 7", fresh, err)
		}
	})
}

// TestLeftWhileClockWasBack: who is removed by an instance whose clock is behind learns it
// when they ask what has changed.
func TestLeftWhileClockWasBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		store := open()
		i := start(t, store)
		id := i.group("a")
		changes := func(after dialog.Optional[string]) dialog.Changes {
			t.Helper()
			page, err := i.service.Changes(t.Context(), user("a"), after, dialog.Optional[int]{})
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		at := changes(dialog.Optional[string]{})
		i.at(store, -20*time.Minute).update(id, dialog.Change{RemoveOccupants: ids("a")})
		if removed := changes(dialog.Some(at.Cursor)).Removed; !slices.Equal(removed, []dialog.ID{id}) {
			t.Errorf("removed are %v, want %s", removed, id)
		}
	})
}
