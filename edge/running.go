package edge

import (
	"context"
	"net/http"
	"sync"
)

// running counts the handlers that run.
type running struct {
	mu       sync.Mutex
	handlers int
	// none is closed when nobody runs, once somebody waits for that.
	none    chan struct{}
	waiting bool
}

// count counts the calls of a handler.
func (r *running) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.add(1)
		defer r.add(-1)
		next.ServeHTTP(w, req)
	})
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
