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

// Streams are the settings of WebSockets and event streams.
type Streams struct {
	// Callers signs callers in, and checks whether their credentials are still valid.
	Callers Callers
	// InitTimeout is how long a client may take to send connection_init.
	InitTimeout time.Duration
	// PingInterval is how often a connection is checked and kept alive. A client that has
	// not answered by the next time is disconnected.
	PingInterval time.Duration
	// WriteTimeout is how long a client may let a message wait, in addition to one second
	// for each 32 KiB.
	WriteTimeout time.Duration
	// Starting is how many callers may sign in on WebSockets at the same time, and also
	// how many subscriptions may start at the same time; 0 for one less than the number of
	// CPUs.
	Starting int
	// Patience is how long a client can stay connected while its subscription cannot start
	// or catch up because the store is unavailable. After that, it has to connect again.
	Patience time.Duration
	// Spread is the longest time over which streams end when the server stops, so that not
	// all clients connect again at the same moment.
	Spread time.Duration
	// ConnectionsPerCaller limits the WebSockets and event streams of one caller,
	// SubscriptionsPerCaller the subscriptions on all of them, and OperationsPerConnection
	// the operations that run at the same time on one WebSocket. An API key with all users
	// on whose behalf it acts may have 20 times as many of the first two.
	ConnectionsPerCaller, SubscriptionsPerCaller, OperationsPerConnection int
}

// Callers identifies the callers of long-lived connections.
type Callers interface {
	// SignIn returns the context of the caller who has opened a WebSocket. The credentials
	// are in the upgrade request or in the payload of connection_init. Its errors are
	// [api.Refusal]s.
	SignIn(ctx context.Context, upgrade http.Header, payload map[string]any) (context.Context, error)
	// Home names the address of the client that a context belongs to, or the network of
	// addresses that this client can choose from.
	Home(ctx context.Context) string
	// Check returns an error for each context: an [api.Refusal] if the credentials of its
	// caller are no longer valid, otherwise nil.
	Check(contexts []context.Context) []error
}

// DefaultStreams are suitable for browsers behind common proxies.
func DefaultStreams() Streams {
	return Streams{
		InitTimeout: 3 * time.Second, PingInterval: 12 * time.Second, WriteTimeout: 5 * time.Second, Patience: time.Minute, Spread: 5 * time.Second,
		ConnectionsPerCaller: 100, SubscriptionsPerCaller: 1000, OperationsPerConnection: 100,
	}
}

const (
	// checkEvery is how often callers are checked: those of new streams, and a third of
	// the others. Each caller is checked at every third time (checkTurns), so that
	// thousands of streams cost little. The answer of the store is used for up to 4
	// seconds, so a stream whose credentials were revoked ends within 5 seconds.
	checkEvery = 1200 * time.Millisecond
	checkTurns = 3
)

// A quota counts the streams of each caller, and all open streams.
type quota struct {
	connections, subscriptions counts
	open                       atomic.Int64
}

// keyFactor is how many times more streams and subscriptions an API key has, together with
// all users on whose behalf it acts, than one caller.
const keyFactor = 20

// counts are counters by [dialog.Actor.Identity], and by API key. Callers without
// credentials are not counted, because the connections of each address are limited anyway.
type counts struct {
	mu    sync.Mutex
	taken map[dialog.Actor]int
	ofKey map[string]int
}

// take counts one more, unless a limit is reached: most for one caller. Then it returns a
// refusal that says what there are too many of, and which setting is the limit.
func (c *counts) take(who dialog.Actor, most int, what, setting string) error {
	if who == (dialog.Actor{}) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.taken[who.Identity()] >= most:
		return tooMany("too many "+what+" for one caller", most, setting)
	case who.APIKey != "" && c.ofKey[who.APIKey]/keyFactor >= most: // the product could be too large
		return tooMany("too many "+what+" for one API key with all users it acts for", most*keyFactor, "20 times "+setting)
	}
	if c.taken == nil {
		c.taken, c.ofKey = map[dialog.Actor]int{}, map[string]int{}
	}
	c.taken[who.Identity()]++
	if who.APIKey != "" {
		c.ofKey[who.APIKey]++
	}
	return nil
}

// give counts one less.
func (c *counts) give(who dialog.Actor) {
	if who == (dialog.Actor{}) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	giveBack(c.taken, who.Identity())
	if who.APIKey != "" {
		giveBack(c.ofKey, who.APIKey)
	}
}

func giveBack[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

func tooMany(what string, limit int, setting string) error {
	return &api.Refusal{Code: api.RateLimited, RetryAfter: time.Second, Message: fmt.Sprintf("%s (limit %d, %s)", what, limit, setting)}
}

// endAfter returns how long after the server has begun to stop a stream ends: immediately
// if there are few streams, or after a random time if there are many.
func (s *streamer) endAfter() time.Duration {
	most := min(s.Spread, time.Duration(s.quota.open.Load())*time.Millisecond)
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // spreads load; not for security
}
