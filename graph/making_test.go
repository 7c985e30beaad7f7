package graph

import (
	"slices"
	"testing"

	"dialogs/dialog"
)

// TestMaking: four subscriptions make events in a lane with one place.
func TestMaking(t *testing.T) {
	m := newMaking()
	m.free, m.looking = 1, true // only checks when the test calls look
	var places [4]place
	ran := make(chan int)
	for i := range places {
		m.enter(&places[i], func() bool { ran <- i; return false })
	}
	expect := func(want int) {
		t.Helper()
		if got := <-ran; got != want {
			t.Errorf("subscription %d runs, want %d", got, want)
		}
	}
	expect(0)
	m.leave(&places[0])
	m.leave(&places[0]) // it no longer has one
	expect(1)
	m.look()
	if !slices.Equal(m.taken, []*place{&places[1]}) {
		t.Error("a place was taken away too early")
	}
	m.look()
	expect(2) // because the previous one has had its place for too long
	m.leave(&places[1])
	m.leave(&places[2])
	expect(3)
	m.wait(&places[3]) // it already has one
	m.leave(&places[3])
	m.wait(&places[0])
	m.leave(&places[0])
	if m.free != 1 || len(m.taken)+m.queue.Len() > 0 {
		t.Errorf("in the end %d places are free, %d taken, and %d wait", m.free, len(m.taken), m.queue.Len())
	}
}

// TestMakingTakesTurns: the only subscription of one caller does not wait for all of those
// of another one.
func TestMakingTakesTurns(t *testing.T) {
	m := newMaking()
	m.free, m.looking = 1, true
	places := []place{
		{caller: dialog.Actor{User: "many"}},
		{caller: dialog.Actor{User: "many"}},
		{caller: dialog.Actor{User: "many"}},
		{caller: dialog.Actor{User: "one"}},
	}
	ran := make(chan int)
	for i := range places {
		m.enter(&places[i], func() bool { ran <- i; return false })
	}
	for _, want := range []int{0, 1, 3, 2} {
		got := <-ran
		if got != want {
			t.Errorf("subscription %d runs, want %d", got, want)
		}
		m.leave(&places[got])
	}
	if m.free != 1 || m.queue.Len() > 0 {
		t.Errorf("in the end %d places are free, and %d callers wait", m.free, m.queue.Len())
	}
}

// TestMakingGoesOn: subscriptions that rise from a place follow each other in it, without
// a goroutine for each. One that does not rise keeps it.
func TestMakingGoesOn(t *testing.T) {
	t.Parallel()
	m := newMaking()
	m.free, m.looking = 0, true
	var places [4]place
	ran := make(chan int)
	for i := range places {
		m.enter(&places[i], func() bool {
			risen := i != 2 && m.rise(&places[i])
			if i == 1 { // it was woken in the meantime
				m.resume(&places[i])
				risen = m.rise(&places[i])
			}
			ran <- i
			return risen
		})
	}
	m.pass() // as if another one had risen
	for want := range 3 {
		if got := <-ran; got != want {
			t.Errorf("subscription %d runs, want %d", got, want)
		}
	}
	m.mu.Lock()
	waiting := m.queue.Len()
	m.mu.Unlock()
	if waiting != 1 {
		t.Errorf("%d subscriptions wait while one keeps the place, want 1", waiting)
	}
	m.leave(&places[2])
	if got := <-ran; got != 3 {
		t.Errorf("subscription %d runs, want the last one", got)
	}
	m.wait(&place{caller: dialog.Actor{User: "another"}}) // as soon as the last one has risen
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.free != 0 || len(m.taken) != 1 || m.queue.Len() > 0 {
		t.Errorf("in the end %d places are free, %d taken, and %d wait", m.free, len(m.taken), m.queue.Len())
	}
}
