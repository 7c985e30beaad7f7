package graph

import (
	"context"
	"io"
	"time"

	"github.com/gobwas/ws"

	"dialogs/api"
	"dialogs/dialog"
)

// signedIn is the context of the caller after connection_init.
func (s *socket) signedIn() context.Context {
	if ctx := s.context(); ctx != s.above {
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
	if s.signingIn.Load() { // its pong would not be read
		return
	}
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
	s.work.Go(func() {
		if sent, _ := s.sendSoon(ws.OpPing, nil, s.WriteTimeout); !sent { // what fails gets no pong
			s.pinged.Store(false)
		}
	})
}

// control handles a control frame.
func (s *socket) control(op ws.OpCode, payload []byte) (goesOn bool) {
	switch op {
	case ws.OpPing:
		if !s.hasEnded() && api.Charge(s.context(), 1) == nil && s.wire.send(ws.OpPong, payload, s.WriteTimeout) != nil {
			s.lost("connection lost")
		}
	case ws.OpPong:
		s.pinged.Store(false)
	case ws.OpClose:
		s.closed(payload)
		return false
	}
	return true
}

// closed answers the end of a connection by the client, unless that is an answer itself.
func (s *socket) closed(payload []byte) {
	code, reason := ws.ParseCloseFrameData(payload)
	if len(payload) == 0 {
		code = ws.StatusNoStatusRcvd
	} else if err := ws.CheckCloseFrameData(code, reason); err != nil {
		s.end(ws.StatusProtocolError, "Protocol error: "+err.Error())
		return
	}
	s.finish(code, "closed by the client", func() { _ = s.wire.send(ws.OpClose, payload[:min(2, len(payload))], s.WriteTimeout) })
}

// linger lets the close frame arrive: a connection that is closed while the client
// still sends is reset.
func (s *socket) linger() {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, s.conn)
}

const (
	statusServiceRestart ws.StatusCode = 1012
	statusTryAgainLater  ws.StatusCode = 1013
	// closeWait is how long a client may take to answer the end of the connection,
	// and lingering what it may still send after that.
	closeWait = 5 * time.Second
	lingering = time.Second
)

// A farewell is how a connection ends.
type farewell struct {
	code   ws.StatusCode
	reason string
}

// stop ends the connection because the server stops: after its queries and
// mutations are done, and not all connections at the same time.
func (s *socket) stop() {
	time.AfterFunc(s.endAfter(), func() {
		s.endSoon(statusServiceRestart, "Service restart: connect again")
	})
}

// endSoon ends the connection when its queries and mutations are done. No further
// operation begins. The first reason counts.
func (s *socket) endSoon(code ws.StatusCode, reason string) {
	s.mu.Lock()
	if s.leaving == nil {
		s.leaving = &farewell{code, reason}
	}
	s.mu.Unlock()
	s.endIfIdle()
}

// endIfIdle ends a connection that is leaving, unless queries or mutations are still
// running. Clients connect again.
func (s *socket) endIfIdle() {
	s.mu.Lock()
	running := 0
	for _, op := range s.operations {
		if !op.subscription {
			running++
		}
	}
	leaving := s.leaving
	s.mu.Unlock()
	if leaving != nil && running == 0 {
		s.end(leaving.code, leaving.reason)
	}
}
