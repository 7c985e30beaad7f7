// Package fair is a queue in which callers take turns: however much one caller
// queues, the work of another is next after a bounded amount of it.
//
// The package must not know what the work is, nor who does it. It has no locks:
// its users have one around more than the queue.
package fair

import "slices"

// costMost bounds how many turns a caller saves up for one entry, so that a
// mistaken cost cannot keep [Queue.Next] busy.
const costMost = 1 << 16

// A Queue holds the work of callers, in the order in which it should be done.
// It is not safe for concurrent use.
//
// It is a deficit round-robin: each turn gives a caller credit for some work,
// and an entry is due once its caller has the credit for it. Light work
// therefore passes heavy work. A caller who had nothing waiting and has credit
// for what they bring comes before the callers whose work piled up.
type Queue[K comparable, T any] struct {
	quantum int
	flows   map[K]*flow[K, T]
	// fresh are callers with credit who had nothing waiting before, in the
	// order of their arrival; turns are the others, in the order of their
	// turns. Each flow is in one of the two.
	fresh, turns []*flow[K, T]
	waiting      int
}

// A flow is the work of one caller. It stays for a turn after its last entry:
// otherwise a caller with little work at a time would never run out of credit.
type flow[K comparable, T any] struct {
	caller  K
	entries []*Entry[K, T]
	credit  int
}

// An Entry is one piece of work that waits.
type Entry[K comparable, T any] struct {
	Item T
	// Cost is what the entry takes of its caller's credit; at least 1.
	Cost int
	flow *flow[K, T]
}

// New makes an empty queue. quantum is the credit that a caller gets in each
// turn, at least 1, in the unit of the costs.
func New[K comparable, T any](quantum int) *Queue[K, T] {
	return &Queue[K, T]{quantum: max(1, quantum), flows: map[K]*flow[K, T]{}}
}

// Len returns the number of entries.
func (q *Queue[K, T]) Len() int { return q.waiting }

// LenOf returns the number of a caller's entries.
func (q *Queue[K, T]) LenOf(caller K) int {
	if f := q.flows[caller]; f != nil {
		return len(f.entries)
	}
	return 0
}

// Push adds work of a caller. The entry is for [Queue.Remove].
func (q *Queue[K, T]) Push(caller K, cost int, item T) *Entry[K, T] {
	f := q.flows[caller]
	e := &Entry[K, T]{Item: item, Cost: min(max(1, cost), costMost), flow: f}
	switch {
	case f == nil:
		f = &flow[K, T]{caller: caller, credit: q.quantum}
		e.flow, q.flows[caller] = f, f
		q.fresh = append(q.fresh, f)
	case len(f.entries) == 0 && f.credit >= e.Cost && !slices.Contains(q.fresh, f):
		q.turns = without(q.turns, f)
		q.fresh = append(q.fresh, f)
	}
	f.entries = append(f.entries, e)
	q.waiting++
	return e
}

// Next returns the entry that [Queue.Pop] returns next; not ok without one.
func (q *Queue[K, T]) Next() (*Entry[K, T], bool) {
	if q.waiting == 0 {
		q.forget()
		return nil, false
	}
	for {
		list := &q.fresh
		if len(q.fresh) == 0 {
			list = &q.turns
		}
		f := (*list)[0]
		if len(f.entries) > 0 && f.entries[0].Cost <= f.credit {
			return f.entries[0], true
		}
		// The turn is over. A caller without work who was here for a whole
		// round is forgotten, and starts again when they return.
		idle := len(f.entries) == 0 && list == &q.turns
		*list = (*list)[1:]
		if idle && f.credit >= 0 {
			delete(q.flows, f.caller)
			continue
		}
		if list == &q.turns {
			f.credit += q.quantum
		}
		q.turns = append(q.turns, f)
	}
}

// Pop removes the entry that is next and takes its cost from its caller's
// credit; not ok without one.
func (q *Queue[K, T]) Pop() (*Entry[K, T], bool) {
	e, ok := q.Next()
	if !ok {
		return nil, false
	}
	e.flow.credit -= e.Cost
	q.Remove(e)
	return e, true
}

// Remove removes an entry, and reports whether it still waited.
func (q *Queue[K, T]) Remove(e *Entry[K, T]) bool {
	i := slices.Index(e.flow.entries, e)
	if i < 0 {
		return false
	}
	if i == 0 {
		e.flow.entries[0] = nil
		e.flow.entries = e.flow.entries[1:]
	} else {
		e.flow.entries = slices.Delete(e.flow.entries, i, i+1)
	}
	q.waiting--
	return true
}

// Charge takes more credit from the caller of an entry that was removed, when
// its work turns out to cost more than was known. It has no effect on a caller
// who was forgotten since.
func (q *Queue[K, T]) Charge(e *Entry[K, T], more int) {
	e.flow.credit -= min(max(0, more), costMost)
}

// Fullest returns the caller with the most entries and the last of these; nil
// without any.
func (q *Queue[K, T]) Fullest() *Entry[K, T] {
	var most *flow[K, T]
	for _, f := range q.flows {
		if most == nil || len(f.entries) > len(most.entries) {
			most = f
		}
	}
	if most == nil || len(most.entries) == 0 {
		return nil
	}
	return most.entries[len(most.entries)-1]
}

// forget drops the callers of an empty queue, except those in debt, who pay
// back as if each call were a turn.
func (q *Queue[K, T]) forget() {
	all := slices.Concat(q.fresh, q.turns)
	q.fresh, q.turns = nil, nil
	for _, f := range all {
		if f.credit >= 0 {
			delete(q.flows, f.caller)
			continue
		}
		f.credit += q.quantum
		q.turns = append(q.turns, f)
	}
}

func without[F comparable](list []F, one F) []F {
	return slices.DeleteFunc(list, func(f F) bool { return f == one })
}
