package api

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

// A Request is what the server knows about one request besides its content: its
// id, which is in the answer's X-Request-Id and in every log record, and the
// notes for its log line. Notes can be added by several goroutines at once.
type Request struct {
	// ID is unique, and unguessable unless a trusted proxy chose it.
	ID string

	mu    sync.Mutex
	notes []slog.Attr
}

type requestKey struct{}

// WithRequest returns a context that carries the request.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestID is the id of the context's request; empty without one.
func RequestID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r.ID
	}
	return ""
}

// Note adds to the log line of the context's request. It must not be given a
// credential. Without a request it does nothing.
func Note(ctx context.Context, notes ...slog.Attr) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, notes...)
}

// Notes are what was noted so far, in order.
func (r *Request) Notes() []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

type stoppingKey struct{}

// WithStopping returns a context whose [Stopping] is the channel.
func WithStopping(ctx context.Context, stopping <-chan struct{}) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// Stopping is closed when the server begins to stop, so that a long request
// such as a stream can end in good order. Without a server it is nil.
func Stopping(ctx context.Context) <-chan struct{} {
	stopping, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return stopping
}
