package graph

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"dialogs/api"
	"dialogs/dialog"
)

// signedIn is the context of the caller after connection_init.
func (s *socket) signedIn() context.Context {
	if ctx := s.context(); ctx != s.lasting {
		return ctx
	}
	return nil
}

// context is that of the caller, and before connection_init that of the connection.
func (s *socket) context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ctx
}

// revoke ends the connection of a caller whose credentials are no longer valid.
func (s *socket) revoke(refused error) { s.refuse(api.AsRefusal(refused)) }

// keepAlive sends a ping, and drops the connection if the one before was not answered.
// An anonymous connection without operations is closed.
func (s *socket) keepAlive() {
	s.mu.Lock()
	idle, ctx := s.initialized && len(s.operations) == 0, s.ctx
	s.mu.Unlock()
	if idle && s.caller(ctx).Kind() == dialog.Anonymous {
		s.end(4401, "Unauthorized: no credentials and no operation")
		return
	}
	if s.pinged.Swap(true) {
		s.lost("no pong within the ping interval")
		return
	}
	s.work.Go(func() { _ = s.ws.Ping(context.Background()) }) // it ends with the connection
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
