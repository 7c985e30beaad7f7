package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/event"
)

// errNoPrimary means that servers answer, but none of them accepts writes.
var errNoPrimary = errors.New("no server accepts writes: the replica set has no primary")

// topology is the state of the servers according to the driver's heartbeats. An
// operation waits for a server until its deadline; a probe does not have to.
type topology struct {
	mu       sync.Mutex
	servers  []event.ServerDescription
	failures map[string]error // by the address of the server
	waiting  map[*context.CancelCauseFunc]struct{}
}

func newTopology() *topology {
	return &topology{failures: map[string]error{}, waiting: map[*context.CancelCauseFunc]struct{}{}}
}

// monitor makes the driver report to the topology.
func (t *topology) monitor() *event.ServerMonitor {
	return &event.ServerMonitor{
		TopologyDescriptionChanged: func(e *event.TopologyDescriptionChangedEvent) {
			t.update(func() { t.servers = e.NewDescription.Servers })
		},
		ServerHeartbeatSucceeded: func(e *event.ServerHeartbeatSucceededEvent) {
			t.update(func() { delete(t.failures, addressOf(e.ConnectionID)) })
		},
		ServerHeartbeatFailed: func(e *event.ServerHeartbeatFailedEvent) {
			if e.Failure != nil && !errors.Is(e.Failure, context.Canceled) { // the driver gave up this connection itself
				t.update(func() { t.failures[addressOf(e.ConnectionID)] = e.Failure })
			}
		},
	}
}

// addressOf is the address in a connection's id, which is address[-number].
func addressOf(connection string) string {
	address, _, _ := strings.Cut(connection, "[-")
	return address
}

// whileThere returns a context that ends, with the reason as its cause, when
// the next heartbeat shows that no server can be used.
func (t *topology) whileThere(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[&cancel] = struct{}{}
	return ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.waiting, &cancel)
		cancel(nil)
	}
}

func (t *topology) update(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	reason := t.away()
	if reason == nil {
		return
	}
	for cancel := range t.waiting {
		(*cancel)(reason)
	}
}

// reason says why no server can be used, as of the last heartbeats; nil if one
// can.
func (t *topology) reason() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.away()
}

// away is [topology.reason]: all servers were asked, and none of them accepts
// writes. t.mu must be held.
func (t *topology) away() error {
	if len(t.servers) == 0 {
		return nil
	}
	var failures []error
	for _, server := range t.servers {
		failure := t.failures[server.Addr.String()]
		switch {
		case server.Kind == "Standalone" || server.Kind == "RSPrimary" || server.Kind == "Mongos" || server.Kind == "LoadBalancer":
			return nil
		case failure != nil:
			failures = append(failures, fmt.Errorf("%s: %w", server.Addr, failure))
		case server.Kind == "Unknown": // not asked yet
			return nil
		}
	}
	if len(failures) == 0 {
		return errNoPrimary
	}
	return errors.Join(failures...)
}
