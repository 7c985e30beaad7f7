package live

import (
	"cmp"
	"context"
	"sync"
	"time"

	"dialogs/dialog"
)

// waitingMost is how many changes may wait for a reader. A reader that falls further
// behind is cut off with [dialog.ErrResync].
const waitingMost = 256

// An Event is one change of one dialog, limited to what the caller may see.
type Event struct {
	ID dialog.ID
	// Change is the record of the change. After a catch-up, it is the newest one
	// of the dialog, and nil when it is no longer kept.
	Change *dialog.Record
	// Dialog is the dialog as it is now, which can be newer than the change. It is nil if
	// the dialog is deleted, if the caller can no longer see it, or, for a watch of all
	// dialogs, if the caller is no longer part of it.
	Dialog *dialog.Dialog
	// Cursor is the position after this event, to resume from; empty if a single dialog is
	// watched.
	Cursor string
	// Bytes is how much memory was loaded for this event alone.
	Bytes int64
	// Shared is equal in the events of all watches that get the same Dialog with the same
	// changes, so that an answer can be reused. It is 0 if no other watch gets them.
	Shared uint64
}

// A batch is a dialog with records that were not handed out before. The watches that
// get it share it, and must not change it.
type batch struct {
	load *load
	// dialog has only those records of its history that are new. lost means that there were
	// more.
	dialog *dialog.Dialog
	lost   bool
	// bare is the dialog without its history.
	bare *dialog.Dialog
	// left means that the caller has left the dialog, in one of the records that are lost.
	left bool
	// recent means that the store may return the dialog again.
	recent bool
	reading
	// handedAt is when it was handed out.
	handedAt time.Time
	// shared is the number of the batch; 0 if only one watch gets it.
	shared uint64
}

// A reading is one of the hub's readings of the store, by its number.
type reading struct {
	// cycle is its number, and done that of the latest one before it that succeeded.
	cycle, done uint64
	// mark is a place before which nothing is missing once all batches of earlier readings
	// were taken. markedAt is when it was reached.
	mark     dialog.Mark
	markedAt time.Time
}

// A Watch delivers changes to one caller. It is not safe for concurrent use.
type Watch struct {
	hub    *Hub
	caller dialog.Caller
	// id is the dialog that is watched; empty for all dialogs of the caller.
	id dialog.ID
	// next makes events from the batches that were put.
	next source
	// pending are events that were made but not returned yet.
	pending []Event
	// ended is why no events follow the pending ones; nil if they may.
	ended error

	// ready wakes [Watch.Next]; nil until it waits.
	ready chan struct{}

	links links // the hub's mutex guards them

	mu         sync.Mutex // guards what follows
	waiting    []*batch
	overflowed bool // a batch was dropped because too many were waiting
	// missing is where the batches begin that were dropped to make room for others: the
	// watch reads them from the store. nil if there are none.
	missing *reading
	reason  error  // why no more batches are put
	notify  func() // optional
}

// A source makes events. If there are none yet, it returns no events and no error.
type source interface {
	// start makes the events that come before any batch.
	start(ctx context.Context) ([]Event, error)
	// take makes the events of a batch.
	take(b *batch) ([]Event, error)
	// goBack makes start read everything again that batches had from this reading on.
	goBack(to reading)
	// held is how much memory was loaded for events that are not made yet.
	held() int64
}

