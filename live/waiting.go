package live

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// waitingBytes is how much memory the changes may take that wait for their readers.
const waitingBytes = 16 << 20

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

// cutOff drops the changes that wait for the readers that are furthest behind, until the
// others have room. h.mu must be held.
func (h *Hub) cutOff() {
	type late struct {
		w     *Watch
		bytes int64
	}
	var all []late
	for w := range h.watches.all() {
		if n := w.waitingBytes(); n > 0 {
			all = append(all, late{w, n})
		}
	}
	slices.SortFunc(all, func(a, b late) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, l := range all {
		if h.waiting.Load() <= waitingBytes*3/4 {
			return
		}
		l.w.overflow()
	}
}

// waitingBytes returns how much memory the changes take that wait for the reader.
func (w *Watch) waitingBytes() (bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
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
