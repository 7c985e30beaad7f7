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
	// retryConnecting is how long a client should wait if it cannot connect
	// now.
	retryConnecting = time.Second
	// longestReason is what a close frame has room for, in bytes.
	longestReason = 123
	// paceBytes is how many bytes a client must take in a second, beyond the time
	// that it may let a message wait.
	paceBytes = 32 << 10
)

// A socket is one connection. While nothing happens, it has one goroutine, which waits
// for the client with a small stack: everything else runs in goroutines that end.
type socket struct {
	overWebSocket
	*wire
	runner  *runner
	upgrade http.Header // nil after connection_init
	init    *time.Timer // nil after connection_init
	foreign bool        // the client does not offer our subprotocol
	// above is the context of the connection, which ends when everything is cut off.
	above context.Context
	// leave ends what looks after the connection, and done what serves it.
	leave, done func()
	// acknowledged says that the caller is known, and begun is how many operations
	// there were: for the reader alone.
	acknowledged bool
	begun        int

	work sync.WaitGroup // operations, pings and closing
	// pinged says that the client has not answered the latest ping, and signingIn that
	// nothing is read meanwhile.
	pinged, signingIn atomic.Bool

	mu sync.Mutex // guards what follows
	// ctx is above, and after connection_init the context of the caller.
	ctx context.Context
	// reading ends the wait for a message; nil if none is being read.
	reading context.CancelFunc
	// initialized says that connection_init has come.
	initialized bool
	operations  map[string]*operation
	// leaving is how the connection ends when its queries and mutations are done; nil
	// if nothing ends it.
	leaving *farewell
	ended   bool
	code    ws.StatusCode
	reason  string
}

// serve begins to serve the connection, and calls done when it has ended.
func (s *socket) serve(ctx context.Context, done func()) {
	s.above, s.ctx = ctx, ctx
	s.quota.open.Add(1)
	uncut := context.AfterFunc(ctx, func() { s.lost("cut off at the end of the grace") })
	untended := s.upkeep.tend(ctx, s)
	s.leave = func() { uncut(); untended() }
	s.done = done
	if s.foreign {
		s.end(4406, "Subprotocol not acceptable")
	}
	s.init = time.AfterFunc(s.InitTimeout, s.initLate)
	go s.listen() // with a stack that has not grown
}

// initLate ends a connection that does not begin in time.
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

// close ends everything about a connection that is no longer read.
func (s *socket) close() {
	s.lost("connection lost") // unless the end is known
	s.leave()
	s.work.Wait()
	s.linger()
	_ = s.conn.Close()
	s.quota.open.Add(-1)
	if s.init != nil {
		s.init.Stop()
	}
	if s.acknowledged {
		s.quota.connections.give(s.caller(s.ctx).Actor().Identity())
	}
	api.Note(s.above, slog.Int("close_code", int(s.code)), slog.Int("operations", s.begun))
	api.NoteReason(s.above, s.reason)
	s.done()
}

// hear handles what has arrived, in a goroutine of its own: the stack of the one that
// waits stays small. It tells whether more may come.
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

// take handles one message of text. It tells whether more may come.
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

// broken ends a connection from which nothing more can be read, unless it has ended.
func (s *socket) broken(err error) {
	var broken ws.ProtocolError
	if errors.As(err, &broken) || errors.Is(err, ws.ErrHeaderLengthMSB) {
		s.end(ws.StatusProtocolError, "Protocol error: "+err.Error())
		return
	}
	s.lost("connection lost")
}

// setReading notes what ends the reading of a message; nil when nothing is read.
func (s *socket) setReading(cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = cancel
	if s.ended && cancel != nil {
		cancel()
	}
}

// end closes the connection with a code and a reason, without completing the
// running operations first. The first end counts.
func (s *socket) end(code ws.StatusCode, reason string) {
	s.finish(code, reason, func() {
		// The client answers with the same.
		_ = s.conn.SetReadDeadline(time.Now().Add(closeWait))
		if s.wire.send(ws.OpClose, ws.NewCloseFrameBody(code, closeReason(reason)), s.WriteTimeout) != nil {
			_ = s.conn.Close()
		}
	})
}

// lost drops a connection that no longer accepts messages.
func (s *socket) lost(reason string) {
	s.finish(ws.StatusAbnormalClosure, reason, func() { _ = s.conn.Close() })
}

// finish notes how the connection ends, closes it, and ends its operations. Only the
// first end counts.
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

// closeReason cuts a reason to what a close frame has room for.
func closeReason(reason string) string {
	for len(reason) > longestReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return reason
}

// send sends a message. A client that does not take it in time is cut off.
func (s *socket) send(message []byte) error {
	if s.hasEnded() {
		return errCut
	}
	err := s.wire.send(ws.OpText, message, s.WriteTimeout+time.Duration(len(message))*time.Second/paceBytes)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.lost("the client reads too slowly")
	case err != nil:
		s.lost("connection lost")
	}
	return err
}
