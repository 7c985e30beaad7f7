package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialogs/servertest"
)

// A waster is a client that keeps a connection without using it.
type waster struct {
	sent, reason string
}

var (
	wasters = []waster{
		{"", "nothing sent"},
		{"GET /healthz HTT", "half a request line"},
		{"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "half a header"},
		{"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "a request, and then nothing"},
		{"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", "a request for what does not exist, and then nothing"},
	}
	slowBody   = waster{"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", "half a body"}
	slowReader = waster{"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "many requests, and no answer read"}
)

// from dials from an address of this machine.
func (w waster) from(t *testing.T, s *servertest.Server, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// The tests expect the server to stop reading, or to close the connection.
	go func() { _, _ = io.WriteString(conn, w.sent) }()
	return conn
}

// TestFewOpenFiles runs the program where it may open 64 files, and keeps 100
// connections that do nothing: others are served.
func TestFewOpenFiles(t *testing.T) {
	for _, w := range wasters {
		t.Run(w.reason, func(t *testing.T) {
			t.Parallel()
			p := limited(t, 64)
			for range 100 {
				w.from(t, p.Server, "127.0.0.1")
			}
			for range 20 {
				p.Client.CloseIdleConnections()
				p.Must(nil, whoami, nil)
			}
			if log := p.Stderr.String(); strings.Contains(log, "too many open files") {
				t.Errorf("the server has run out of files: %s", log)
			}
		})
	}
}

// limited spawns a server that may open so many files.
func limited(t *testing.T, files int, args ...string) *servertest.Process {
	t.Helper()
	store := filepath.Join(t.TempDir(), "data")
	args = append([]string{
		"-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, files), servertest.Binary(t),
		"serve", "--listen", "127.0.0.1:0", "--store", store, "--log-format", "json", "--rate-limit", "0",
	}, args...)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", args...)
	command.Env = servertest.WithoutSettings(os.Environ())
	return servertest.Launch(t, command, store, "http")
}

// TestTooFewOpenFiles starts with limits that leave no room.
func TestTooFewOpenFiles(t *testing.T) {
	for _, test := range []struct {
		files int
		args  []string
		want  string
	}{
		{20, nil, "the limit of open files (20) is too low: raise it to at least "},
		{64, []string{"--max-connections", "64"}, "--max-connections (DIALOGS_MAX_CONNECTIONS) 64: the limit of open files (64) leaves room for "},
	} {
		command := exec.CommandContext(t.Context(), "sh", append([]string{
			"-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, test.files), servertest.Binary(t),
			"serve", "--listen", "127.0.0.1:0", "--store", filepath.Join(t.TempDir(), "data"),
		}, test.args...)...)
		command.Env = servertest.WithoutSettings(os.Environ())
		out, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%d files: got %v: %s", test.files, err, out)
		}
	}
}

// TestConnectionsOfOneAddress has one address that takes all the connections it
// can: another one is served, and a trusted proxy may have more.
func TestConnectionsOfOneAddress(t *testing.T) {
	s := start(t, "--max-connections", "40", "--max-connections-per-address", "10", "--trusted-proxies", "127.0.0.3")
	for range 10 {
		// These are being served, as far as the server can tell.
		slowBody.from(t, s.Server, "127.0.0.2")
	}
	refused := refusedTo(t, s.Server, "127.0.0.2")
	if !strings.Contains(refused, "503 Service Unavailable") || !strings.Contains(refused, "(limit --max-connections-per-address)") ||
		!strings.Contains(refused, `"UNAVAILABLE"`) || !strings.Contains(refused, "Retry-After: 1") {
		t.Errorf("got %q", refused)
	}
	s.Must(nil, whoami, nil)
	for range 20 {
		slowBody.from(t, s.Server, "127.0.0.3")
	}
	s.Must(nil, whoami, nil)
	s.Stderr.Await(t, `"msg":"connections refused","setting":"--max-connections-per-address"`)
}

// refusedTo dials until the server has no room, and returns what it says then.
func refusedTo(t *testing.T, s *servertest.Server, address string) string {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); time.Now().Before(deadline); {
		conn := slowBody.from(t, s, address)
		if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if said, _ := io.ReadAll(conn); len(said) > 0 {
			return string(said)
		}
	}
	t.Fatal("the server takes ever more connections")
	return ""
}

// TestSlowClientsGiveWay fills the server with clients that are slow to send:
// after a while they give way to others.
func TestSlowClientsGiveWay(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-connections", "10", "--max-connections-per-address", "10")
	refused := refusedTo(t, s.Server, "127.0.0.2")
	if !strings.Contains(refused, "(limit --max-connections") {
		t.Errorf("got %q", refused)
	}
	again, enough := time.NewTicker(100*time.Millisecond), time.After(servertest.Patience)
	defer again.Stop()
	for {
		s.Client.CloseIdleConnections()
		answer, err := s.TryDo(http.MethodGet, "/healthz", nil, nil)
		if err == nil && answer.Status == http.StatusOK {
			return
		}
		select {
		case <-again.C:
		case <-enough:
			t.Fatalf("slow clients keep the others out: %v %s", err, answer.Body)
		}
	}
}

// TestConnectionsEnd has clients that waste a connection each: the server
// closes every one within the time of its settings.
func TestConnectionsEnd(t *testing.T) {
	t.Parallel()
	for _, w := range append(wasters, slowBody, slowReader) {
		t.Run(w.reason, func(t *testing.T) {
			t.Parallel()
			s := start(t, "--header-timeout", "200ms", "--read-timeout", "400ms", "--write-timeout", "200ms", "--idle-timeout", "200ms", "--rate-limit", "0")
			conn := w.from(t, s.Server, "127.0.0.1")
			if w.reason == slowReader.reason {
				ended(t, s.Server, conn)
				return
			}
			closes(t, servertest.Patience, conn)
		})
	}
}

// ended waits until the server has closed a connection whose answers nobody
// reads.
func ended(t *testing.T, s *servertest.Server, conn net.Conn) {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); pipeline(t, conn); {
		if time.Now().After(deadline) {
			t.Fatalf("the server holds on to a client that does not read: %s", s.Stderr)
		}
	}
}

