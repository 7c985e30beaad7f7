package api

import (
	"context"
	"sync"
	"time"
)

type limitKey struct{}

// A limit is the time limit of a request, and its context without it.
type limit struct {
	without context.Context
	each    time.Duration
}

// A limited context can be canceled, and may have a time limit. It makes its timer and its
// channel once something waits for its end: most requests only ask for
// [context.Context.Err].
type limited struct {
	limit
	// until is when the time is up, no later than the end of the context without the limit;
	// zero without a limit.
	until time.Time

	mu sync.Mutex // guards what follows
	// timed is the context with a timer and a channel; nil until it is needed.
	timed    context.Context
	cancel   context.CancelFunc
	canceled bool
}

// WithLimit returns the context of a request with this time limit.
func WithLimit(ctx context.Context, each time.Duration) (context.Context, context.CancelFunc) {
	l := &limited{limit: limit{ctx, each}, until: time.Now().Add(each)}
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(l.until) {
		l.until = earlier
	}
	return l, l.end
}

// WithCancel is like [context.WithCancel], for a context of which there are many, and for
// whose end hardly anything waits.
func WithCancel(ctx context.Context) (context.Context, context.CancelFunc) {
	l := &limited{limit: limit{without: ctx}}
	return l, l.end
}

func (l *limited) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canceled = true
	if l.timed != nil {
		l.cancel()
	}
}

// Deadline returns when the time is up.
func (l *limited) Deadline() (deadline time.Time, ok bool) {
	if l.until.IsZero() {
		return l.without.Deadline()
	}
	return l.until, true
}

// Done returns a channel that is closed at the end of the context.
func (l *limited) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.withTimer().Done()
}

// withTimer makes the timer. The mutex must be held.
func (l *limited) withTimer() context.Context {
	if l.timed == nil {
		if l.until.IsZero() {
			l.timed, l.cancel = context.WithCancel(l.without)
		} else {
			l.timed, l.cancel = context.WithDeadline(l.without, l.until)
		}
		if l.canceled {
			l.cancel()
		}
	}
	return l.timed
}

// Err returns why the context has ended; nil if it has not.
func (l *limited) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timed == nil && !l.canceled && l.without.Err() == nil && (l.until.IsZero() || time.Now().Before(l.until)) {
		return nil
	}
	return l.withTimer().Err() // which does not change any more
}

// Value returns a value of the request. That of package context itself is from the context
// with the timer, so that contexts that are derived from this one end with it.
func (l *limited) Value(key any) any {
	if key == (limitKey{}) && l.each > 0 {
		return l.limit
	}
	l.mu.Lock()
	timed := l.timed
	l.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return l.without.Value(key)
}

// Lasting returns the context of a request that turns out to be a stream: without
// the request's time limit, which is for each of its operations ([OperationLimit]).
// It ends when the client goes or the server cuts it off.
func Lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	until := ctx
	if l, ok := ctx.Value(limitKey{}).(limit); ok {
		until = l.without
	}
	stop := context.AfterFunc(until, cancel)
	return lasting, func() { stop(); cancel() }
}

// OperationLimit is how long an operation of a stream may take; 0 without a limit.
func OperationLimit(ctx context.Context) time.Duration {
	l, _ := ctx.Value(limitKey{}).(limit)
	return l.each
}
