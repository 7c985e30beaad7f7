package edge

import (
	"iter"
	"time"
)

// patience is how long a slow client can keep its connection when others need the room.
const patience = 5 * time.Second

// A lineup is an ordered list of connections. A connection is in at most one lineup.
// Joining and leaving do not allocate memory, because each request does that several
// times.
type lineup struct {
	first, last *connection
	length      int
}

// join adds a connection at the end.
func (l *lineup) join(c *connection) {
	c.in, c.before, c.behind = l, l.last, nil
	if l.last == nil {
		l.first = c
	} else {
		l.last.behind = c
	}
	l.last = c
	l.length++
}

// leave removes a connection.
func (l *lineup) leave(c *connection) {
	if c.before == nil {
		l.first = c.behind
	} else {
		c.before.behind = c.behind
	}
	if c.behind == nil {
		l.last = c.before
	} else {
		c.behind.before = c.before
	}
	c.in, c.before, c.behind = nil, nil, nil
	l.length--
}

// all iterates over the connections, starting with the first.
func (l *lineup) all() iter.Seq[*connection] {
	return func(yield func(*connection) bool) {
		for c := l.first; c != nil; c = c.behind {
			if !yield(c) {
				return
			}
		}
	}
}

// victim returns the connection to close for a new one; nil if there is none. c.mu must be
// held.
func (c *Connections) victim(now time.Time, may func(*connection) bool) *connection {
	for _, l := range []*lineup{&c.idle, &c.unsigned} {
		for v := range l.all() {
			if may(v) {
				return v
			}
		}
	}
	for v := range c.held.all() {
		if may(v) && now.Sub(v.since) >= patience {
			return v
		}
	}
	return nil
}
