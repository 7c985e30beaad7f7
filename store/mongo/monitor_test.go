package mongo_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
)

// A record has the commands that were sent with one context.
type record struct {
	mu       sync.Mutex
	names    []string
	commands []bson.Raw
}

type recordKey struct{}

// recorded returns a context whose commands are recorded, if the monitor of the store is a
// recorder.
func recorded(ctx context.Context) (context.Context, *record) {
	r := &record{}
	return context.WithValue(ctx, recordKey{}, r), r
}

// recorder records the commands that are sent with a recorded context.
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

// sent returns the names of the commands, in order.
func (r *record) sent() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.names, " ")
}
