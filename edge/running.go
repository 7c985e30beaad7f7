package edge

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"dialogs/api"
	"dialogs/auth"
)

// running counts the handlers that run, and what goes on after them.
type running struct {
	// base ends when everything is cut off.
	base context.Context
	log  *slog.Logger

	mu       sync.Mutex
	handlers int
	// none is closed when nobody runs, once somebody waits for that.
	none    chan struct{}
	waiting bool
}

// count counts the calls of a handler. What a request detaches runs in a goroutine of
// its own, so that net/http can let go of the request's memory and stack.
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

// carry returns a context that ends when everything is cut off. It has what the rest of
// a request needs, and lets go of everything else that net/http and the guards put into
// the request's.
func (r *running) carry(from context.Context) context.Context {
	ctx := context.WithValue(api.Carry(r.base, from), clientKey{}, clientFrom(from))
	ctx = continued(ctx, from)
	return auth.WithIdentity(ctx, auth.FromContext(from))
}

// finish begins what a request has detached, which must not panic once it has begun.
// Like net/http, it survives a panic.
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

// tell closes none when somebody waits for that, and it is so. The mutex must be held.
func (r *running) tell() {
	if r.waiting && r.handlers == 0 {
		r.waiting = false
		close(r.none)
	}
}

// wait waits until no handler runs, or ctx ends.
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
