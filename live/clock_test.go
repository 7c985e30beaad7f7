package live_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
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

// TestReadLaterWithClockBehind: of a dialog that a reader does not know, all changes are new
// that were made since it has read, although their writer's clock is behind and the reader
// comes late.
func TestReadLaterWithClockBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := memory.NewDatabase()
		i := (&instance{TB: t, service: dialog.NewService(db.Open(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)})
		behind := i.at(db.Open(), -20*time.Minute)
		id := behind.group("a")
		time.Sleep(time.Hour)
		behind.rename(id, "before")
		reader := live.NewReader(db.Open(), dialog.DefaultSyncKept, time.Now)
		for range 2 { // also when it starts again
			time.Sleep(time.Hour)
			if err := reader.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := range 3 {
				behind.rename(id, strconv.Itoa(n))
				time.Sleep(30 * time.Second)
			}
			fresh := 0
			err := reader.Read(t.Context(), false, func(n *live.News) error {
				fresh += n.Fresh
				return nil
			})
			if err != nil || fresh != 3 {
				t.Errorf("%d new records, %v, want 3", fresh, err)
			}
		}
	})
}

// TestStateOverClocks: how far behind the hub is does not depend on the clock of the instance,
// which can be set forward and back.
func TestStateOverClocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		store := &awayStore{Store: memory.NewStore()}
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		hub := live.NewHub(live.Options{
			Store: store, Service: dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), now, rand.Reader),
			Now: now, Log: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { hub.Run(ctx) })
		defer running.Wait()
		defer cancel()
		behind := func(least, most time.Duration) {
			t.Helper()
			if got, _ := hub.State(); got < least || got > most {
				t.Errorf("%v behind, want from %v to %v", got, least, most)
			}
		}
		behind(0, 0)
		watch, err := hub.Dialogs(ctx, server(), dialog.Optional[string]{})
		if err != nil {
			t.Fatal(err)
		}
		defer watch.Close()
		store.away.Store(true)
		time.Sleep(5500 * time.Millisecond) // the first reading has never succeeded
		behind(4*time.Second, 5*time.Second)
		store.away.Store(false)
		time.Sleep(10 * time.Second)
		for _, d := range []time.Duration{time.Hour, -time.Hour, 0} {
			ahead.Store(int64(d))
			behind(0, time.Second)
			store.away.Store(true)
			time.Sleep(5 * time.Second)
			behind(5*time.Second, 6*time.Second)
			store.away.Store(false)
			time.Sleep(2 * time.Second)
			behind(0, time.Second)
		}
	})
}

// An awayStore cannot be read while it is away.
type awayStore struct {
	dialog.Store
	away atomic.Bool
}

func (s *awayStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if s.away.Load() {
		return dialog.ChangesPage{}, dialog.ErrUnavailable(errors.New("away"))
	}
	return s.Store.ChangesSince(ctx, q)
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
