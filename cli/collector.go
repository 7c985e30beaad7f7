package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// collectorRoom is how many bytes a small heap may grow by before it is collected.
	// Go lets a heap double, and with a few megabytes in use it would be collected many
	// times a second.
	collectorRoom = 12 << 20
	// importRoom is the same for an import, which makes a lot of garbage quickly.
	importRoom = 64 << 20
	// collectorLeast and collectorMost are the bounds of what GOGC is set to.
	collectorLeast, collectorMost = 100, 400
)

// tuneCollector lets a small heap grow by that many bytes before it is collected, and a
// large one double as usual, until stop is called. GOGC, if it is set, decides instead.
// Near the memory limit, collections are as frequent as the limit requires.
func tuneCollector(room uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	stopped := new(atomic.Bool)
	(&tuning{stopped: stopped, room: room, percent: collectorLeast}).await()
	return func() { stopped.Store(true) }
}

// A tuning is unreachable, so that its finalizer runs after each collection.
type tuning struct {
	stopped *atomic.Bool
	room    uint64
	percent int
}

func (t *tuning) await() { runtime.SetFinalizer(t, (*tuning).adjust) }

func (t *tuning) adjust() {
	if t.stopped.Load() {
		debug.SetGCPercent(collectorLeast)
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := collectorPercent(live[0].Value.Uint64(), t.room)
	// Setting it stops the program for a moment, so small differences are left.
	if percent < t.percent*3/4 || percent > t.percent*5/4 {
		debug.SetGCPercent(percent)
		t.percent = percent
	}
	t.await()
}

// collectorPercent is GOGC for a heap with so many bytes in use, to grow by so many.
func collectorPercent(live, room uint64) int {
	return int(min(max(room*100/max(live, 1), collectorLeast), collectorMost))
}
