package live_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
)

// A fedStore announces changes when the test says so.
type fedStore struct {
	dialog.Store
	follow func(ctx context.Context, wake func()) error
}

func (s fedStore) Follow(ctx context.Context, wake func()) error { return s.follow(ctx, wake) }

// A fed hub follows a fedStore. Another instance makes the changes, without telling the
// hub. Both are in a synctest bubble with its own clock.
type fed struct {
	*testing.T
	other *dialog.Service
	watch *live.Watch
	id    dialog.ID
	n     int

	mu  sync.Mutex
	log bytes.Buffer
}

func (f *fed) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(line)
}

// said counts the log lines that contain a text.
func (f *fed) said(text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Count(f.log.String(), text)
}

func feeding(t *testing.T, follow func(ctx context.Context, wake func()) error, test func(f *fed)) {
	synctest.Test(t, func(t *testing.T) {
		db := memory.NewDatabase()
		policy := dialog.DefaultPolicy(dialog.DefaultLimits())
		f := &fed{T: t, other: dialog.NewService(db.Open(), policy, time.Now, rand.Reader)}
		store := fedStore{db.Open(), follow}
		hub := live.NewHub(live.Options{
			Store: store, Service: dialog.NewService(store, policy, time.Now, rand.Reader), Now: time.Now,
			Log: slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelInfo})),
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { hub.Run(ctx) })
		defer running.Wait()
		defer cancel()
		made, err := f.other.Create(t.Context(), user("a"), dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")})
		if err != nil {
			t.Fatal(err)
		}
		f.id = made.Dialog.ID
		if f.watch, err = hub.Dialogs(ctx, user("a"), dialog.Optional[string]{}); err != nil {
			t.Fatal(err)
		}
		defer f.watch.Close()
		test(f)
	})
}

// change makes a change on the other instance, and returns how long it took to arrive.
func (f *fed) change() time.Duration {
	f.Helper()
	f.n++
	if _, err := f.other.Update(f.Context(), user("a"), string(f.id), dialog.Change{Name: dialog.Some(fmt.Sprint(f.n))}); err != nil {
		f.Fatal(err)
	}
	start := time.Now()
	e, err := f.watch.Next(f.Context())
	if err != nil || e.Change == nil || e.Change.Version != int64(f.n+1) {
		f.Fatalf("got %+v and %v, want version %d", e, err, f.n+1)
	}
	return time.Since(start)
}

// TestNoFeed polls a store that cannot announce changes, and says so once.
func TestNoFeed(t *testing.T) {
	feeding(t, func(context.Context, func()) error { return fmt.Errorf("%w: no rights", dialog.ErrNoFeed) }, func(f *fed) {
		for range 100 {
			if took := f.change(); took > time.Second {
				f.Errorf("a change arrived after %v", took)
			}
		}
		if n := f.said(`level=INFO msg="the store cannot announce changes of other processes; polling every second" reason=`); n != 1 {
			f.Errorf("it is said %d times that the store is polled", n)
		}
	})
}

// TestFeedFails polls while following fails, for example because the position to resume
// from is lost. The log has one line when that begins and one when it ends.
func TestFeedFails(t *testing.T) {
	var tries atomic.Int32
	feeding(t, func(ctx context.Context, wake func()) error {
		wake()
		if tries.Add(1) < 10 {
			return errors.New("the resume token was not found")
		}
		each := time.NewTicker(time.Second / 10)
		defer each.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-each.C:
				wake()
			}
		}
	}, func(f *fed) {
		for range 600 {
			if took := f.change(); took > time.Second {
				f.Errorf("a change arrived after %v", took)
			}
			time.Sleep(time.Second)
		}
		failed, resumed := f.said("level=WARN msg=\"following the changes was interrupted"), f.said(`level=INFO msg="following the changes resumed"`)
		if tries.Load() != 10 || failed != 1 || resumed != 1 {
			f.Errorf("after %d tries, it is said %d times that they failed, and %d times that they are over", tries.Load(), failed, resumed)
		}
	})
}

// TestFeedSilent notices that a store has stopped announcing changes without an error,
// and follows it again.
func TestFeedSilent(t *testing.T) {
	var tries atomic.Int32
	feeding(t, func(ctx context.Context, wake func()) error {
		tries.Add(1)
		wake()
		<-ctx.Done()
		return ctx.Err()
	}, func(f *fed) {
		for range 100 {
			if took := f.change(); took > time.Second {
				f.Errorf("a change arrived after %v", took)
			}
		}
		if n := f.said("the store has stopped announcing changes"); n != 1 || tries.Load() < 3 {
			f.Errorf("it is said %d times that the store is silent, and it was followed %d times", n, tries.Load())
		}
	})
}

// TestQuietStore: a store in which nothing changes does not count as silent.
func TestQuietStore(t *testing.T) {
	var tries atomic.Int32
	feeding(t, func(ctx context.Context, wake func()) error {
		tries.Add(1)
		wake()
		<-ctx.Done()
		return ctx.Err()
	}, func(f *fed) {
		time.Sleep(time.Hour)
		if tries.Load() != 1 {
			f.Errorf("it was followed %d times", tries.Load())
		}
	})
}

// A countedStore counts the reads of all changes.
type countedStore struct {
	dialog.Store
	mu      sync.Mutex
	started int
	lost    bool
}

func (s *countedStore) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	s.mu.Lock()
	if q.User == "" && q.After == "" {
		s.started++
	}
	lost := s.lost && q.User == "" && q.After != ""
	s.lost = s.lost && !lost
	s.mu.Unlock()
	if lost {
		return dialog.ChangesPage{}, dialog.ErrResync()
	}
	return s.Store.ChangesSince(ctx, q)
}

// TestResyncStorm: many watches lose their position at once. All of them are told, and
// when they come back at the same time, the store is read from the start only once.
func TestResyncStorm(t *testing.T) {
	const crowd = 200
	store := &countedStore{Store: memory.NewStore()}
	i := start(t, store)
	id := i.group("a")
	var clients []*client
	for n := range crowd {
		clients = append(clients, i.watchAll(user(dialog.UserID(fmt.Sprint("u", n)))))
	}
	store.mu.Lock()
	before := store.started
	store.lost = true
	store.mu.Unlock()
	i.rename(id, "y")
	for _, c := range clients {
		if _, err := c.next(); !dialog.IsCode(err, dialog.ResyncRequired) {
			t.Fatalf("got %v, want RESYNC_REQUIRED", err)
		}
		c.Close()
	}
	var again sync.WaitGroup
	for n := range crowd {
		again.Go(func() {
			w, err := i.hub.Dialogs(t.Context(), user(dialog.UserID(fmt.Sprint("u", n))), dialog.Optional[string]{})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(w.Close)
		})
	}
	again.Wait()
	store.mu.Lock()
	defer store.mu.Unlock()
	if before != 1 || store.started != 2 {
		t.Errorf("the store was read from the start %d times for the first watches, and %d times for those that came back", before, store.started-before)
	}
}
