package mongo

import (
	"context"
	"sync"

	"dialogs/dialog"
)

// turns makes writers in this process take turns on a dialog, in the order of their
// arrival, if they change it in several steps. Without turns, they would make each other's
// writes fail, and all have to read again.
type turns struct {
	mu    sync.Mutex
	queue map[dialog.ID]*turn
}

// A turn belongs to the writer that has put a value into its channel.
type turn struct {
	taken chan struct{}
	users int
}

// take waits for the turn on a dialog until ctx ends. The caller must call giveBack.
func (t *turns) take(ctx context.Context, id dialog.ID) (giveBack func(), err error) {
	t.mu.Lock()
	if t.queue == nil {
		t.queue = map[dialog.ID]*turn{}
	}
	own := t.queue[id]
	if own == nil {
		own = &turn{taken: make(chan struct{}, 1)}
		t.queue[id] = own
	}
	own.users++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.queue, id)
		}
	}
	select {
	case own.taken <- struct{}{}:
		return func() { <-own.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// busy reports whether a writer has the turn on a dialog or waits for it.
func (t *turns) busy(id dialog.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue[id] != nil
}