func (h *Hub) watch(ctx context.Context, w *Watch) (*Watch, error) {
	w.hub = h
	h.mu.Lock()
	h.watches.add(w)
	h.mu.Unlock()
	if err := h.activate(ctx); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Close ends the watch.
func (w *Watch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.hub.watches.remove(w)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
}

// Next waits for the next event. [ErrOver] means that there will be none, because the
// caller can no longer see the dialog; [dialog.ErrResync] means that the caller missed
// changes. After an error, only Close may be called, except after [dialog.Unavailable]:
// then Next can be called again, and resumes.
func (w *Watch) Next(ctx context.Context) (Event, error) {
	if w.ready == nil {
		ready := make(chan struct{}, 1)
		w.ready = ready
		w.OnReady(func() {
			select {
			case ready <- struct{}{}:
			default: // Next is about to look
			}
		})
	}
	for {
		e, ok, err := w.Take(ctx)
		if ok || err != nil {
			return e, err
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Take is like Next, but does not wait for a change: ok is false if there is no event yet.
func (w *Watch) Take(ctx context.Context) (e Event, ok bool, err error) {
	for {
		if len(w.pending) > 0 {
			e := w.pending[0]
			w.pending = w.pending[1:]
			return e, true, nil
		}
		w.pending = nil // frees the array
		if w.ended != nil {
			return Event{}, false, w.ended
		}
		if w.pending, err = w.next.start(ctx); err != nil {
			if dialog.IsCode(err, dialog.Unavailable) {
				return Event{}, false, err
			}
			w.ended = err
			continue
		}
		if len(w.pending) > 0 {
			continue
		}
		if missing := w.takeMissing(); missing != nil {
			w.next.goBack(*missing)
			continue
		}
		b, err := w.taken()
		if b == nil || err != nil {
			return Event{}, false, err
		}
		w.pending, w.ended = w.next.take(b)
	}
}

// Held returns how much memory was loaded for this watch alone, and is still needed for
// events that follow.
func (w *Watch) Held() int64 {
	n := w.next.held()
	for i := range w.pending {
		n += w.pending[i].Bytes
	}
	return n
}

// OnReady sets a function that is called whenever there may be an event for Take, so that
// no goroutine has to wait in Next. f must not block, and must not use the watch.
func (w *Watch) OnReady(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notify = f
}

// taken returns the next batch; nil if there is none yet.
func (w *Watch) taken() (*batch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason != nil || w.overflowed {
		return nil, cmp.Or(w.reason, dialog.ErrResync())
	}
	if len(w.waiting) == 0 {
		w.waiting = nil // frees the array
		return nil, nil //nolint:nilnil // to wait is a good answer
	}
	b := w.waiting[0]
	w.waiting[0] = nil
	w.waiting = w.waiting[1:]
	b.load.release()
	return b, nil
}

// put adds a batch that the watch must not miss. It never blocks.
func (w *Watch) put(b *batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= waitingMost {
		w.drop()
		w.overflowed = true
	}
	if w.reason == nil && !w.overflowed && w.missing == nil {
		b.load.hold()
		w.waiting = append(w.waiting, b)
	}
	w.signal()
}

func (w *Watch) end(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason == nil {
		w.drop()
		w.reason = reason
	}
	w.signal()
}

// ending returns why no more batches are put; nil if they still are.
func (w *Watch) ending() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reason
}

// signal says that there may be something to take. The mutex must be held.
func (w *Watch) signal() {
	if w.notify != nil {
		w.notify()
	}
}

// forget drops the waiting batches, because the watch reads the same changes from the
// store.
func (w *Watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	w.overflowed, w.missing = false, nil
}

// recover reports whether batches were dropped, and lets the watch continue. It is for a
// watch that reads everything from the store again.
func (w *Watch) recover() (dropped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	dropped = w.overflowed || w.missing != nil
	w.overflowed, w.missing = false, nil
	return dropped
}

// takeMissing returns where the batches begin that were dropped to make room, and lets the
// watch continue; nil if there are none.
func (w *Watch) takeMissing() (missing *reading) {
	w.mu.Lock()
	defer w.mu.Unlock()
	missing, w.missing = w.missing, nil
	return missing
}

// sees reports whether the caller can see the dialog.
func (w *Watch) sees(d *dialog.Dialog) bool {
	return !d.Deleted && w.hub.policy.Can(w.caller, dialog.See, d)
}

// visible returns the dialog for an event: nil if the caller can't see it.
func (w *Watch) visible(b *batch) *dialog.Dialog {
	if !w.sees(b.dialog) {
		return nil
	}
	return b.bare
}

// bareOf returns a dialog without its history.
func bareOf(d *dialog.Dialog) *dialog.Dialog {
	bare := *d
	bare.History = nil
	return &bare
}
