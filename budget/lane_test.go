package budget

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"dialogs/api"
	"dialogs/dialog"
)

// waitFor waits until this many of a caller's requests wait for the lane.
func (l *Lane) waitFor(c dialog.Caller, n int) {
	for {
		l.mu.Lock()
		waiting := l.queue.LenOfMember(c.Actor().Credential(), c.Actor())
		l.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// TestLane: one caller sends many large requests, and another one a single request.
func TestLane(t *testing.T) {
	l := newReading()
	l.free = 1
	leave, err := l.Enter(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 4)
	enter := func(c dialog.Caller, name string, waiting int) {
		go func() {
			leave, err := l.Enter(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			order <- name
			leave()
		}()
		l.waitFor(c, waiting)
	}
	enter(alice, "alice 1", 1)
	enter(alice, "alice 2", 2)
	enter(alice, "alice 3", 3)
	enter(bob, "bob", 1)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Enter(ended, backend)
	if refusal := api.AsRefusal(err); err == nil || refusal.Code != api.Unavailable || refusal.RetryAfter == 0 || !strings.Contains(refusal.Message, "--request-timeout") {
		t.Errorf("a request whose time is up: %v", err)
	}

	leave()
	var got []string
	for range 4 {
		got = append(got, <-order)
	}
	if want := "alice 1, bob, alice 2, alice 3"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if leave, err = l.Enter(ended, bob); err != nil {
		t.Fatalf("a free lane: %v", err)
	}
	leave()
	if l.queue.Len() > 0 || l.free != 1 {
		t.Errorf("%d wait, with %d free", l.queue.Len(), l.free)
	}
}

// TestLaneOfStrangers: callers who are not known yet take turns by where they come from.
func TestLaneOfStrangers(t *testing.T) {
	l := NewLane(1, "")
	leave, err := l.EnterUnknown(t.Context(), "192.0.2.1/32")
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 4)
	for i, from := range []string{"192.0.2.1/32", "192.0.2.1/32", "192.0.2.1/32", "192.0.2.2/32"} {
		go func() {
			leave, err := l.EnterUnknown(t.Context(), from)
			if err != nil {
				t.Error(err)
				return
			}
			order <- from
			leave()
		}()
		for waiting := 0; waiting <= i; runtime.Gosched() {
			l.mu.Lock()
			waiting = l.queue.Len()
			l.mu.Unlock()
		}
	}
	leave()
	if first, second := <-order, <-order; first != "192.0.2.1/32" || second != "192.0.2.2/32" {
		t.Errorf("first %s and then %s", first, second)
	}
	<-order
	<-order
}

// TestReading reads small and large requests while the lane is taken.
func TestReading(t *testing.T) {
	q := NewRequests(DefaultLimits())
	q.reading.free = 0
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if done, err := q.Reading(ended, alice, SmallBytes); err != nil {
		t.Errorf("a small request waits: %v", err)
	} else {
		done()
	}
	if _, err := q.Reading(ended, alice, SmallBytes+1); err == nil {
		t.Error("a large request does not wait")
	}
}
