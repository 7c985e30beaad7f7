package edge_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/dialog/dialogtest"
	"dialogs/edge"
	"dialogs/servertest"
)

// A serving is a running server with one request in its handler.
type serving struct {
	stop    context.CancelFunc
	address string
	// ended gets the result of Serve, and answered gets the result of the request.
	ended, answered chan error
}

// serveOne starts a server, sends a request and waits until the handler has it.
func serveOne(t *testing.T, grace time.Duration, handler http.HandlerFunc) serving {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	s := serving{stop: stop, address: listener.Addr().String(), ended: make(chan error, 1), answered: make(chan error, 1)}
	server := edge.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(inside)
			handler(w, r)
		}),
		HeaderBytes: 4096, Grace: grace, Log: slog.New(slog.DiscardHandler), Connections: connections(),
	}
	go func() { s.ended <- server.Serve(ctx, listener) }()
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + s.address)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		s.answered <- err
	}()
	t.Cleanup(stop)
	await(t, "the request", inside)
	return s
}

// connections returns limits that are larger than the tests need.
func connections() *edge.Connections {
	return &edge.Connections{Most: 10, MostPerAddress: 10, Log: slog.New(slog.DiscardHandler)}
}

func await[T any](t *testing.T, what string, c <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-c:
	case <-time.After(servertest.Patience):
		t.Fatalf("timed out waiting for %s", what)
	}
	return got
}

// TestDrain stops a server with a running request: the request learns that, may finish,
// and new connections are refused.
func TestDrain(t *testing.T) {
	finish := make(chan struct{})
	told := make(chan struct{})
	s := serveOne(t, time.Hour, func(w http.ResponseWriter, r *http.Request) {
		<-api.Stopping(r.Context())
		close(told)
		<-finish
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request was cut off: %v", err)
		}
		_, _ = io.WriteString(w, "done")
	})
	s.stop()
	await(t, "the request to be told", told)
	for deadline := time.Now().Add(servertest.Patience); ; {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("a server that stops accepts connections")
		}
	}
	close(finish)
	if err := await(t, "the answer", s.answered); err != nil {
		t.Errorf("the request: %v", err)
	}
	if err := await(t, "the server to stop", s.ended); err != nil {
		t.Errorf("the server: %v", err)
	}
}

// TestCutOff stops a server whose request does not finish in time.
func TestCutOff(t *testing.T) {
	s := serveOne(t, time.Millisecond, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.stop()
	if err := await(t, "the server to stop", s.ended); err == nil || !strings.Contains(err.Error(), "--shutdown-grace") {
		t.Errorf("the server: got error %v, want one that names the setting", err)
	}
	_ = await(t, "the request to end", s.answered) // with or without an answer
}

// TestServeFails: Serve returns the error of a listener that fails.
func TestServeFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	server := edge.Server{Handler: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), Connections: connections()}
	if err := server.Serve(t.Context(), listener); err == nil {
		t.Error("no error")
	}
}

// TestServerErrorsAreLogged: what net/http has to say about connections is in the log, for
// example a client that speaks no TLS.
func TestServerErrorsAreLogged(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files, lines := servertest.NewCertificate(t, 1), &dialogtest.Log{}
	log := slog.New(slog.NewTextHandler(lines, nil))
	certificate, err := edge.ReadCertificate(files.CertFile, files.KeyFile, time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	server := edge.Server{Handler: http.NotFoundHandler(), TLS: certificate.TLS(), HeaderBytes: 4096, Grace: time.Second, Log: log, Connections: connections()}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Error(err)
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text := lines.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "TLS handshake error") {
		t.Errorf("the log has %s", text)
	}
}
