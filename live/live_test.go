package live_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// An instance is a running hub on a store.
type instance struct {
	testing.TB
	hub     *live.Hub
	service *dialog.Service
	stop    func()
}

func start(t testing.TB, inner dialog.Store) *instance {
	t.Helper()
	i := &instance{TB: t}
	store := live.Announce(inner, func() { i.hub.Wake() })
	i.service = dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	i.hub = live.NewHub(live.Options{Store: store, Service: i.service, Weigh: weigh, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { i.hub.Run(ctx) })
	i.stop = func() { cancel(); running.Wait() }
	t.Cleanup(i.stop)
	return i
}

// weigh makes dialogs heavy whose name says so, or their records.
func weigh(d *dialog.Dialog) int64 {
	switch {
	case strings.HasPrefix(d.Name, "heavy"):
		return 1 << 20
	case strings.HasPrefix(d.Name, "with heavy records"):
		return int64(len(d.History)) * 100 << 10
	}
	return int64(len(d.Name))
}

// engines are the stores that the tests use.
func engines(t *testing.T, test func(t *testing.T, open func() dialog.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		db := memory.NewDatabase()
		test(t, db.Open)
	})
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		test(t, func() dialog.Store {
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			return s
		})
	})
	t.Run("mongodb", func(t *testing.T) {
		uri := mongotest.URI(t)
		test(t, func() dialog.Store {
			s, err := mongo.Open(t.Context(), uri, mongo.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			return s
		})
	})
}

func user(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id} }

func server() dialog.Caller { return dialog.Caller{APIKey: "backend"} }

func ids(list ...dialog.UserID) []dialog.UserID { return list }

func (i *instance) create(c dialog.Creation) dialog.ID {
	i.Helper()
	c.Name = dialog.Some("x")
	c.Owner = dialog.Some[dialog.UserID]("o")
	out, err := i.service.Create(i.Context(), server(), c)
	if err != nil {
		i.Fatal(err)
	}
	return out.Dialog.ID
}

func (i *instance) group(occupants ...dialog.UserID) dialog.ID {
	i.Helper()
	return i.create(dialog.Creation{Type: dialog.Group, Occupants: occupants})
}

func (i *instance) update(id dialog.ID, c dialog.Change) {
	i.Helper()
	if _, err := i.service.Update(i.Context(), server(), string(id), c); err != nil {
		i.Fatal(err)
	}
}

func (i *instance) rename(id dialog.ID, name string) {
	i.Helper()
	i.update(id, dialog.Change{Name: dialog.Some(name)})
}

// A client watches, and fails the test on errors.
type client struct {
	*instance
	*live.Watch
	cursor string
}

func (i *instance) watchOne(c dialog.Caller, id dialog.ID, since ...int64) *client {
	i.Helper()
	var version dialog.Optional[int64]
	if len(since) > 0 {
		version = dialog.Some(since[0])
	}
	w, err := i.hub.Dialog(i.Context(), c, string(id), version)
	if err != nil {
		i.Fatalf("watching %s as %+v: %v", id, c, err)
	}
	i.Cleanup(w.Close)
	return &client{instance: i, Watch: w}
}

func (i *instance) watchAll(c dialog.Caller, after ...string) *client {
	i.Helper()
	var cursor dialog.Optional[string]
	if len(after) > 0 {
		cursor = dialog.Some(after[0])
	}
	w, err := i.hub.Dialogs(i.Context(), c, cursor)
	if err != nil {
		i.Fatalf("watching as %+v: %v", c, err)
	}
	i.Cleanup(w.Close)
	return &client{instance: i, Watch: w}
}

// told is the content of an event.
type told struct {
	ID      dialog.ID
	Version int64 // 0 without a record
	Visible bool
}

func (c *client) next() (told, error) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	e, err := c.Next(ctx)
	if err != nil {
		return told{}, err
	}
	c.cursor = e.Cursor
	t := told{ID: e.ID, Visible: e.Dialog != nil}
	if e.Change != nil {
		t.Version = e.Change.Version
	}
	if e.Dialog != nil && (e.Dialog.ID != e.ID || e.Dialog.Version < t.Version || e.Dialog.History != nil) {
		c.Errorf("an event of %s, version %d, has the dialog %+v", e.ID, t.Version, e.Dialog)
	}
	return t, nil
}

