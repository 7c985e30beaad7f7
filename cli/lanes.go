package cli

import (
	"runtime"

	"dialogs/dialog"
	"dialogs/store/lanes"
)

// mongoLanes is how many lists and counts run at once on MongoDB, where they take
// the CPUs of another machine.
const mongoLanes = 8

// mongoStarting is how many streams start at once on MongoDB: they mostly wait for the
// network.
const mongoStarting = 16

// laned puts lanes before the store that the APIs use. Sign-in and health checks
// use the store itself.
func (s *settings) laned(st dialog.Store) *lanes.Store {
	return lanes.New(st, lanes.Options{Lanes: s.lanes(), Waiting: s.scansWaiting, Rows: s.limits.Rows, Now: s.now})
}

// lanes is how many lists and counts run at once. They never take the last
// connection of a pool.
func (s *settings) lanes() int {
	n, pool := s.scanLanes, max(4, runtime.GOMAXPROCS(0))
	if !s.store.embedded() {
		pool = int(min(s.store.options.MongoMaxPool, 1<<20))
		if pool == 0 {
			pool = 100 // the driver's default
		}
	}
	switch {
	case n > 0:
	case s.store.embedded():
		n = runtime.GOMAXPROCS(0) - 1
	default:
		n = mongoLanes
	}
	return max(1, min(n, pool-1))
}
