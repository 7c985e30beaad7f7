package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dialogs/dialog"
)

const (
	// lookEvery is how often the hub looks for changes without being woken: other
	// processes write too, and an announcement can get lost.
	lookEvery = time.Second
	// sweepEvery is how often the hub looks for changes that became visible late.
	sweepEvery = 5 * time.Second
	// pageSize is how many dialogs the hub reads at once.
	pageSize = 100
)

// ErrStopped is the end of every watch when the hub stops.
var ErrStopped = errors.New("the server is stopping")

// Options are what a hub works with.
type Options struct {
	Store   dialog.Store
	Service *dialog.Service
	// Now is the clock of this instance.
	Now func() time.Time
	Log *slog.Logger
}

// A Hub reads what changes and hands it to its watches. It reads nothing while it has
// none.
type Hub struct {
	Options
	policy *dialog.Policy
	woken  chan struct{}

	// reading is held while the store is read for the hub.
	reading sync.Mutex
	active  bool
	ahead   dialog.Mark // everything before it was handed out
	sweep   dialog.Mark // where the next sweep starts
	told    told

	mu      sync.Mutex // guards what follows
	watches watches
	cycle   uint64 // the number of readings that have begun
	done    uint64 // the latest one that has ended well
	stopped bool
	turned  chan struct{} // closed when a reading ends, whatever came of it
}

// NewHub makes a hub. It works once Run runs.
func NewHub(o Options) *Hub {
	return &Hub{Options: o, policy: o.Service.Policy(), woken: make(chan struct{}, 1), watches: newWatches(), turned: make(chan struct{})}
}

// Wake makes the hub look for changes at once.
func (h *Hub) Wake() {
	select {
	case h.woken <- struct{}{}:
	default: // it is about to look
	}
}

// Run reads changes until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	var following sync.WaitGroup
	following.Go(func() { h.follow(ctx) })
	defer following.Wait()
	defer func() {
		h.mu.Lock()
		h.stopped = true
		h.mu.Unlock()
		h.endAll(ErrStopped)
		h.turn(0)
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	swept := h.Now()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.woken:
		case <-tick.C:
		}
		late := h.Now().Sub(swept) >= sweepEvery || h.Now().Before(swept)
		err := h.look(ctx, late)
		if late {
			swept = h.Now()
		}
		if failed := err != nil && ctx.Err() == nil; failed != away {
			away = failed
			if away {
				h.Log.WarnContext(ctx, "live updates interrupted", "error", err)
			} else {
				h.Log.InfoContext(ctx, "live updates resumed")
			}
		}
	}
}

// follow has the store announce changes, as far as it can.
func (h *Hub) follow(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := h.Store.Follow(ctx, h.Wake)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, dialog.ErrNoFeed) {
			h.Log.InfoContext(ctx, "the store announces no changes of other processes: looking for them every second", "reason", err)
			return
		}
		h.Log.WarnContext(ctx, "following the changes was interrupted, will retry", "retry_in_ms", wait.Milliseconds(), "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// look reads what is new and hands it out.
func (h *Hub) look(ctx context.Context, sweep bool) (err error) {
	h.reading.Lock()
	defer h.reading.Unlock()
	done := uint64(0)
	defer func() { h.turn(done) }()
	cycle := h.begin()
	if cycle == 0 {
		return nil
	}
	err = h.readAhead(ctx)
	if err == nil && sweep {
		err = h.readLate(ctx)
	}
	if dialog.IsCode(err, dialog.ResyncRequired) {
		// The store is another one now, or something was forgotten.
		h.active = false
		h.endAll(dialog.ErrResync())
	}
	if err == nil {
		done = cycle
	}
	return err
}

// begin begins a reading and returns its number; 0 when nobody waits for it.
func (h *Hub) begin() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.active || h.watches.empty() {
		h.active = false
		return 0
	}
	h.cycle++
	return h.cycle
}

// turn ends a reading; 0 when nothing came of it.
func (h *Hub) turn(cycle uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = max(h.done, cycle)
	close(h.turned)
	h.turned = make(chan struct{})
}

