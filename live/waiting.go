package live

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// waitingBytes is how much memory the changes may take that wait for their readers.
	waitingBytes = 16 << 20
	// stuckAfter is how long a change has waited when its reader is cut off to make room.
	stuckAfter = time.Second
)

// A load is the memory of a batch. It counts while at least one watch waits with the batch.
type load struct {
	all     *atomic.Int64
	bytes   int64
	holders atomic.Int64
}

func (l *load) hold() {
	if l.holders.Add(1) == 1 {
		l.all.Add(l.bytes)
	}
}

func (l *load) release() {
	if l.holders.Add(-1) == 0 {
		l.all.Add(-l.bytes)
	}
}

// makeRoom makes room for more changes. First, it cuts off readers that are stuck. If that is
// not enough, many changes were read at once, for example after the store was away: then
// it gives the other readers time to take them.
func (h *Hub) makeRoom() {
	h.cutOff()
	for begun := time.Now(); h.waiting.Load() > waitingBytes && time.Since(begun) < stuckAfter; {
		time.Sleep(5 * time.Millisecond)
	}
	h.cutOff() // now whoever has taken nothing meanwhile is stuck
}

// cutOff drops the changes that wait for readers that are stuck, of those first that are
// furthest behind, until the others have room.
func (h *Hub) cutOff() {
	if h.waiting.Load() <= waitingBytes {
		return
	}
	type stuck struct {
		w     *Watch
		bytes int64
	}
	var all []stuck
	before := time.Now().Add(-stuckAfter)
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches.all() {
		if n := w.stuckBytes(before); n > 0 {
			all = append(all, stuck{w, n})
		}
	}
	slices.SortFunc(all, func(a, b stuck) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, s := range all {
		if h.waiting.Load() <= waitingBytes*3/4 {
			return
		}
		s.w.overflow()
	}
}

// stuckBytes returns how much memory the changes take that wait for the reader, if the
// first one waits since an instant or longer.
func (w *Watch) stuckBytes(since time.Time) (bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 || w.waiting[0].handedAt.After(since) {
		return 0
	}
	for _, b := range w.waiting {
		bytes += b.load.bytes
	}
	return bytes
}

// overflow drops what is waiting, because the reader is too far behind.
func (w *Watch) overflow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	w.overflowed = true
	w.signal()
}

// drop drops what is waiting. w.mu must be held.
func (w *Watch) drop() {
	for _, b := range w.waiting {
		b.load.release()
	}
	w.waiting = nil
}