func (c *client) gets(want ...told) {
	c.Helper()
	for _, w := range want {
		got, err := c.next()
		if err != nil {
			c.Fatalf("waiting for %+v: %v", w, err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			c.Fatalf("an event (-want +got):\n%s", diff)
		}
	}
}

func (c *client) ends(want error) {
	c.Helper()
	if e, err := c.next(); !errors.Is(err, want) {
		c.Fatalf("%+v, %v, want the end: %v", e, err, want)
	}
}

func TestOneDialog(t *testing.T) {
	engines(t, func(t *testing.T, open func() dialog.Store) {
		i := start(t, open())
		id := i.group("a", "b")
		owner, a, b := i.watchOne(user("o"), id), i.watchOne(user("a"), id), i.watchOne(user("b"), id, 0)
		b.gets(told{id, 1, true})
		i.rename(id, "2")
		a.gets(told{id, 2, true})
		i.update(id, dialog.Change{RemoveOccupants: ids("a")})
		i.rename(id, "4")
		owner.gets(told{id, 2, true}, told{id, 3, true}, told{id, 4, true})
		a.gets(told{id, 3, false})
		a.ends(live.ErrOver)
		b.gets(told{id, 2, true}, told{id, 3, true}, told{id, 4, true})

		late := i.watchOne(user("o"), id, 2)
		late.gets(told{id, 3, true}, told{id, 4, true})
		gone := i.watchOne(user("a"), id, 1) // they could see it then
		gone.gets(told{id, 2, false}, told{id, 3, false})
		gone.ends(live.ErrOver)

		i.update(id, dialog.Change{Delete: true})
		for _, c := range []*client{owner, b, late} {
			c.gets(told{id, 5, false})
			c.ends(live.ErrOver)
		}
		i.watchOne(user("b"), id, 4).gets(told{id, 5, false})
	})
}

func TestOneDialogRefused(t *testing.T) {
	i := start(t, memory.NewStore())
	id, deleted, long := i.group("a"), i.group("a"), i.group("a")
	i.update(deleted, dialog.Change{Delete: true})
	for range dialog.HistoryKept + 1 {
		i.rename(long, rand.Text())
	}
	for _, tt := range []struct {
		reason string
		caller dialog.Caller
		id     dialog.ID
		since  dialog.Optional[int64]
		code   dialog.Code
	}{
		{"nobody", dialog.Caller{}, id, dialog.Optional[int64]{}, dialog.Unauthenticated},
		{"no id", user("a"), "x", dialog.Optional[int64]{}, dialog.Invalid},
		{"no dialog", user("a"), "0123456789abcdef01234567", dialog.Optional[int64]{}, dialog.NotFound},
		{"an outsider", user("x"), id, dialog.Optional[int64]{}, dialog.Forbidden},
		{"an outsider from the start", user("x"), id, dialog.Some[int64](0), dialog.Forbidden},
		{"a deleted dialog", user("a"), deleted, dialog.Optional[int64]{}, dialog.NotFound},
		{"a deleted dialog at its last version", user("a"), deleted, dialog.Some[int64](2), dialog.NotFound},
		{"a deleted dialog of others", user("x"), deleted, dialog.Some[int64](1), dialog.NotFound},
		{"an outsider with a version of the future", user("x"), id, dialog.Some[int64](2), dialog.Forbidden},
		{"an outsider with a negative version", user("x"), id, dialog.Some[int64](-1), dialog.Forbidden},
		{"a version of the future of a deleted dialog", user("x"), deleted, dialog.Some[int64](3), dialog.NotFound},
		{"a version of the future", user("a"), id, dialog.Some[int64](2), dialog.Invalid},
		{"a negative version", user("a"), id, dialog.Some[int64](-1), dialog.Invalid},
		{"a version that is no longer kept", user("a"), long, dialog.Some[int64](1), dialog.ResyncRequired},
	} {
		if _, err := i.hub.Dialog(t.Context(), tt.caller, string(tt.id), tt.since); !dialog.IsCode(err, tt.code) {
			t.Errorf("%s: %v, want code %v", tt.reason, err, tt.code)
		}
	}
	i.watchOne(user("a"), long, 2).gets(told{long, 3, true})
}

func TestAllDialogs(t *testing.T) {
	engines(t, func(t *testing.T, open func() dialog.Store) {
		i := start(t, open())
		before := i.group("a")
		owner, a, x, back := i.watchAll(user("o")), i.watchAll(user("a")), i.watchAll(user("x")), i.watchAll(server())
		// The order of different dialogs is not guaranteed.
		everyone := func(want told, clients ...*client) {
			t.Helper()
			for _, c := range append(clients, owner, back) {
				c.gets(want)
			}
		}
		one := i.group("a")
		everyone(told{one, 1, true}, a)
		i.rename(before, "2")
		everyone(told{before, 2, true}, a)
		i.update(one, dialog.Change{RemoveOccupants: ids("a")})
		a.gets(told{one, 2, false})
		everyone(told{one, 2, true})
		i.rename(one, "3")
		everyone(told{one, 3, true})
		i.update(one, dialog.Change{AddOccupants: ids("x")})
		everyone(told{one, 4, true}, x)
		public := i.create(dialog.Creation{Type: dialog.PublicGroup})
		everyone(told{public, 1, true})
		// Everyone can see a public group, but only its owner and admins watch it. Whoever is no
		// longer one of these learns it in the same way as members of other dialogs.
		i.update(public, dialog.Change{AddAdmins: ids("p")})
		everyone(told{public, 2, true})
		admin := i.watchAll(user("p"))
		other := i.watchOne(user("p"), public)
		i.rename(public, "3")
		everyone(told{public, 3, true}, admin, other)
		appointed := admin.cursor
		i.update(public, dialog.Change{RemoveAdmins: ids("p")})
		admin.gets(told{public, 4, false})
		everyone(told{public, 4, true}, other)
		i.rename(public, "5")
		everyone(told{public, 5, true}, other)
		i.watchAll(user("p"), appointed).gets(told{public, 0, false})
		i.update(one, dialog.Change{Delete: true})
		everyone(told{one, 5, false}, x)

		// The owner and a watch again, each from where they stopped.
		i.rename(before, "3")
		i.rename(before, "4")
		i.watchAll(user("o"), owner.cursor).gets(told{before, 4, true})
		i.watchAll(user("a"), a.cursor).gets(told{before, 4, true})
		i.rename(before, "5")
		a.gets(told{before, 3, true}, told{before, 4, true}, told{before, 5, true})
		// A user who left while disconnected learns that, and nothing that happened
		// afterwards.
		i.update(before, dialog.Change{RemoveOccupants: ids("a")})
		a.gets(told{before, 6, false})
		i.watchAll(user("a"), a.cursor)
		gone := a.cursor
		i.update(before, dialog.Change{AddOccupants: ids("a")})
		a.gets(told{before, 7, true})
		away := a.cursor
		i.update(before, dialog.Change{RemoveOccupants: ids("a")})
		i.rename(before, "9")
		i.watchAll(user("a"), away).gets(told{before, 0, false})
		if page, err := i.service.Changes(t.Context(), user("a"), dialog.Some(gone), dialog.Optional[int]{}); err != nil || len(page.Changed) != 0 {
			t.Errorf("a user who left was told %+v, %v", page, err)
		}
		if _, err := i.hub.Dialogs(t.Context(), user("x"), dialog.Some(a.cursor)); !dialog.IsCode(err, dialog.ResyncRequired) {
			t.Errorf("with a cursor of somebody else: %v", err)
		}
		if _, err := i.hub.Dialogs(t.Context(), user("x"), dialog.Some("x")); !dialog.IsCode(err, dialog.Invalid) {
			t.Errorf("with no cursor: %v", err)
		}
	})
}

// A client that does not read is cut off, and other clients are not affected.
func TestSlowReader(t *testing.T) {
	i := start(t, memory.NewStore())
	id := i.group("a")
	slow, other := i.watchAll(user("o")), i.watchOne(user("a"), id)
	for n := range int64(400) {
		i.rename(id, rand.Text())
		other.gets(told{id, n + 2, true})
	}
	for {
		if _, err := slow.next(); err != nil {
			if !dialog.IsCode(err, dialog.ResyncRequired) {
				t.Errorf("a slow reader: %v", err)
			}
			break
		}
	}
}

// When the changes that wait for clients take too much memory, those of a client that has not
// read for a while are dropped, and other clients are not affected. The client is not cut off:
// it reads the changes from the store when it continues.
func TestHeavyReader(t *testing.T) {
	i := start(t, memory.NewStore())
	light, heavy := i.group("a"), i.group("b")
	slow, all, late := i.watchOne(user("b"), heavy), i.watchAll(user("b")), i.watchOne(user("o"), heavy)
	idle, other := i.watchOne(user("a"), light), i.watchOne(user("b"), heavy)
	latest := int64(1)
	rename := func(times int) {
		for range times {
			latest++
			i.rename(heavy, fmt.Sprint("heavy ", latest))
			other.gets(told{heavy, latest, true})
		}
	}
	rename(40)
	i.rename(light, "light")
	idle.gets(told{light, 2, true})
	for version := range latest - 1 { // each change, because the store has all of them
		slow.gets(told{heavy, version + 2, true})
	}
	all.gets(told{heavy, latest, true})
	rename(1)
	slow.gets(told{heavy, latest, true})
	all.gets(told{heavy, latest, true})
	rename(dialog.HistoryKept)
	if _, err := late.next(); !dialog.IsCode(err, dialog.ResyncRequired) {
		t.Errorf("a reader whose changes are no longer kept: %v", err)
	}
}

// TestSetBackOften: a client whose changes are dropped again and again, because others need the
// room, learns everything, nothing twice, and also that it can no longer see the dialog.
func TestSetBackOften(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() dialog.Store) {
		i := start(t, open())
		id, other := i.group("a"), i.group("a")
		one, all, running := i.watchOne(user("a"), id), i.watchAll(user("a")), i.watchAll(server())
		version := int64(1)
		for n := range 8 {
			for range 3 {
				version++
				i.rename(id, fmt.Sprint(version))
				running.gets(told{id, version, true})
			}
			each := []told{{id, version - 2, true}, {id, version - 1, true}, {id, version, true}}
			if n%2 == 0 {
				one.SetBack()
				all.SetBack()
				all.gets(each[2]) // the latest change
			} else {
				all.gets(each...)
			}
			one.gets(each...)
		}
		i.update(id, dialog.Change{RemoveOccupants: ids("a")})
		running.gets(told{id, version + 1, true})
		one.SetBack()
		all.SetBack()
		one.gets(told{id, version + 1, false})
		one.ends(live.ErrOver)
		removed, err := all.next()
		if err != nil || removed.ID != id || removed.Visible {
			t.Errorf("got %+v and %v, want the dialog that is gone", removed, err)
		}
		i.rename(other, "2")
		all.gets(told{other, 2, true})
		all.SetBack() // nothing waits
		i.rename(other, "3")
		all.gets(told{other, 3, true})
	})
}

