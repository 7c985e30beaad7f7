package graph

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"dialogs/dialog"
)

// ping sends a ping, and drops the connection if no pong arrives. An anonymous
// connection without operations is closed.
func (s *socket) ping() {
	s.mu.Lock()
	idle, ctx := s.initialized && len(s.operations) == 0, s.ctx
	s.mu.Unlock()
	if idle && s.caller(ctx).Kind() == dialog.Anonymous {
		s.end(4401, "Unauthorized: no credentials and no operation")
		return
	}
	s.work.Go(func() {
		late := time.AfterFunc(s.PingInterval, func() { s.lost("no pong within the ping interval") })
		defer late.Stop()
		_ = s.ws.Ping(context.Background()) // it ends with the connection
	})
}

// stop ends the connection because the server stops: after its queries and
// mutations are done, and not all connections at the same time.
func (s *socket) stop() {
	select {
	case <-time.After(s.endAfter()):
	case <-s.lasting.Done():
		return
	}
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.endIfStopped()
}

// endIfStopped ends the connection of a server that stops, unless queries or
// mutations are still running. Clients connect again.
func (s *socket) endIfStopped() {
	s.mu.Lock()
	running := 0
	for _, op := range s.operations {
		if !op.subscription {
			running++
		}
	}
	over := s.stopping && running == 0
	s.mu.Unlock()
	if over {
		s.end(websocket.StatusServiceRestart, "Service restart: connect again")
	}
}
