package graph

import (
	"context"
	"io"
	"time"

	"github.com/gobwas/ws"

	"dialogs/api"
	"dialogs/dialog"
)

// signedIn returns the context of the caller; nil before connection_init.
func (s *socket) signedIn() context.Context {
	if ctx := s.context(); ctx != s.above {
		return ctx
	}
	return nil
}

// context returns the context of the caller; before connection_init, that of the
// connection.
func (s *socket) context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ctx
}

// cutOff drops the connection because everything is cut off.
func (s *socket) cutOff() { s.lost("cut off at the end of the grace") }

// revoke ends the connection because the caller's credentials are no longer valid.
func (s *socket) revoke(refused error) { s.refuse(api.AsRefusal(refused)) }

// keepAlive sends a ping. It drops the connection if the previous ping was not answered,
// and closes it if it is anonymous and has no operations.
func (s *socket) keepAlive() {
	if s.signingIn.Load() { // its pong would not be read now
		return
	}
	if s.caller(s.context()).Kind() == dialog.Anonymous && s.endUnused() {
		return
	}
	if s.pinged.Swap(true) {
		s.lost("no pong within the ping interval")
		return
	}
	if s.pingAtOnce() {
		return
	}
	s.work.Go(func() {
		if sent, _ := s.sendSoon(ws.OpPing, s.WriteTimeout); !sent { // what fails gets no pong
			s.pinged.Store(false)
		}
	})
}

// endUnused ends a connection of an anonymous caller that has no operations, and reports
// whether it did.
func (s *socket) endUnused() bool {
	s.mu.Lock()
	unused := s.initialized && len(s.operations) == 0
	s.mu.Unlock()
	if unused {
		s.end(4401, "Unauthorized: no credentials and no operation")
	}
	return unused
}

// control handles a control frame.
func (s *socket) control(op ws.OpCode, payload []byte) (goesOn bool) {
	switch op {
	case ws.OpPing:
		if !s.hasEnded() && api.Charge(s.context(), 1) == nil && s.wire.send(ws.OpPong, s.WriteTimeout, nil, payload) != nil {
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

// closed handles a close frame of the client. If the client has started to close the
// connection, it answers with a close frame.
func (s *socket) closed(payload []byte) {
	code, reason := ws.ParseCloseFrameData(payload)
	if len(payload) == 0 {
		code = ws.StatusNoStatusRcvd
	} else if err := ws.CheckCloseFrameData(code, reason); err != nil {
		s.end(ws.StatusProtocolError, "Protocol error: "+err.Error())
		return
	}
	s.finish(code, "closed by the client", func() { _ = s.wire.send(ws.OpClose, s.WriteTimeout, nil, payload[:min(2, len(payload))]) })
}

// linger gives the client time to read the close frame: if a connection is closed while
// the client still sends, it is reset.
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
	// closeWait is how long a client may take to answer a close frame, and lingering how
	// long it may still send after that.
	closeWait = 5 * time.Second
	lingering = time.Second
)

// A farewell is the code and reason with which a connection ends.
type farewell struct {
	code   ws.StatusCode
	reason string
}

// stop ends the connection because the server is stopping: after its queries and mutations
// are done, and not all connections at the same time.
func (s *socket) stop() {
	s.hasten() // a client that does not read does not delay the end of the server
	time.AfterFunc(s.endAfter(), func() {
		s.endSoon(statusServiceRestart, "Service restart: connect again")
	})
}

// endSoon ends the connection as soon as its queries and mutations are done. New
// operations are not started. If it is called again, the first reason is kept.
func (s *socket) endSoon(code ws.StatusCode, reason string) {
	s.mu.Lock()
	if s.leaving == nil {
		s.leaving = &farewell{code, reason}
	}
	s.mu.Unlock()
	s.endIfIdle()
}

// endIfIdle ends a connection that is leaving, unless queries or mutations are still
// running. Its client then connects again.
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
