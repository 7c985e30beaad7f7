package observe

import (
	"maps"
	"sync"
	"sync/atomic"
)

// series are metrics by their labels. Looking one up takes no lock and allocates
// nothing.
type series[K comparable, V any] struct {
	// make makes the metric of a key that is new, and rest is the key for all others
	// once there are most.
	make func(K) V
	rest K
	most int

	seen atomic.Pointer[map[K]V]
	mu   sync.Mutex // of those who add to seen
}

func newSeries[K comparable, V any](most int, rest K, makeOne func(K) V) *series[K, V] {
	s := &series[K, V]{make: makeOne, rest: rest, most: most}
	s.seen.Store(&map[K]V{})
	return s
}

// of is the metric of a key.
func (s *series[K, V]) of(key K) V {
	if v, ok := (*s.seen.Load())[key]; ok {
		return v
	}
	return s.add(key)
}

func (s *series[K, V]) add(key K) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := *s.seen.Load()
	if len(seen) >= s.most {
		key = s.rest
	}
	if v, ok := seen[key]; ok {
		return v
	}
	more := maps.Clone(seen)
	more[key] = s.make(key)
	s.seen.Store(&more)
	return more[key]
}