// catchUp waits until the hub has handed out everything that happened before the
// call.
func (h *Hub) catchUp(ctx context.Context, w *Watch) error {
	target := uint64(0)
	for {
		h.mu.Lock()
		if target == 0 {
			target = h.cycle + 1
		}
		done, stopped, turned := h.done >= target, h.stopped, h.turned
		h.mu.Unlock()
		switch reason := w.ending(); {
		case stopped:
			return ErrStopped
		case reason != nil:
			return reason
		case done:
			return nil
		}
		h.Wake()
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// activate makes sure that everything that changes from now on is handed out.
func (h *Hub) activate(ctx context.Context) error {
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.active {
		return nil
	}
	h.told = newTold(h.Now())
	// First the versions, then the mark: a change in between is told twice, and
	// not lost.
	if err := h.rememberLatest(ctx); err != nil {
		return err
	}
	mark := dialog.Mark("")
	for {
		page, err := h.Store.ChangesSince(ctx, dialog.ChangesQuery{After: mark, Limit: pageSize, Kept: h.policy.SyncKept})
		if err != nil {
			return err
		}
		for i := range page.Dialogs {
			h.told.set(&page.Dialogs[i].Dialog, h.Now())
		}
		started := mark == ""
		mark = page.Next
		if !page.More && !started {
			break
		}
	}
	h.ahead, h.sweep, h.active = mark, mark, true
	return nil
}

// rememberLatest remembers the versions of the dialogs that changed so lately that
// their records could be taken for new.
func (h *Hub) rememberLatest(ctx context.Context) error {
	q := dialog.Query{
		Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: pageSize,
		Filter: dialog.Filter{UpdatedAfter: h.Now().Add(-2 * skew).UTC().Truncate(time.Millisecond)},
	}
	for {
		page, err := h.Store.Dialogs(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			h.told.set(&page[i], h.Now())
		}
		if len(page) < pageSize {
			return nil
		}
		last := &page[len(page)-1]
		q.After = &dialog.Position{Key: q.Order.Key(last), ID: last.ID}
	}
}

// readAhead hands out everything after the last place.
func (h *Hub) readAhead(ctx context.Context) error {
	// A dialog comes where it changed last, also with what happened to it
	// before others changed: nobody has everything beyond this place until
	// all is read.
	from := h.ahead
	for {
		page, err := h.Store.ChangesSince(ctx, dialog.ChangesQuery{
			After: h.ahead, Limit: pageSize, WithHistory: true, Ahead: true, Kept: h.policy.SyncKept,
		})
		if err != nil {
			return err
		}
		for i := range page.Dialogs {
			d := &page.Dialogs[i]
			h.hand(&d.Dialog, d.Recent, from)
		}
		if h.ahead = page.Next; !page.More {
			return nil
		}
	}
}

// readLate hands out what has become visible behind the last place.
func (h *Hub) readLate(ctx context.Context) error {
	for {
		page, err := h.Store.ChangesSince(ctx, dialog.ChangesQuery{After: h.sweep, Limit: pageSize, Kept: h.policy.SyncKept})
		if err != nil {
			return err
		}
		for _, changed := range page.Dialogs {
			if version, ok := h.told.version(changed.Dialog.ID); ok && version >= changed.Dialog.Version {
				continue
			}
			d, err := h.Store.Look(ctx, changed.Dialog.ID)
			if dialog.IsCode(err, dialog.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			h.hand(&d, true, h.ahead)
		}
		if h.sweep = page.Next; !page.More {
			return nil
		}
	}
}

// hand gives the new records of a dialog to all watches that they may concern.
func (h *Hub) hand(d *dialog.Dialog, recent bool, mark dialog.Mark) {
	fresh, lost := h.told.fresh(d)
	people := d.People(fresh)
	if lost {
		people = append(people, h.told.people(d.ID)...)
	}
	h.told.set(d, h.Now())
	b := &batch{dialog: d, fresh: fresh, lost: lost, recent: recent, mark: mark}
	h.mu.Lock()
	defer h.mu.Unlock()
	b.cycle = h.cycle
	for w := range h.watches.concerned(d.ID, people) {
		w.put(b)
	}
}

func (h *Hub) endAll(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches.all() {
		w.end(reason)
	}
}
