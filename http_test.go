package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPinger lets many ask at once, again and again.
func TestPinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pings atomic.Int32
		var away atomic.Bool
		p := newPinger(func(ctx context.Context) error {
			pings.Add(1)
			if away.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			time.Sleep(100 * time.Millisecond) // of the bubble's own clock
			return ctx.Err()
		}, 5*time.Second, time.Now)
		ask := func(want error) {
			t.Helper()
			before := pings.Load()
			var all sync.WaitGroup
			leaving, leave := context.WithCancel(t.Context())
			all.Go(func() { _ = p.answer(leaving) })
			synctest.Wait()
			leave() // the one for whom the store is asked
			for range 50 {
				all.Go(func() {
					if err := p.answer(t.Context()); !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				})
			}
			all.Wait()
			if asked := pings.Load() - before; asked != 1 {
				t.Errorf("the store was asked %d times, want once", asked)
			}
		}
		ask(nil)
		away.Store(true)
		time.Sleep(pingFor)
		ask(context.DeadlineExceeded)
		away.Store(false)
		time.Sleep(pingFor)
		ask(nil)
	})
}

// TestClientThatDoesNotRead asks for more than the connection's buffers hold
// and reads nothing: the server lets go of it.
func TestClientThatDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})
	// The log's writer is what the answer goes through in the server, too.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timed(50*time.Millisecond, 50*time.Millisecond, endless).ServeHTTP(&statusWriter{ResponseWriter: w}, r)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("writing ended with %v, want the deadline", err)
		}
	case <-time.After(patience):
		t.Error("the server holds on to a client that does not read")
	}
}
