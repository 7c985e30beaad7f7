package edge

import "iter"

// A lineup has connections in an order, each in one lineup at most. Joining and leaving
// it allocates nothing: each request does so several times.
type lineup struct {
	first, last *connection
	length      int
}

// join puts a connection at the end.
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

// leave takes a connection out.
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

// all are the connections, from the first.
func (l *lineup) all() iter.Seq[*connection] {
	return func(yield func(*connection) bool) {
		for c := l.first; c != nil; c = c.behind {
			if !yield(c) {
				return
			}
		}
	}
}