// pipeline sends requests until the server reads no more of them, because
// nobody reads its answers. It is not ok when the connection has ended.
func pipeline(t *testing.T, conn net.Conn) (ok bool) {
	t.Helper()
	requests, sent := []byte(strings.Repeat(slowReader.sent, 1000)), len(slowReader.sent)
	for {
		if err := conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Write(requests[sent%len(slowReader.sent):])
		sent += n
		var timeout net.Error
		switch {
		case err != nil && (!errors.As(err, &timeout) || !timeout.Timeout()):
			return false
		case n == 0:
			return true
		}
	}
}

// TestStopsDespiteClients tells a server to stop while clients waste its time:
// it ends soon, and cleanly.
func TestStopsDespiteClients(t *testing.T) {
	t.Parallel()
	for _, w := range append(wasters, slowBody, slowReader) {
		t.Run(w.reason, func(t *testing.T) {
			t.Parallel()
			p := servertest.Spawn(t, "--rate-limit", "0", "--header-timeout", "1h", "--read-timeout", "1h", "--write-timeout", "1h", "--idle-timeout", "1h", "--shutdown-grace", "1h")
			conn := w.from(t, p.Server, "127.0.0.1")
			switch {
			case w == slowReader:
				pipeline(t, conn)
			case strings.HasSuffix(w.sent, "\r\n\r\n"):
				if _, err := bufio.NewReader(conn).ReadByte(); err != nil {
					t.Fatal(err)
				}
			}
			p.Must(nil, whoami, nil)
			p.Signal(syscall.SIGTERM)
			if state := p.AwaitEnd(); !state.Success() {
				t.Errorf("the server ended with %s: %s", state, p.Stderr)
			}
		})
	}
}
