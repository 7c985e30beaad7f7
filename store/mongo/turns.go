package mongo

import (
	"context"
	"sync"

	"dialogs/dialog"
)

// turns lets the writers of one dialog that go the long way go one after the
// other, as long as they are in the same process: each would only make the
// others read again. They are served in the order they came.
type turns struct {
	mu    sync.Mutex
	queue map[dialog.ID]*turn
}

// A turn is had by whoever has put something into its channel.
type turn struct {
	taken chan struct{}
	users int
}

// take waits for the turn on a dialog, until ctx ends. Whoever takes it gives
// it back.
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

// busy tells whether somebody has, or waits for, the turn on a dialog.
func (t *turns) busy(id dialog.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue[id] != nil
}
