package api

import (
	"context"
	"time"
)

type limitKey struct{}

// A limit is the time limit of a request, and its context without it.
type limit struct {
	without context.Context
	each    time.Duration
}

// WithLimit returns the context of a request with this time limit.
func WithLimit(ctx context.Context, each time.Duration) (context.Context, context.CancelFunc) {
	within, cancel := context.WithTimeout(ctx, each)
	return context.WithValue(within, limitKey{}, limit{ctx, each}), cancel
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
