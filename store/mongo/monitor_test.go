package mongo_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
)

// A record keeps the commands that were sent for one context.
type record struct {
	mu       sync.Mutex
	names    []string
	commands []bson.Raw
}

type recordKey struct{}

// recorded is a context whose commands are kept, on a store that has the
// recorder for its monitor.
func recorded(ctx context.Context) (context.Context, *record) {
	r := &record{}
	return context.WithValue(ctx, recordKey{}, r), r
}

// recorder keeps what is sent for the contexts that ask for it.
func recorder() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(ctx context.Context, e *event.CommandStartedEvent) {
		r, ok := ctx.Value(recordKey{}).(*record)
		if !ok {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.names = append(r.names, e.CommandName)
		r.commands = append(r.commands, slices.Clone(e.Command))
	}}
}

// sent are the names of the commands, in order.
func (r *record) sent() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.names, " ")
}
