package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// Streams is how WebSockets and event streams are served.
type Streams struct {
	// Callers finds out who is calling, and whether their credentials are still
	// valid.
	Callers Callers
	// InitTimeout is how long a client may take to send connection_init.
	InitTimeout time.Duration
	// PingInterval is how often a connection is checked, and kept alive. A client
	// that does not answer until the next time is cut off.
	PingInterval time.Duration
	// WriteTimeout is how long a client may let a message wait, beyond 32 KiB per
	// second.
	WriteTimeout time.Duration
	// Starting is how many callers may sign in on WebSockets at the same time, and how many
	// subscriptions may start; 0 for the number of CPUs.
	Starting int
	// Patience is how long a client waits on its connection when a subscription cannot start
	// or catch up because the store is away, before it has to connect again.
	Patience time.Duration
	// Spread is over what time streams end when the server stops, at most: clients
	// that all connect again at once would be a burst.
	Spread time.Duration
	// ConnectionsPerCaller is how many WebSockets and event streams a caller may
	// have, SubscriptionsPerCaller how many subscriptions on all of them, and
	// OperationsPerConnection how many operations one WebSocket may run at a time.
	ConnectionsPerCaller, SubscriptionsPerCaller, OperationsPerConnection int
}

// Callers finds out who is calling on long-lived connections.
type Callers interface {
	// SignIn returns the context of the caller who opened a WebSocket: credentials are in
	// the upgrade request or in the payload of connection_init. Its errors are
	// [api.Refusal]s.
	SignIn(ctx context.Context, upgrade http.Header, payload map[string]any) (context.Context, error)
	// Check returns an error for each context: an [api.Refusal] when the
	// credentials of its caller are no longer valid, else nil.
	Check(contexts []context.Context) []error
}

// DefaultStreams serve browsers behind usual proxies.
func DefaultStreams() Streams {
	return Streams{
		InitTimeout: 3 * time.Second, PingInterval: 12 * time.Second, WriteTimeout: 5 * time.Second, Patience: time.Minute, Spread: 5 * time.Second,
		ConnectionsPerCaller: 100, SubscriptionsPerCaller: 1000, OperationsPerConnection: 100,
	}
}

const (
	// checkEvery is how often callers are checked: those of new streams, and a third of the
	// others. Each caller is checked every checkTurns times, so that thousands of streams
	// cost little. Credentials are trusted for 4 seconds after the store was asked, so a
	// stream ends within 5.
	checkEvery = 1200 * time.Millisecond
	checkTurns = 3
)

// A quota counts what callers have, and all streams that are open.
type quota struct {
	connections, subscriptions counts
	open                       atomic.Int64
}

// counts count by [dialog.Actor.Identity]. Callers without credentials are not counted: connections
// of an address are limited anyway.
type counts struct {
	mu    sync.Mutex
	taken map[dialog.Actor]int
}

// take counts one more, unless the limit is reached.
func (c *counts) take(who dialog.Actor, most int) bool {
	if who == (dialog.Actor{}) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[who] >= most {
		return false
	}
	if c.taken == nil {
		c.taken = map[dialog.Actor]int{}
	}
	c.taken[who]++
	return true
}

// give counts one less.
func (c *counts) give(who dialog.Actor) {
	if who == (dialog.Actor{}) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[who]--; c.taken[who] == 0 {
		delete(c.taken, who)
	}
}

func tooMany(what string, limit int, setting string) error {
	return &api.Refusal{Code: api.RateLimited, RetryAfter: time.Second, Message: fmt.Sprintf("%s (limit %d, %s)", what, limit, setting)}
}

// endAfter is when a stream ends after the server has begun to stop:
// immediately if there are few, spread over time if there are many.
func (s *streamer) endAfter() time.Duration {
	most := min(s.Spread, time.Duration(s.quota.open.Load())*time.Millisecond)
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // spreads load; not for security
}
