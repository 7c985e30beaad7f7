package live_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/live"
)

// A log has everything that one client was told, over all of its connections.
type log struct {
	instance  *instance
	caller    dialog.Caller
	reconnect bool
	// setBack means that what waits for the client is dropped again and again.
	setBack bool
	random  *rand.Rand

	mu       sync.Mutex
	versions map[dialog.ID][]int64
	copy     map[dialog.ID]int64 // the version of each dialog that the client has
	cursor   dialog.Optional[string]
}

func (l *log) String() string {
	return fmt.Sprintf("%+v, reconnecting %v, set back %v", l.caller, l.reconnect, l.setBack)
}

// connect starts to watch from where the log ends.
func (l *log) connect(ctx context.Context) (*live.Watch, error) {
	return l.instance.hub.Dialogs(ctx, l.caller, l.cursor)
}

// follow reads until ctx ends. With reconnect, it reconnects after every few events.
func (l *log) follow(ctx context.Context, w *live.Watch) error {
	defer func() { w.Close() }()
	for left := 1; ; left-- {
		if l.reconnect && left == 0 {
			left = 1 + l.random.IntN(30)
			w.Close()
			next, err := l.connect(ctx)
			if err != nil {
				return err
			}
			w = next
		}
		if l.setBack && l.random.IntN(3) == 0 {
			time.Sleep(time.Duration(l.random.IntN(20)) * time.Millisecond)
			w.SetBack()
		}
		e, err := w.Next(ctx)
		if err != nil {
			return err
		}
		l.note(e)
	}
}

func (l *log) note(e live.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cursor = dialog.Some(e.Cursor)
	if e.Change != nil {
		l.versions[e.ID] = append(l.versions[e.ID], e.Change.Version)
	}
	if e.Dialog == nil {
		delete(l.copy, e.ID)
	} else {
		l.copy[e.ID] = e.Dialog.Version
	}
}

func (l *log) has(want map[dialog.ID]int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Equal(l.copy, want)
}

// TestChaos changes dialogs at random, through two instances on one store, while clients
// follow. Some of the clients lose their connection all the time, and of some the changes that
// wait for them are dropped.
func TestChaos(t *testing.T) {
	engines(t, func(t *testing.T, open func() dialog.Store) {
		instances := []*instance{start(t, open()), start(t, open())}
		var made []dialog.ID
		for range 8 {
			made = append(made, instances[0].group("a", "b"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var logs []*log
		var following sync.WaitGroup
		for n, c := range []dialog.Caller{server(), user("o"), user("a"), user("c")} {
			for _, kind := range []struct{ reconnect, setBack bool }{{}, {reconnect: true}, {setBack: true}} {
				l := &log{
					instance: instances[n%2], caller: c, reconnect: kind.reconnect, setBack: kind.setBack, random: rand.New(rand.NewPCG(uint64(n), 1)),
					versions: map[dialog.ID][]int64{}, copy: map[dialog.ID]int64{},
				}
				w, err := l.connect(ctx)
				if err != nil {
					t.Fatal(err)
				}
				l.copy = l.expected(t, made)
				logs = append(logs, l)
				following.Go(func() {
					if err := l.follow(ctx, w); ctx.Err() == nil {
						t.Errorf("%s: %v", l, err)
					}
				})
			}
		}
		var writing sync.WaitGroup
		for w := range 4 {
			writing.Go(func() { write(t, instances[w%2], made, uint64(w), dialogtest.Times(60, 2000), logs) })
		}
		writing.Wait()
		for _, l := range logs {
			want := l.expected(t, made)
			for deadline := time.Now().Add(patience); !l.has(want) && time.Now().Before(deadline); {
				time.Sleep(10 * time.Millisecond)
			}
		}
		cancel()
		following.Wait()
		for _, l := range logs {
			l.check(t, made)
		}
	})
}

// reached reports whether the client was told of a version of a dialog.
func (l *log) reached(id dialog.ID, version int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copy[id] >= version
}

// aheadMost is how many changes a writer makes before it waits for the clients that see
// everything: four writers together stay below the 50 records that are kept of a dialog.
const aheadMost = 10

// write makes changes, slowly enough that no record is dropped before the clients have
// read it.
func write(t *testing.T, i *instance, made []dialog.ID, seed uint64, times int, logs []*log) {
	random := rand.New(rand.NewPCG(seed, 2))
	for n := range times {
		id, u := made[random.IntN(len(made))], dialog.UserID([]string{"a", "b", "c", "d"}[random.IntN(4)])
		change := dialog.Change{Name: dialog.Some(fmt.Sprint(seed, n))}
		switch random.IntN(6) {
		case 0:
			change = dialog.Change{AddOccupants: ids(u)}
		case 1:
			change = dialog.Change{RemoveOccupants: ids(u)}
		}
		out, err := i.service.Update(t.Context(), server(), string(id), change)
		if err != nil && !dialog.IsCode(err, dialog.Invalid) {
			t.Error(err)
		}
		for _, l := range logs { // the server and the owner see everything, each on another instance
			behind := n%aheadMost == 0 && err == nil && !l.reconnect && !l.setBack && (l.caller == server() || l.caller == user("o"))
			for deadline := time.Now().Add(patience); behind && !l.reached(id, out.Dialog.Version) && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(time.Duration(random.IntN(4)) * time.Millisecond)
	}
}

// expected are the dialogs that the caller is part of now.
func (l *log) expected(t *testing.T, made []dialog.ID) map[dialog.ID]int64 {
	t.Helper()
	want := map[dialog.ID]int64{}
	for _, id := range made {
		d, err := l.instance.service.Dialog(t.Context(), l.caller, string(id), false)
		if dialog.IsCode(err, dialog.Forbidden) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want[id] = d.Version
	}
	return want
}

// check compares what a client was told with what happened: each record once and in order;
// all records, unless the client caught up in between; and, in the end, the current dialogs.
func (l *log) check(t *testing.T, made []dialog.ID) {
	t.Helper()
	if want := l.expected(t, made); !maps.Equal(l.copy, want) {
		t.Errorf("%s: the copy is %v, want %v", l, l.copy, want)
	}
	for _, id := range made {
		told := l.versions[id]
		if !slices.IsSorted(told) || len(slices.Compact(slices.Clone(told))) != len(told) {
			t.Errorf("%s: of %s they were told, in this order, of %v", l, id, told)
		}
		if l.reconnect || l.setBack {
			continue
		}
		d, err := l.instance.service.Dialog(t.Context(), server(), string(id), true)
		if err != nil {
			t.Fatal(err)
		}
		var want []int64
		for i, sight := range d.Parts(l.caller, len(d.History)) {
			if version := d.History[i].Version; version > 1 && (sight.Before || sight.After) {
				want = append(want, version)
			}
		}
		told = slices.DeleteFunc(slices.Clone(told), func(v int64) bool { return v < d.History[0].Version })
		if !slices.Equal(told, want) {
			t.Errorf("%s: of %s they were told of %v, want %v", l, id, told, want)
		}
	}
}
