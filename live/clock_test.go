package live_test

import (
	"crypto/rand"
	"testing"
	"time"

	"dialogs/dialog"
)

// at makes changes with a clock that is off, as another instance or after the clock was set.
func (i *instance) at(store dialog.Store, off time.Duration) *instance {
	now := func() time.Time { return time.Now().Add(off) }
	other := *i
	other.service = dialog.NewService(store, *i.service.Policy(), now, rand.Reader)
	return &other
}

// TestClockSetBack: changes with an earlier time than those before are told like others,
// also of dialogs that the hub knows nothing of.
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

// TestStartAfterClockSetBack: what changed before a watch is not told, even if its time is
// long ago.
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
