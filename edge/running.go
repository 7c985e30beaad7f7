package edge

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// running counts the handlers that are running, and the work that continues after them.
type running struct {
	// base is the context that ends when everything is cut off.
	base context.Context
	log  *slog.Logger

	mu       sync.Mutex
	handlers int
	// none is closed when no handler is running any more, if somebody waits for that.
	none    chan struct{}
	waiting bool
}

// count counts the calls of a handler. If a request detaches work, for example a
// WebSocket, it runs in its own goroutine, so that net/http can free the memory and stack
// of the request.
func (r *running) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, detachment := api.WithDetachment(req.Context(), r.carry)
		r.add(1)
		defer func() {
			if rest := detachment.Rest(); rest != nil {
				go r.finish(rest)
				return
			}
			r.add(-1)
		}()
		next.ServeHTTP(w, carried(req, ctx))
	})
}

// carry returns a context that ends when everything is cut off. It has what the rest of a
// request needs, and nothing else of what net/http and the guards have put into the
// request's context.
func (r *running) carry(from context.Context) context.Context {
	ctx := withClient(api.Carry(r.base, from), clientFrom(from))
	ctx = context.WithValue(ctx, connectionKey{}, from.Value(connectionKey{}))
	ctx = continued(ctx, from)
	identity := auth.FromContext(from)
	if identity.Caller.Kind() == dialog.Anonymous { // which is what a context without an identity says
		return ctx
	}
	settle(ctx) // a WebSocket whose credentials are in its upgrade request
	return auth.WithIdentity(ctx, identity)
}

// finish starts the work that a request has detached. Like net/http, it recovers from a
// panic; the work must not panic any more once it has begun.
func (r *running) finish(rest func(done func())) {
	done := func() { r.add(-1) }
	defer func() {
		if v := recover(); v != nil {
			r.log.Error("panic", "value", v, "stack", string(debug.Stack()))
			done()
		}
	}()
	rest(done)
}

func (r *running) add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handlers += n
	r.tell()
}

// tell closes none if somebody waits for it and no handler is running. The mutex must be
// held.
func (r *running) tell() {
	if r.waiting && r.handlers == 0 {
		r.waiting = false
		close(r.none)
	}
}

// wait waits until no handler is running, or until ctx ends.
func (r *running) wait(ctx context.Context) {
	r.mu.Lock()
	r.none, r.waiting = make(chan struct{}), true
	none := r.none
	r.tell()
	r.mu.Unlock()
	select {
	case <-none:
	case <-ctx.Done():
	}
}
