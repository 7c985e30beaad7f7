package auth

import (
	"context"
	"sync"
	"time"
)

// A refresher loads something repeatedly for many callers who need it up to date:
// one load at a time, with a minimum time between two, however often they ask. A
// load does not depend on the context of any caller.
type refresher struct {
	load    func(context.Context) error
	gap     time.Duration // minimum time between the starts of two loads
	timeout time.Duration // of one load
	now     func() time.Time

	ctx  context.Context // of the loads, not of a call
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	active  bool    // work is running
	closed  bool    // nothing may start any more
	running *flight // the load in progress
	waiting *flight // the next load, not started yet
	started time.Time
	err     error // of the last load that ended
}

// A flight is one load that others wait for.
type flight struct {
	done chan struct{}
	err  error
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newRefresher(ctx context.Context, gap, timeout time.Duration, now func() time.Time, load func(context.Context) error) *refresher {
	r := &refresher{load: load, gap: gap, timeout: timeout, now: now}
	r.ctx, r.stop = context.WithCancel(ctx)
	return r
}

func (r *refresher) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.wg.Wait()
}

// next waits for a load that starts after the call, and returns its error.
func (r *refresher) next(ctx context.Context) error {
	r.mu.Lock()
	f := r.enqueue()
	r.mu.Unlock()
	return f.wait(ctx)
}

// join waits for the load in progress, or else for one that can start at once. If
// the last load was too recent for that, join returns the error of that one.
func (r *refresher) join(ctx context.Context) error {
	r.mu.Lock()
	f := r.running
	if f == nil {
		if r.waiting == nil && r.pause() > 0 {
			defer r.mu.Unlock()
			return r.err
		}
		f = r.enqueue()
	}
	r.mu.Unlock()
	return f.wait(ctx)
}

// ask is join for callers who must not wait while the source is away: after a load
// that failed, it returns that error at once, and at most begins the next load.
func (r *refresher) ask(ctx context.Context) error {
	r.mu.Lock()
	err := r.err
	if err != nil && !r.active && r.pause() <= 0 {
		r.enqueue()
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return r.join(ctx)
}

// begin makes sure that a load is in progress or will start, without waiting.
func (r *refresher) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.active {
		r.enqueue()
	}
}

// keepFresh loads at this interval, and sooner after a failure.
func (r *refresher) keepFresh(every, afterFailure time.Duration) {
	r.wg.Go(func() {
		for r.ctx.Err() == nil {
			pause := every
			if r.join(r.ctx) != nil {
				pause = afterFailure
			}
			r.sleep(pause)
		}
	})
}

// enqueue returns the next load, which has not started yet. r.mu must be held.
func (r *refresher) enqueue() *flight {
	if r.waiting != nil {
		return r.waiting
	}
	f := &flight{done: make(chan struct{})}
	if r.closed {
		f.err = context.Canceled
		close(f.done)
		return f
	}
	r.waiting = f
	if !r.active {
		r.active = true
		r.wg.Go(r.work)
	}
	return f
}

// work runs loads as long as somebody waits for one.
func (r *refresher) work() {
	for {
		r.mu.Lock()
		if r.waiting == nil {
			r.active = false
			r.mu.Unlock()
			return
		}
		pause := r.pause()
		r.mu.Unlock()
		r.sleep(pause)

		r.mu.Lock()
		f := r.waiting
		r.waiting, r.running, r.started = nil, f, r.now()
		r.mu.Unlock()

		f.err = r.loadOnce()

		r.mu.Lock()
		r.running, r.err = nil, f.err
		r.mu.Unlock()
		close(f.done)
	}
}

func (r *refresher) loadOnce() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.timeout)
	defer cancel()
	return r.load(ctx)
}

// pause is how long the next load must be delayed. r.mu must be held.
func (r *refresher) pause() time.Duration {
	if r.started.IsZero() {
		return 0
	}
	return min(r.gap-r.now().Sub(r.started), r.gap) // not longer, even after the clock was set back
}

func (r *refresher) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}
