package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"dialogs/api"
)

const (
	// retryConnecting is how long a client should wait if it cannot connect
	// now.
	retryConnecting = time.Second
	// statusLost is what the log has for a connection that ended without a close
	// frame; it is never sent.
	statusLost = websocket.StatusAbnormalClosure
	// longestReason is what a close frame has room for, in bytes.
	longestReason = 123
	// paceBytes is how many bytes a client must take in a second, beyond the time
	// that it may let a message wait.
	paceBytes = 32 << 10
)

// A socket is one connection. The goroutine that serves it reads; each operation has
// a goroutine of its own.
type socket struct {
	overWebSocket
	exec    graphql.GraphExecutor
	ws      *websocket.Conn
	upgrade http.Header
	// lasting is the context of the connection, and ends with it. It ends with the
	// one above at the latest: when everything is cut off.
	lasting, above context.Context
	cancel         context.CancelFunc
	// acknowledged says that the caller is known, and begun is how many operations
	// there were: for the reader alone.
	acknowledged bool
	begun        int

	work sync.WaitGroup // operations, pings and closing
	// pinged says that the client has not answered the latest ping.
	pinged atomic.Bool

	mu sync.Mutex // guards what follows
	// ctx is lasting, and after connection_init the context of the caller.
	ctx context.Context
	// initialized says that connection_init has come, and stopping that the server
	// stops.
	initialized bool
	stopping    bool
	operations  map[string]*operation
	ended       bool
	code        websocket.StatusCode
	reason      string
}

// serve serves the connection until it ends.
func (s *socket) serve() {
	s.quota.open.Add(1)
	defer s.quota.open.Add(-1)
	s.ws.SetReadLimit(-1)                  // ReadMessage limits what is read
	defer func() { _ = s.ws.CloseNow() }() // after a panic; else it is closed
	defer s.work.Wait()
	defer s.cancel()
	forget := api.OnStopping(s.lasting, s.stop)
	defer forget()
	defer context.AfterFunc(s.above, func() { s.lost("cut off at the end of the grace") })()
	init := time.AfterFunc(s.InitTimeout, func() {
		s.mu.Lock()
		late := !s.initialized
		s.mu.Unlock()
		if late {
			s.end(4408, "Connection initialisation timeout")
		}
	})
	defer init.Stop()
	defer s.upkeep.tend(s)()
	if s.ws.Subprotocol() != subprotocol {
		s.end(4406, "Subprotocol not acceptable")
		return
	}
	s.read()
}

// read handles messages until the connection ends.
func (s *socket) read() {
	defer s.release()
	for {
		// It ends when the connection is closed.
		kind, r, err := s.ws.Reader(context.Background())
		if err != nil {
			s.closed(err)
			return
		}
		if kind != websocket.MessageText {
			s.invalid("messages are text")
			return
		}
		if goesOn := false; s.apart(func() { goesOn = s.take(r) }) != nil || !goesOn {
			return
		}
	}
}

// apart runs something in a goroutine of its own, so that the stack of the one that
// reads stays small. A panic is an error.
func (s *socket) apart(f func()) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				err = api.Recovered(s.context(), s.log, v)
				s.end(websocket.StatusInternalError, "Internal server error")
			}
		}()
		f()
	}()
	<-done
	return err
}

// take handles one message. It tells whether the connection goes on.
func (s *socket) take(r io.Reader) bool {
	m, ok := s.receive(r)
	if !ok {
		return false
	}
	if m.Type == "connection_init" {
		return s.initialize(m)
	}
	return s.handle(m)
}

// release no longer counts the connection for its caller.
func (s *socket) release() {
	if s.acknowledged {
		s.quota.connections.give(s.caller(s.ctx).Actor().Identity())
	}
}

// closed notes that the connection was closed by the client, or lost.
func (s *socket) closed(err error) {
	var by websocket.CloseError
	if errors.As(err, &by) {
		s.finish(by.Code, "closed by the client", nil)
		return
	}
	s.lost("connection lost")
}

// end closes the connection with a code and a reason, without completing the
// running operations first. The first end counts.
func (s *socket) end(code websocket.StatusCode, reason string) {
	s.finish(code, reason, func() { _ = s.ws.Close(code, closeReason(reason)) })
}

// lost drops a connection that no longer accepts messages.
func (s *socket) lost(reason string) {
	s.finish(statusLost, reason, func() { _ = s.ws.CloseNow() })
}

// finish notes how the connection ends, closes it, and ends its operations. Only the
// first end counts.
func (s *socket) finish(code websocket.StatusCode, reason string, closing func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended, s.code, s.reason = true, code, reason
	if closing != nil {
		s.work.Go(closing)
	}
	s.cancel()
	for _, op := range s.operations {
		op.wake()
	}
}

// closeReason cuts a reason to what a close frame has room for.
func closeReason(reason string) string {
	for len(reason) > longestReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return reason
}

func (s *socket) ending() (websocket.StatusCode, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.reason
}

// send sends a message. A client that does not take it in time is cut off.
func (s *socket) send(message []byte) error {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return errCut
	}
	within := s.WriteTimeout + time.Duration(len(message))*time.Second/paceBytes
	// Not with a context: the reader could notice that first, without knowing
	// the reason.
	late := time.AfterFunc(within, func() { s.lost("the client reads too slowly") })
	defer late.Stop()
	return s.ws.Write(context.Background(), websocket.MessageText, message)
}
