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
	// stuckAfter is how long a change has waited when it is dropped to make room.
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

// makeRoom makes room for more changes. First, it drops those that wait for readers that are
// stuck. If that is not enough, many changes were read at once, for example after the store
// was away: then it gives the other readers time to take them.
func (h *Hub) makeRoom() {
	h.setBack()
	for begun := time.Now(); h.waiting.Load() > waitingBytes && time.Since(begun) < stuckAfter; {
		time.Sleep(5 * time.Millisecond)
	}
	h.setBack() // now whoever has taken nothing meanwhile is stuck
}

// setBack drops the changes that wait for readers that are stuck, of those first that are
// furthest behind, until the others have room. A reader may be stuck because others change
// large dialogs faster than its network is, so it is not cut off: when it continues, it reads
// the changes from the store, where they need no room until then.
func (h *Hub) setBack() {
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
		s.w.setBack()
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

// setBack drops what is waiting: the reader reads it from the store when it continues.
func (w *Watch) setBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return
	}
	missing := w.waiting[0].reading
	w.drop()
	w.missing = &missing
	w.signal()
}

// drop drops what is waiting. w.mu must be held.
func (w *Watch) drop() {
	for _, b := range w.waiting {
		b.load.release()
	}
	w.waiting = nil
}