// TestHeavyHistory: only the new records of a dialog wait for a client that does not read. So
// it is not cut off by a few changes of a dialog with a large history.
func TestHeavyHistory(t *testing.T) {
	t.Parallel()
	i := start(t, memory.NewStore())
	id := i.group("a")
	for n := range dialog.HistoryKept {
		i.rename(id, fmt.Sprint("with heavy records ", n))
	}
	slow, other := []*client{i.watchAll(user("o")), i.watchOne(user("o"), id)}, i.watchOne(user("a"), id)
	last := int64(dialog.HistoryKept + 1)
	for n := range int64(10) { // 50 MB with all records
		i.rename(id, fmt.Sprint("with heavy records, later ", n))
		other.gets(told{id, last + 1 + n, true})
	}
	for _, c := range slow {
		for n := range int64(10) {
			c.gets(told{id, last + 1 + n, true})
		}
	}
}

// TestManyHeavyChanges: when many changes are read at once, nobody is cut off who reads them,
// although all of them take more memory than may wait.
func TestManyHeavyChanges(t *testing.T) {
	t.Parallel()
	store := &heldStore{Store: memory.NewStore()}
	i := start(t, store)
	var clients []*client
	var changed []dialog.ID
	for n := range 40 { // with 1 MiB for each
		u := dialog.UserID(fmt.Sprint(n))
		id := i.group(u)
		clients, changed = append(clients, i.watchOne(user(u), id)), append(changed, id)
	}
	store.looking.Lock()
	for _, id := range changed {
		i.rename(id, "heavy")
	}
	store.looking.Unlock()
	for n, c := range clients {
		c.gets(told{changed[n], 2, true})
		time.Sleep(2 * time.Millisecond) // as long as it takes to make an answer
	}
}

func TestStopped(t *testing.T) {
	i := start(t, memory.NewStore())
	id := i.group("a")
	one, all := i.watchOne(user("a"), id), i.watchAll(server())
	i.stop()
	one.ends(live.ErrStopped)
	all.ends(live.ErrStopped)
}
