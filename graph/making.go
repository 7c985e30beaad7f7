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

// A placeless subscription waits for a place, and then runs. run returns true if it still
// had the place at its end, and has risen from it.
type placeless struct {
	place *place
	run   func() (risen bool)
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

// enter calls run as soon as there is a place. Callers take turns; the subscriptions of a
// caller keep their order. It does not block.
func (m *making) enter(p *place, run func() (risen bool)) {
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
	m.seat(w.place)
	go m.work(w)
}

// work runs one subscription after the other in the same place, which takes less than a
// goroutine for each. It ends when a subscription keeps the place, or has lost it.
func (m *making) work(w placeless) {
	for more := true; more && w.run(); {
		runtime.Gosched() // whatever else waits for a CPU is next
		w, more = m.following()
	}
}

// following gives the place from which a subscription has risen to the next one.
func (m *making) following() (placeless, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, ok := m.queue.Pop()
	if !ok {
		m.free++
		return placeless{}, false
	}
	m.seat(next.Item.place)
	return next.Item, true
}

// pass gives the place from which a subscription has risen to the next one, if there is one.
func (m *making) pass() {
	if next, ok := m.following(); ok {
		go m.work(next)
	}
}

// seat gives a place to a subscription. The mutex must be held.
func (m *making) seat(p *place) {
	if !m.looking {
		m.looking = true
		time.AfterFunc(placeMost, m.look)
	}
	p.taken, p.old = true, false
	m.taken = append(m.taken, p)
}

// rise takes the place away from a subscription, without giving it to another one, and
// reports whether it still had it.
func (m *making) rise(p *place) (risen bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unseat(p)
}

// unseat is rise while the mutex is held.
func (m *making) unseat(p *place) (risen bool) {
	if !p.taken {
		return false
	}
	p.taken = false
	i := slices.Index(m.taken, p)
	m.taken = slices.Delete(m.taken, i, i+1)
	return true
}

// resume gives the place back to a subscription that has risen from it.
func (m *making) resume(p *place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seat(p)
}

// leave gives the place to the next subscription, if this one still has it.
func (m *making) leave(p *place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take(p)
}

// take takes the place away and gives it to the next subscription. The mutex must be held.
func (m *making) take(p *place) {
	if !m.unseat(p) {
		return
	}
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
	m.enter(p, func() bool {
		close(ready)
		return false // it keeps the place
	})
	<-ready
}
