package fair

import (
	"cmp"
	"iter"
	"slices"
)

// A Line has the work of callers like [Queue], for work that cannot always be done in its
// turn: any entry can be taken. All entries cost the same. In each round, each caller has one
// entry. It is not safe for concurrent use.
type Line[K comparable, T any] struct {
	flows map[K]*flow[K, T]
	// round is the latest round of which an entry was taken. first has the round of the
	// first entry of each caller.
	round int
	first map[K]int
	// arrived and taken are how many entries there have been, and waiting is how many there
	// are.
	arrived, taken, waiting int
}

// NewLine makes an empty line.
func NewLine[K comparable, T any]() *Line[K, T] {
	return &Line[K, T]{flows: map[K]*flow[K, T]{}, first: map[K]int{}}
}

// Len returns the number of entries.
func (l *Line[K, T]) Len() int { return l.waiting }

// Push adds work of a member of a caller, and returns its entry.
func (l *Line[K, T]) Push(caller, of K, item T) *Entry[K, T] {
	f := l.flows[caller]
	if f == nil {
		f = &flow[K, T]{caller: caller, members: map[K]*member{}}
		l.flows[caller], l.first[caller] = f, l.round+1
	}
	l.arrived++
	l.waiting++
	e := &Entry[K, T]{Item: item, Cost: 1, flow: f, member: of, number: l.arrived}
	f.add(e)
	return e
}

// All iterates over the entries in the order of their turns. A caller whose entries could not
// be taken keeps the turn, and does not save up more of them. The line must not be changed
// meanwhile.
func (l *Line[K, T]) All() iter.Seq[*Entry[K, T]] {
	return func(yield func(*Entry[K, T]) bool) {
		flows := make([]*flow[K, T], 0, len(l.flows))
		for _, f := range l.flows {
			flows = append(flows, f)
		}
		// In a round, those who were served last come last.
		slices.SortFunc(flows, func(a, b *flow[K, T]) int {
			return cmp.Or(cmp.Compare(a.served, b.served), cmp.Compare(a.entries[0].number, b.entries[0].number))
		})
		for round := l.round; len(flows) > 0; round++ {
			left := flows[:0]
			for _, f := range flows {
				i := round - max(l.first[f.caller], l.round)
				if i >= 0 && !yield(f.entries[i]) {
					return
				}
				if i+1 < len(f.entries) {
					left = append(left, f)
				}
			}
			flows = left
		}
	}
}

// Take removes an entry because its work is done now: the turn of its caller is over.
func (l *Line[K, T]) Take(e *Entry[K, T]) {
	f := e.flow
	l.round = max(l.round, l.first[f.caller])
	l.first[f.caller] = l.round + 1
	l.taken++
	f.round, f.served = max(f.round, e.round), l.taken
	l.Remove(e)
}

// Remove removes an entry whose work is not done, and reports whether it was still there.
func (l *Line[K, T]) Remove(e *Entry[K, T]) bool {
	if !e.flow.remove(e) {
		return false
	}
	l.waiting--
	if len(e.flow.entries) == 0 {
		delete(l.flows, e.flow.caller)
		delete(l.first, e.flow.caller)
	}
	return true
}
