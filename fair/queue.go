// Package fair is a queue in which callers take turns: however much one caller queues, the
// work of another one waits only for a limited amount of it. The members of one caller,
// for example the users for whom one API key acts, share the turns of that caller.
//
// The package must not know what the work is, or who does it. It has no locks: its users
// already have one that guards more than the queue.
package fair

import (
	"slices"
	"sort"
)

// costMost is the largest cost of an entry. It limits how many turns a caller has to save
// for one entry, so that a wrong cost cannot keep [Queue.Next] busy.
const costMost = 1 << 16

// A Queue has the work of callers, in the order in which it should be done. It is not safe
// for concurrent use. Callers that are alone are their own only member.
//
// It uses deficit round-robin: each turn gives a caller credit, and an entry is due once
// its caller has enough credit for its cost. So light work passes heavy work. A caller
// that had nothing waiting, and has credit for the new entry, comes before callers with a
// backlog.
type Queue[K comparable, T any] struct {
	quantum int
	flows   map[K]*flow[K, T]
	// fresh are callers with credit that had nothing waiting before, in the order of their
	// arrival. turns are the other callers, in the order of their turns. Each flow is in
	// one of the two.
	fresh, turns []*flow[K, T]
	waiting      int
}

// A flow is the work of one caller. It is kept for one turn after its last entry:
// otherwise a caller that always queues little would get new credit each time.
type flow[K comparable, T any] struct {
	caller  K
	entries []*Entry[K, T] // in the order of their rounds
	credit  int
	// In each round, each member has one entry. round is that of the latest entry that was
	// taken, and members are those with entries.
	round   int
	members map[K]*member
	// served is for [Line]: how many entries of all callers had been taken when the latest
	// one of this caller was; 0 if none was.
	served int
}

// A member of a caller has this many entries waiting, the last of them in this round.
type member struct{ waiting, round int }

// An Entry is one piece of work in the queue.
type Entry[K comparable, T any] struct {
	Item T
	// Cost is how much credit the entry takes; at least 1.
	Cost int

	flow   *flow[K, T]
	member K
	round  int
	// number is for [Line]: entries are numbered in the order of their arrival.
	number int
}

// New makes an empty queue. quantum is the credit that a caller gets in each turn, in the
// unit of the costs; at least 1.
func New[K comparable, T any](quantum int) *Queue[K, T] {
	return &Queue[K, T]{quantum: max(1, quantum), flows: map[K]*flow[K, T]{}}
}

// Len returns the number of entries.
func (q *Queue[K, T]) Len() int { return q.waiting }

// LenOf returns the number of entries of a caller.
func (q *Queue[K, T]) LenOf(caller K) int {
	if f := q.flows[caller]; f != nil {
		return len(f.entries)
	}
	return 0
}

// LenOfMember returns the number of entries of one member of a caller.
func (q *Queue[K, T]) LenOfMember(caller, of K) int {
	if f := q.flows[caller]; f != nil && f.members[of] != nil {
		return f.members[of].waiting
	}
	return 0
}

// Push adds work of a member of a caller, and returns its entry, for example for
// [Queue.Remove].
func (q *Queue[K, T]) Push(caller, of K, cost int, item T) *Entry[K, T] {
	f := q.flows[caller]
	e := &Entry[K, T]{Item: item, Cost: min(max(1, cost), costMost), flow: f, member: of}
	switch {
	case f == nil:
		f = &flow[K, T]{caller: caller, credit: q.quantum, members: map[K]*member{}}
		e.flow, q.flows[caller] = f, f
		q.fresh = append(q.fresh, f)
	case len(f.entries) == 0 && f.credit >= e.Cost && !slices.Contains(q.fresh, f):
		q.turns = without(q.turns, f)
		q.fresh = append(q.fresh, f)
	}
	f.add(e)
	q.waiting++
	return e
}

// add adds an entry after those of its round.
func (f *flow[K, T]) add(e *Entry[K, T]) {
	m := f.members[e.member]
	if m == nil {
		m = &member{round: f.round}
		f.members[e.member] = m
	}
	m.waiting++
	m.round++
	e.round = m.round
	at := len(f.entries)
	if at > 0 && f.entries[at-1].round > e.round {
		at = sort.Search(at, func(i int) bool { return f.entries[i].round > e.round })
	}
	f.entries = slices.Insert(f.entries, at, e)
}

// Next returns the entry that [Queue.Pop] would return; false if the queue is empty.
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
		// The turn is over. A caller that had no work for a whole round is forgotten, and
		// starts from the beginning when it returns.
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

// Pop removes and returns the next entry, and takes its cost from the caller's credit;
// false if the queue is empty.
func (q *Queue[K, T]) Pop() (*Entry[K, T], bool) {
	e, ok := q.Next()
	if !ok {
		return nil, false
	}
	e.flow.credit -= e.Cost
	e.flow.round = e.round
	q.Remove(e)
	return e, true
}

// Remove removes an entry, and reports whether it was still in the queue.
func (q *Queue[K, T]) Remove(e *Entry[K, T]) bool {
	removed := e.flow.remove(e)
	if removed {
		q.waiting--
	}
	return removed
}

func (f *flow[K, T]) remove(e *Entry[K, T]) bool {
	i := slices.Index(f.entries, e)
	if i < 0 {
		return false
	}
	if i == 0 {
		f.entries[0] = nil
		f.entries = f.entries[1:]
	} else {
		f.entries = slices.Delete(f.entries, i, i+1)
	}
	if m := f.members[e.member]; m.waiting > 1 {
		m.waiting--
	} else {
		delete(f.members, e.member)
	}
	return true
}

// Charge takes more credit from the caller of an entry that was already removed, because
// its work has cost more than expected. It has no effect if the caller was forgotten since
// then.
func (q *Queue[K, T]) Charge(e *Entry[K, T], more int) {
	e.flow.credit -= min(max(0, more), costMost)
}

// Heaviest returns the last entry of the caller whose entries weigh the most together; nil if
// the queue is empty.
func (q *Queue[K, T]) Heaviest(weigh func(T) int) (last *Entry[K, T]) {
	most := -1
	for _, f := range q.flows {
		weight := 0
		for _, e := range f.entries {
			weight += weigh(e.Item)
		}
		if len(f.entries) > 0 && weight > most {
			last, most = f.entries[len(f.entries)-1], weight
		}
	}
	return last
}

// forget removes the callers of an empty queue. Those in debt are kept, and get credit as
// if each call were a turn.
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
