package api

import (
	"context"
	"sync"
)

// A Detachment lets a request that turns out to be a long connection go on after its
// handlers have returned, so that net/http keeps nothing for it.
type Detachment struct {
	base context.Context

	mu       sync.Mutex
	rest     func()
	finished []func()
}

type detachmentKey struct{}

// WithDetachment returns the context of a request that can be detached. What is
// detached ends with base at the latest.
func WithDetachment(ctx, base context.Context) (context.Context, *Detachment) {
	d := &Detachment{base: base}
	return context.WithValue(ctx, detachmentKey{}, d), d
}

// Rest is what a request that was detached still has to do, and what follows that;
// nil if it was not detached. It must be called when its handlers have returned.
func (d *Detachment) Rest() func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rest == nil {
		return nil
	}
	rest, finished := d.rest, d.finished
	return func() {
		for _, f := range finished {
			defer f()
		}
		rest()
	}
}

// Detach has rest run after the handlers of the request have returned. Its context
// has the values of ctx and ends with the server. Where nothing can be detached, as
// without a server, it runs at once, and ends with the client.
func Detach(ctx context.Context, rest func(ctx context.Context)) {
	d, ok := ctx.Value(detachmentKey{}).(*Detachment)
	if !ok {
		lasting, cancel := Lasting(ctx)
		defer cancel()
		rest(lasting)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rest = func() {
		lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(d.base, cancel)()
		rest(lasting)
	}
}

// WhenFinished calls f when the request is finished: now, or after the rest of one
// that was detached. Handlers call it when they return.
func WhenFinished(ctx context.Context, f func()) {
	if d, ok := ctx.Value(detachmentKey{}).(*Detachment); ok {
		d.mu.Lock()
		detached := d.rest != nil
		if detached {
			d.finished = append(d.finished, f)
		}
		d.mu.Unlock()
		if detached {
			return
		}
	}
	f()
}
