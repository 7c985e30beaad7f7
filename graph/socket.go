package graph

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"dialogs/api"
)

const (
	// retryConnecting is how long a client should wait before it tries again to connect.
	retryConnecting = time.Second
	// longestReason is how many bytes of a reason fit into a close frame.
	longestReason = 123
	// paceBytes is how many bytes per second a client must read, in addition to the time
	// for which it may let a message wait.
	paceBytes = 32 << 10
)

// A socket is one WebSocket connection. While nothing happens, it has only one goroutine,
// which waits for the client and has a small stack. Everything else runs in goroutines
// that end soon.
type socket struct {
	overWebSocket
	*wire
	runner  *runner
	upgrade http.Header // nil after connection_init
	init    *time.Timer // nil after connection_init
	unused  *time.Timer // ends an anonymous connection that is not used; nil for others
	foreign bool        // the client does not offer our subprotocol
	// above is the context of the connection, which ends when everything is cut off.
	above context.Context
	// leave stops the upkeep of the connection, and done is called when it has ended.
	leave, done func()
	// acknowledged means that the caller has signed in, and begun is the number of
	// operations so far. Only the reading goroutine uses them.
	acknowledged bool
	begun        int

	work sync.WaitGroup // operations, pings and closing
	// signingIn means that nothing is read because the caller is signing in.
	signingIn atomic.Bool

	mu sync.Mutex // guards what follows
	// ctx is above; after connection_init, it is the context of the caller.
	ctx context.Context
	// reading stops reading a message; nil if none is being read.
	reading context.CancelFunc
	// initialized means that connection_init was received.
	initialized bool
	operations  []*operation // hardly ever more than a few
	// leaving is how the connection will end once its queries and mutations are done; nil
	// if it is not about to end.
	leaving *farewell
	ended   bool
	code    ws.StatusCode
	reason  string
}

// serve starts serving the connection. It calls done when the connection has ended.
func (s *socket) serve(ctx context.Context, done func()) {
	s.above, s.ctx = ctx, ctx
	s.quota.open.Add(1)
	s.leave = s.upkeep.tend(ctx, s)
	s.done = done
	if s.foreign {
		s.end(4406, "Subprotocol not acceptable")
	}
	s.init = time.AfterFunc(s.InitTimeout, s.initLate)
	go s.listen() // in a new goroutine, whose stack is small
}

// initLate ends a connection whose connection_init does not arrive in time.
func (s *socket) initLate() {
	s.mu.Lock()
	late := !s.initialized
	s.mu.Unlock()
	if late {
		s.end(4408, "Connection initialisation timeout")
	}
}

// listen handles what the client sends until the connection ends.
func (s *socket) listen() {
	for s.await() == nil && s.hear() {
		continue
	}
	s.close()
}

// close cleans up after a connection that is no longer read.
func (s *socket) close() {
	s.lost("connection lost") // unless another reason was set before
	s.leave()
	s.work.Wait()
	s.linger()
	_ = s.conn.Close()
	s.quota.open.Add(-1)
	for _, timer := range []*time.Timer{s.init, s.unused} {
		if timer != nil {
			timer.Stop()
		}
	}
	if s.acknowledged {
		s.quota.connections.give(s.caller(s.ctx).Actor())
	}
	api.Note(s.above, slog.Int("close_code", int(s.code)), slog.Int("operations", s.begun))
	api.NoteReason(s.above, s.reason)
	s.done()
}

// hear handles the messages that have arrived, in another goroutine, so that the stack of
// the waiting one stays small. It reports whether more may come.
func (s *socket) hear() (goesOn bool) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		defer func() {
			if v := recover(); v != nil {
				_ = api.Recovered(s.context(), s.log, v)
				s.end(ws.StatusInternalServerError, "Internal server error")
			}
		}()
		err := s.receive(s)
		if goesOn = err == nil; !goesOn {
			s.broken(err)
		}
	}()
	<-heard
	return goesOn
}

// message handles one message.
func (s *socket) message(text bool, body io.Reader) (goesOn bool) {
	switch {
	case s.hasEnded(): // only the client's answer to that is awaited
	case !text:
		s.invalid("messages are text")
	default:
		return s.take(body)
	}
	return true
}

// take handles one text message. It reports whether more may come.
func (s *socket) take(body io.Reader) (goesOn bool) {
	ctx, cancel := limited(s.ctx)
	defer cancel()
	s.setReading(cancel)
	defer s.setReading(nil)
	m, err := s.read(ctx, body)
	switch {
	case err != nil:
		s.broken(err)
		return false
	case m == nil: // the connection ends
	case m.Type == "connection_init":
		s.initialize(m)
	default:
		s.handle(m)
	}
	return true
}

// broken ends a connection that can no longer be read, unless it has already ended.
func (s *socket) broken(err error) {
	var broken ws.ProtocolError
	if errors.As(err, &broken) || errors.Is(err, ws.ErrHeaderLengthMSB) {
		s.end(ws.StatusProtocolError, "Protocol error: "+err.Error())
		return
	}
	s.lost("connection lost")
}

// setReading stores the function that stops reading a message; nil when none is being
// read.
func (s *socket) setReading(cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = cancel
	if s.ended && cancel != nil {
		cancel()
	}
}

// end closes the connection with a code and a reason, and stops the running operations
// without completing them. If it is called again, the first code is kept.
func (s *socket) end(code ws.StatusCode, reason string) {
	s.finish(code, reason, func() {
		// The client answers with a close frame, too.
		wait := closeWait
		if s.hurried.Load() {
			wait = hurry
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(wait))
		if s.wire.send(ws.OpClose, s.WriteTimeout, nil, ws.NewCloseFrameBody(code, closeReason(reason))) != nil {
			_ = s.conn.Close()
		}
	})
}

// lost drops a connection that is broken or whose client does not read.
func (s *socket) lost(reason string) {
	s.finish(ws.StatusAbnormalClosure, reason, func() { _ = s.conn.Close() })
}

// finish stores how the connection ends, closes it, and stops its operations. Only the
// first call has an effect.
func (s *socket) finish(code ws.StatusCode, reason string, closing func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended, s.code, s.reason = true, code, reason
	s.work.Go(closing)
	if s.reading != nil {
		s.reading()
	}
	for _, op := range s.operations {
		op.interrupt()
	}
}

func (s *socket) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// closeReason cuts a reason so that it fits into a close frame.
func closeReason(reason string) string {
	for len(reason) > longestReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return reason
}

// send sends a message that consists of these parts. A client that does not read it in time
// is disconnected. waits is called before sending may have to wait; nil for nothing.
func (s *socket) send(waits func(), parts ...[]byte) error {
	if s.hasEnded() {
		return errCut
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	err := s.wire.send(ws.OpText, s.WriteTimeout+time.Duration(length)*time.Second/paceBytes, waits, parts...)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.lost("the client reads too slowly")
	case err != nil:
		s.lost("connection lost")
	}
	return err
}
