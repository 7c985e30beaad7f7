package graph

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	// placeMost is how long a subscription surely keeps its place: what takes longer than
	// that, or twice as long, waits for something, and others need not.
	placeMost = 10 * time.Millisecond
	// placeBytes is how long a message may be that is sent while keeping the place. There is
	// room for it whenever the system says that there is room.
	placeBytes = 8 << 10
)

// making is a lane in which subscriptions make their events, a few at a time: one less
// than there are CPUs. An event that thousands wait for would otherwise keep all CPUs busy
// until everyone has it, and requests of others would wait that long.
type making struct {
	mu      sync.Mutex // guards all, and the places
	free    int
	waiting []placeless
	taken   []*place
	looking bool // a timer runs
}

// A placeless subscription waits for a place, and runs with it.
type placeless struct {
	place *place
	run   func()
}

// A place is that of one subscription in the lane. For one who has it, old says that it had
// it already when it was looked for the last time.
type place struct{ taken, old bool }

func newMaking() *making { return &making{free: max(1, runtime.GOMAXPROCS(0)-1)} }

// enter runs something in a goroutine of its own when there is a place for it, in the order
// of the calls. It never waits.
func (m *making) enter(p *place, run func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.free > 0 {
		m.free--
		m.give(placeless{p, run})
		return
	}
	m.waiting = append(m.waiting, placeless{p, run})
}

// give gives a place that is free. The mutex must be held.
func (m *making) give(w placeless) {
	if !m.looking {
		m.looking = true
		time.AfterFunc(placeMost, m.look)
	}
	*w.place = place{taken: true}
	m.taken = append(m.taken, w.place)
	go w.run()
}

// leave hands the place to the next, if the subscription still has it.
func (m *making) leave(p *place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take(p)
}

// take takes a place away, and hands it to the next. The mutex must be held.
func (m *making) take(p *place) {
	if !p.taken {
		return
	}
	p.taken = false
	i := slices.Index(m.taken, p)
	m.taken = slices.Delete(m.taken, i, i+1)
	if len(m.waiting) == 0 {
		m.waiting = nil // lets go of the array
		m.free++
		return
	}
	next := m.waiting[0]
	m.waiting[0] = placeless{}
	m.waiting = m.waiting[1:]
	m.give(next)
}

// look takes places away that somebody has for too long.
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

// wait waits for a place, unless the subscription has one.
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
