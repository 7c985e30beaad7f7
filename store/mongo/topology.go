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

// topology is the state of the servers according to the driver's heartbeats. A normal
// operation waits for a server until its deadline; with this state, a health check does
// not have to.
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
			if e.Failure != nil && !errors.Is(e.Failure, context.Canceled) { // the driver itself has closed this connection
				t.update(func() { t.failures[addressOf(e.ConnectionID)] = e.Failure })
			}
		},
	}
}

// addressOf returns the address in a connection's id, which has the form address[-number].
func addressOf(connection string) string {
	address, _, _ := strings.Cut(connection, "[-")
	return address
}

// whileThere returns a context that is canceled when the next heartbeat shows that no
// server can be used. Its cause is the reason.
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

// reason returns why no server can be used, according to the latest heartbeats; nil if one
// can.
func (t *topology) reason() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.away()
}

// away is [topology.reason] with t.mu held: it returns an error if all servers were asked
// and none of them accepts writes.
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
		case server.Kind == "Unknown": // has not been asked yet
			return nil
		}
	}
	if len(failures) == 0 {
		return errNoPrimary
	}
	return errors.Join(failures...)
}
