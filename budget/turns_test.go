package budget

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dialogs/api"
	"dialogs/dialog"
)

var (
	alice   = dialog.Caller{User: "alice"}
	bob     = dialog.Caller{User: "bob"}
	backend = dialog.Caller{APIKey: "backend"}
)

// take takes a turn without waiting.
func take(t *testing.T, turns *Turns, c dialog.Caller) (end func()) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel() // so that it would fail instead of waiting
	end, err := turns.Take(ended, c, LargeUnits)
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// TestTurns takes turns of one caller and of others.
func TestTurns(t *testing.T) {
	turns := NewTurns(2)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	first, second := take(t, turns, alice), take(t, turns, alice)
	_, err := turns.Take(ended, alice, LargeUnits)
	if refusal := api.AsRefusal(err); err == nil || refusal.Code != api.Unavailable || !strings.Contains(refusal.Message, "(2 run at once, --limit-large-operations)") {
		t.Errorf("a third turn: %v", err)
	}
	if end, err := turns.Take(ended, alice, LargeUnits-1); err != nil {
		t.Errorf("an operation that is not large: %v", err)
	} else {
		end()
	}
	others := []func(){take(t, turns, bob)}
	for range 2 * serverTurns {
		others = append(others, take(t, turns, backend))
	}
	if _, err := turns.Take(ended, backend, LargeUnits); err == nil {
		t.Error("a server has no limit")
	}
	first()
	take(t, turns, alice)()
	second()
	for _, end := range others {
		end()
	}
	if len(turns.by) > 0 {
		t.Errorf("callers are remembered who do nothing: %v", turns.by)
	}
	if end, err := (*Turns)(nil).Take(ended, alice, LargeUnits); err != nil {
		t.Error(err)
	} else {
		end()
	}
}

// TestTurnsOnBehalf: an API key does not get more turns by acting for more users, and each
// of these users has as many as others.
func TestTurnsOnBehalf(t *testing.T) {
	turns := NewTurns(1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var ends []func()
	for i := range serverTurns {
		c := backend
		c.User = dialog.UserID(fmt.Sprint("user ", i))
		ends = append(ends, take(t, turns, c))
		if _, err := turns.Take(ended, c, LargeUnits); err == nil {
			t.Error("a user on whose behalf a key acts has more turns than others")
		}
	}
	for _, c := range []dialog.Caller{backend, {User: "one more", APIKey: backend.APIKey}} {
		if _, err := turns.Take(ended, c, LargeUnits); err == nil {
			t.Error("a key has more turns with more users")
		}
	}
	take(t, turns, dialog.Caller{User: "user 0"})() // with a session of their own
	for _, end := range ends {
		end()
	}
	if len(turns.by) > 0 {
		t.Errorf("callers are remembered who do nothing: %v", turns.by)
	}
}

// TestTurnsWaiting: operations of a caller wait in order, and only a limited number of
// them may wait.
func TestTurnsWaiting(t *testing.T) {
	turns := NewTurns(1)
	end := take(t, turns, alice)
	order := make(chan int, waitingPerTurn)
	var all sync.WaitGroup
	for i := range waitingPerTurn {
		all.Go(func() {
			end, err := turns.Take(t.Context(), alice, LargeUnits)
			if err != nil {
				t.Error(err)
				return
			}
			order <- i
			end()
		})
		for waiting := 0; waiting <= i; {
			turns.mu.Lock()
			waiting = turns.by[alice.Actor()].waiting.Len()
			turns.mu.Unlock()
		}
	}
	_, err := turns.Take(t.Context(), alice, LargeUnits)
	if refusal := api.AsRefusal(err); err == nil || refusal.Code != api.RateLimited || refusal.RetryAfter <= 0 || !strings.Contains(refusal.Message, "--limit-large-operations") {
		t.Errorf("one too many: %v", err)
	}
	end()
	all.Wait()
	for i := range waitingPerTurn {
		if got := <-order; got != i {
			t.Fatalf("number %d had its turn when number %d was next", got, i)
		}
	}
}

// TestTurnsUnderARace: many operations of one caller come and go, and some give up
// waiting. There are never more than allowed, and no turn is lost.
func TestTurnsUnderARace(t *testing.T) {
	turns := NewTurns(2)
	var running, most atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				go cancel()
			}
			end, err := turns.Take(ctx, alice, LargeUnits)
			if err != nil {
				if !errors.As(err, new(*api.Refusal)) {
					t.Error(err)
				}
				return
			}
			if now := running.Add(1); now > most.Load() {
				most.Store(now)
			}
			running.Add(-1)
			end()
		})
	}
	all.Wait()
	if most.Load() > 2 {
		t.Errorf("%d ran at once", most.Load())
	}
	if len(turns.by) > 0 {
		t.Errorf("turns were lost: %v", turns.by)
	}
}
