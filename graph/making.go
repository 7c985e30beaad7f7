package graph

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
	"dialogs/fair"
)

const (
	// placeMost is the least time for which a subscription keeps its place; it loses it
	// after at most twice that. If making an event takes longer, the subscription is
	// waiting for something, and others need not wait for it.
	placeMost = 10 * time.Millisecond
	// placeBytes is up to which length a message is sent without giving up the place. If
	// the operating system reports free space in the send buffer, there is room for that.
	placeBytes = 8 << 10
)

// making is a lane in which a limited number of subscriptions make their events at the
// same time: one less than there are CPUs. Otherwise, an event for thousands of
// subscribers would use all CPUs until each of them has it, and other requests would have
// to wait that long.
type making struct {
	mu   sync.Mutex // guards all, and the places
	free int
	// queue has the subscriptions that wait. Credentials take turns: a caller with many
	// subscriptions does not hold up the others.
	queue   *fair.Queue[dialog.Actor, placeless]
	taken   []*place
	looking bool // a timer runs
}

// A placeless subscription waits for a place, and then runs.
type placeless struct {
	place *place
	run   func()
}

// A place is the place of one subscription of a caller in the lane. old means that it
// already had the place at the last check.
type place struct {
	caller     dialog.Actor
	taken, old bool
}

func newMaking() *making {
	return &making{free: max(1, runtime.GOMAXPROCS(0)-1), queue: fair.New[dialog.Actor, placeless](1)}
}

// enter calls run in a new goroutine as soon as there is a place. Callers take turns; the
// subscriptions of a caller keep their order. It does not block.
func (m *making) enter(p *place, run func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.free > 0 {
		m.free--
		m.give(placeless{p, run})
		return
	}
	m.queue.Push(p.caller.Credential(), p.caller, 1, placeless{p, run})
}

// give gives away a free place. The mutex must be held.
func (m *making) give(w placeless) {
	if !m.looking {
		m.looking = true
		time.AfterFunc(placeMost, m.look)
	}
	w.place.taken, w.place.old = true, false
	m.taken = append(m.taken, w.place)
	go w.run()
}

// leave gives the place to the next subscription, if this one still has it.
func (m *making) leave(p *place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take(p)
}

// take takes the place away and gives it to the next subscription. The mutex must be held.
func (m *making) take(p *place) {
	if !p.taken {
		return
	}
	p.taken = false
	i := slices.Index(m.taken, p)
	m.taken = slices.Delete(m.taken, i, i+1)
	next, ok := m.queue.Pop()
	if !ok {
		m.free++
		return
	}
	m.give(next.Item)
}

// look takes away places that a subscription has had for too long.
func (m *making) look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range slices.Clone(m.taken) {
		if p.old {
			m.take(p)
		} else {
			p.old = true
		}
	}
	if m.looking = len(m.taken) > 0; m.looking {
		time.AfterFunc(placeMost, m.look)
	}
}

// wait waits for a place, unless the subscription already has one.
func (m *making) wait(p *place) {
	m.mu.Lock()
	taken := p.taken
	m.mu.Unlock()
	if taken {
		return
	}
	ready := make(chan struct{})
	m.enter(p, func() { close(ready) })
	<-ready
}
