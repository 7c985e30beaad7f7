package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

const (
	// lookEvery is how often the hub looks for changes without being woken: other
	// processes also write, and an announcement can get lost.
	lookEvery = time.Second
	// sweepEvery is how often the hub looks for changes that became visible late.
	sweepEvery = 5 * time.Second
	// behindMost is how long ago the last reading may be before [Hub.Report] calls live
	// updates late.
	behindMost = 5 * time.Second
)

// ErrStopped ends every watch when the hub stops.
var ErrStopped = errors.New("the server is stopping")

// ErrOver ends a watch whose caller can no longer see the dialog. It is an error of its
// own, and not io.EOF, because the error of a store whose connection was closed can wrap
// io.EOF.
var ErrOver = errors.New("the caller can no longer see the dialog")

// Options are the settings of a hub, and what it needs from the rest of the program.
type Options struct {
	Store   dialog.Store
	Service *dialog.Service
	// CatchUp is the store for what callers have missed: it may make them wait for their
	// turn and for memory. nil for Store.
	CatchUp dialog.ChangeLog
	// Weigh returns how many bytes of memory a dialog takes; nil for [dialog.Dialog.Memory].
	Weigh func(*dialog.Dialog) int64
	// Announced is called when the store announces changes of other processes, for other
	// readers of changes; optional.
	Announced func()
	// Now is the clock of this instance. It can be set forward and back: the hub measures
	// how long something takes by the system's.
	Now func() time.Time
	Log *slog.Logger
}

// A Hub reads changes and hands them to its watches. Without watches, it does not read.
type Hub struct {
	Options
	policy *dialog.Policy
	woken  chan struct{}

	feed feed

	// looking is held while the store is read for the hub.
	looking sync.Mutex
	active  bool
	reader  *Reader
	handed  int // how many dialogs were handed out

	mu      sync.Mutex // guards what follows
	watches watches
	cycle   uint64 // the number of readings that have begun
	shared  uint64 // how many batches several watches got
	done    uint64 // the latest reading that succeeded
	stopped bool
	read    time.Time     // when the last successful reading ended, by the system clock; before that, when the first one began
	failed  error         // of the last reading
	turned  chan struct{} // closed when a reading ends, even if it failed

	waiting atomic.Int64 // the memory of all batches that wait for a reader
}

// NewHub makes a hub. It works once Run runs.
func NewHub(o Options) *Hub {
	policy := o.Service.Policy()
	if o.CatchUp == nil {
		o.CatchUp = o.Store
	}
	if o.Weigh == nil {
		o.Weigh = (*dialog.Dialog).Memory
	}
	return &Hub{
		Options: o, policy: policy, woken: make(chan struct{}, 1), watches: newWatches(), turned: make(chan struct{}),
		reader: NewReader(o.Store, policy.SyncKept, o.Now),
	}
}

// Wake makes the hub look for changes immediately.
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
	swept := time.Now()
	away := false
	for {
		woken := false
		select {
		case <-ctx.Done():
			return
		case <-h.woken:
			woken = true
		case <-tick.C:
		}
		late := time.Since(swept) >= sweepEvery
		before := h.handed
		err := h.look(ctx, late)
		if !woken && h.handed > before {
			h.feed.missed()
		}
		if late {
			swept = time.Now()
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

// look reads the new changes and hands them out.
func (h *Hub) look(ctx context.Context, sweep bool) (err error) {
	h.looking.Lock()
	defer h.looking.Unlock()
	done := uint64(0)
	defer func() { h.turn(done) }()
	cycle := h.begin()
	if cycle == 0 {
		return nil
	}
	err = h.reader.Read(ctx, sweep, h.hand)
	h.remember(err)
	if dialog.IsCode(err, dialog.ResyncRequired) {
		// The store was replaced, or has forgotten changes.
		h.active = false
		h.endAll(dialog.ErrResync())
	}
	if err == nil {
		done = cycle
	}
	return err
}

// remember stores the result of the last reading.
func (h *Hub) remember(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = err
	if err == nil {
		h.read = time.Now()
	}
}

// State returns how far behind the hub may be, which is the time since the last successful
// reading or, before that, since the first one began, and the error of the last reading.
// Without watches, the hub does not read, and is never behind.
func (h *Hub) State() (behind time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watches.empty() || h.read.IsZero() {
		return 0, nil
	}
	return time.Since(h.read), h.failed
}

// Report is the state of live updates, for operators.
func (h *Hub) Report() (part, state string) {
	behind, err := h.State()
	switch {
	case err != nil:
		return "live", "interrupted"
	case behind > behindMost:
		return "live", "late"
	}
	return "live", "ok"
}

// begin begins a reading and returns its number; 0 if nothing has to be read.
func (h *Hub) begin() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.active || h.watches.empty() {
		h.active, h.read = false, time.Time{}
		return 0
	}
	h.cycle++
	if h.read.IsZero() {
		h.read = time.Now()
	}
	return h.cycle
}

// turn ends a reading; 0 when it failed.
func (h *Hub) turn(cycle uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = max(h.done, cycle)
	close(h.turned)
	h.turned = make(chan struct{})
}

// catchUp waits until the hub has handed out everything that happened before the call. It
// fails if the store is unavailable.
func (h *Hub) catchUp(ctx context.Context, w *Watch) error {
	target := uint64(0)
	for waited := false; ; waited = true {
		h.mu.Lock()
		if target == 0 {
			target = h.cycle + 1
		}
		done, stopped, turned, failed := h.done >= target, h.stopped, h.turned, h.failed
		h.mu.Unlock()
		switch reason := w.ending(); {
		case stopped:
			return ErrStopped
		case reason != nil:
			return reason
		case done:
			return nil
		case waited && dialog.IsCode(failed, dialog.Unavailable):
			return failed
		}
		h.Wake()
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// activate makes sure that every change from now on is handed out.
func (h *Hub) activate(ctx context.Context) error {
	h.looking.Lock()
	defer h.looking.Unlock()
	if h.active {
		return nil
	}
	if err := h.reader.Start(ctx); err != nil {
		return err
	}
	h.active = true
	return nil
}

// hand passes the new records of a dialog to all watches that may need them.
func (h *Hub) hand(n *News) error {
	if n.Fresh > 0 || n.Lost {
		h.handed++
	}
	h.put(n)
	if h.waiting.Load() > waitingBytes {
		h.makeRoom()
	}
	return nil
}

func (h *Hub) put(n *News) {
	d := n.Dialog.WithLatest(n.Fresh) // the other records would take memory while readers are slow
	b := &batch{
		load:   &load{all: &h.waiting, bytes: h.Weigh(d)},
		dialog: d, bare: bareOf(d), lost: n.Lost, recent: n.Recent, reading: reading{mark: n.Mark, markedAt: n.MarkedAt}, handedAt: time.Now(),
	}
	people := d.People(n.Fresh)
	h.mu.Lock()
	defer h.mu.Unlock()
	b.cycle, b.done = h.cycle, h.done
	watches := 0
	for range h.watches.concerned(d.ID, people) {
		if watches++; watches > 1 {
			h.shared++
			b.shared = h.shared
			break
		}
	}
	for w := range h.watches.concerned(d.ID, people) {
		w.put(b)
	}
	if len(n.Departed) > 0 {
		left := *b
		left.left = true
		for w := range h.watches.of(n.Departed) {
			w.put(&left)
		}
	}
}

func (h *Hub) endAll(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches.all() {
		w.end(reason)
	}
}
