package api

import (
	"context"
	"slices"
	"sync"
)

// A Detachment lets a request that turns out to be a long connection go on after its
// handlers have returned, so that net/http keeps nothing for it.
type Detachment struct {
	carry func(from context.Context) context.Context

	mu       sync.Mutex
	rest     func(done func())
	finished []func()
}

type detachmentKey struct{}

// WithDetachment returns the context of a request that can be detached. What is
// detached gets the context that carry makes: it ends with the server, and has what the
// rest needs of the request's.
func WithDetachment(ctx context.Context, carry func(from context.Context) context.Context) (context.Context, *Detachment) {
	c := &detachable{Context: ctx}
	c.detachment.carry = carry
	return c, &c.detachment
}

// A detachable context carries the detachment of its request.
type detachable struct {
	context.Context
	detachment Detachment
}

// Value returns the detachment, or a value of the context that it comes from.
func (c *detachable) Value(key any) any {
	if key == (detachmentKey{}) {
		return &c.detachment
	}
	return c.Context.Value(key)
}

// Rest begins what a request that was detached still has to do, and calls done after
// that and what follows it; nil if it was not detached. It must be called when the
// request's handlers have returned.
func (d *Detachment) Rest() func(done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rest == nil {
		return nil
	}
	rest, finished := d.rest, d.finished
	return func(done func()) {
		rest(func() {
			defer done()
			for _, f := range slices.Backward(finished) {
				defer f()
			}
		})
	}
}

// Carry returns the context to with what this package keeps in the other one.
func Carry(to, from context.Context) context.Context {
	c := &carried{Context: to, limit: limit{to, OperationLimit(from)}}
	c.request, _ = from.Value(requestKey{}).(*Request)
	c.begin, _ = from.Value(operationLogKey{}).(OperationLog)
	c.charger, _ = from.Value(chargerKey{}).(Charger)
	return c
}

// A carried context has what Carry keeps. There can be thousands of them for a long time,
// so all of it is in one piece.
type carried struct {
	context.Context
	request *Request
	begin   OperationLog
	charger Charger
	limit   limit
}

// Value returns what is carried, or a value of the other context.
func (c *carried) Value(key any) any {
	switch key.(type) {
	case requestKey:
		if c.request != nil {
			return c.request
		}
	case operationLogKey:
		if c.begin != nil {
			return c.begin
		}
	case chargerKey:
		if c.charger != nil {
			return c.charger
		}
	case limitKey:
		if c.limit.each > 0 {
			return c.limit
		}
	}
	return c.Context.Value(key)
}

// Detach has rest begin after the handlers of the request have returned. It may return
// before everything is done, and must call done then. Where nothing can be detached, as
// without a server, it begins at once, and ends with the client.
func Detach(ctx context.Context, rest func(ctx context.Context, done func())) {
	d, ok := ctx.Value(detachmentKey{}).(*Detachment)
	if !ok {
		lasting, cancel := Lasting(ctx)
		defer cancel()
		finished := make(chan struct{})
		rest(lasting, func() { close(finished) })
		<-finished
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	lasting := d.carry(ctx)
	d.rest = func(done func()) { rest(lasting, done) }
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
