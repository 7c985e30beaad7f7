package e2e_test

import (
	"bufio"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// timeTrials have the periods. Each has a server of its own: a short period
// would disturb other effects. The time that an effect may take is generous,
// and less than the setting's default, which would have the same effect later.
func timeTrials() []trial {
	return []trial{
		{name: "store timeout", beside: []string{"--request-timeout", "1h"}, wires: []wire{
			{"store-timeout", "1s", waitsForStore(4 * time.Second)},
		}},
		{name: "request timeout", beside: []string{"--store-timeout", "1h"}, wires: []wire{
			{"request-timeout", "300ms", waitsForStore(8 * time.Second)},
		}},
		{name: "header timeout", wires: []wire{{"header-timeout", "100ms", func(t *testing.T, s *servertest.Server) {
			closes(t, 8*time.Second, dial(t, s, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"))
		}}}},
		{name: "read timeout", wires: []wire{{"read-timeout", "300ms", waitsForBody(24 * time.Second)}}},
		{name: "idle timeout", wires: []wire{{"idle-timeout", "50ms", func(t *testing.T, s *servertest.Server) {
			closes(t, servertest.Patience, dial(t, s, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		}}}},
		{name: "write timeout", beside: []string{"--rate-limit", "0"}, wires: []wire{{"write-timeout", "50ms", func(t *testing.T, s *servertest.Server) {
			ended(t, s, slowReader.from(t, s, "127.0.0.1"))
		}}}},
		{name: "connections", wires: []wire{{"max-connections", "3", func(t *testing.T, s *servertest.Server) {
			if refused := refusedTo(t, s, "127.0.0.1"); !strings.Contains(refused, "(limit --max-connections)") {
				t.Errorf("got %q", refused)
			}
		}}}, beside: []string{"--max-connections-per-address", "3", "--trusted-proxies", "127.0.0.1"}},
		{name: "connections of an address", wires: []wire{{"max-connections-per-address", "2", func(t *testing.T, s *servertest.Server) {
			if refused := refusedTo(t, s, "127.0.0.1"); !strings.Contains(refused, "(limit --max-connections-per-address)") {
				t.Errorf("got %q", refused)
			}
		}}}},
		{name: "changes", wires: []wire{{"keep-changes", "2h", remembersDeleted(2 * time.Hour)}}},
		{name: "shutdown grace", beside: []string{"--store-timeout", "3s", "--request-timeout", "1h"}, wires: []wire{{"shutdown-grace", "1s", func(t *testing.T, s *servertest.Server) {
			waitingForStore(t, s)
			s.Cancel()
			if code := s.Stop(); code != 1 || !strings.Contains(s.Stderr.String(), "cut off") {
				t.Errorf("the server ended with %d: %s", code, s.Stderr)
			}
		}}}},
	}
}

// endingTrials have settings whose effect shows when the program does not
// serve.
func endingTrials() []trial {
	return []trial{
		{
			name: "log level", wires: []wire{{"log-level", "error", nil}},
			beside: []string{"--tls-cert", "missing", "--tls-key", "missing"}, environ: []string{"DIALOGS_SOMETHING=x"}, // which is worth a warning
			ends: func(t *testing.T, r servertest.Result) {
				if r.Code != 1 || strings.Contains(r.Stderr, "unknown environment variables") {
					t.Errorf("got code %d and a warning: %s", r.Code, r.Stderr)
				}
			},
		},
	}
}

// waitsForStore writes while another process has the store locked, until the
// server gives up.
func waitsForStore(within time.Duration) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		lockStore(t, s)
		givesUp(t, s, servertest.WithToken(s.Token("alice")), within)
	}
}

// givesUp writes by each API into a store that does not answer.
func givesUp(t *testing.T, s *servertest.Server, caller servertest.Header, within time.Duration) {
	t.Helper()
	s.Client.Timeout = within
	reply := s.Post(caller, `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`, nil)
	if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "UNAVAILABLE" {
		t.Errorf("got %s", reply.Body)
	}
	if status, body := s.Rest(caller, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x"}); status != http.StatusServiceUnavailable {
		t.Errorf("got status %d and %s", status, body)
	}
}

// waitsForBody sends half a body to each API, which answers why it waits no
// longer.
func waitsForBody(within time.Duration) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		token := s.Token("alice") // without one, the QuickBlox API reads no body
		for _, path := range []string{"/graphql", "/chat/Dialog.json"} {
			conn := dial(t, s, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nQB-Token: "+token+"\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
			if answer := answerOf(t, within, conn); answer.Status != http.StatusRequestTimeout || !strings.Contains(string(answer.Body), "--read-timeout") {
				t.Errorf("%s: got status %d and %s", path, answer.Status, answer.Body)
			}
		}
	}
}

// answerOf waits for the answer on a connection.
func answerOf(t *testing.T, within time.Duration, conn net.Conn) servertest.Answer {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("waiting for an answer: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := servertest.Answer{Status: response.StatusCode, Header: response.Header}
	if answer.Body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return answer
}

// lockStore is another process that writes until it is told to unlock the store, or for
// as long as the test runs.
func lockStore(t *testing.T, s *servertest.Server) (unlock func()) {
	t.Helper()
	other, err := sql.Open("sqlite", filepath.Join(s.Store, "dialogs.db")+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	other.SetMaxOpenConns(1)
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = other.Close() }
}

// waitingForStore sends a change that waits for the store.
func waitingForStore(t *testing.T, s *servertest.Server) {
	t.Helper()
	token := s.Token("alice")
	lockStore(t, s)
	const body = `{"query": "mutation { createDialog(input: {type: GROUP, name: \"x\"}) { created } }"}`
	conn := waitingForBody(t, s, len(body), "QB-Token: "+token+"\r\n")
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
}

// dial connects and sends a request, or a part of one.
func dial(t *testing.T, s *servertest.Server, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

// closes waits until the server closes the connection, whatever it sends.
func closes(t *testing.T, within time.Duration, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := io.Copy(io.Discard, conn); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the server does not close the connection")
	}
}

// remembersDeleted deletes a dialog, and reads in the store for how long that is
// remembered.
func remembersDeleted(want time.Duration) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		alice := servertest.WithToken(s.Token("alice"))
		var created struct{ Dialog struct{ ID string } }
		servertest.Decode(t, s.Must(alice, `mutation { createDialog(input: {type: GROUP, name: "gone"}) { dialog { id } } }`, nil).Data["createDialog"], &created)
		s.Must(alice, `mutation($id: ID!) { deleteDialog(id: $id) { deletedId } }`, map[string]any{"id": created.Dialog.ID})
		db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Store, "dialogs.db")+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		var kept int64
		if err := db.QueryRowContext(t.Context(), "SELECT forget_at - updated_at FROM dialog WHERE deleted = 1").Scan(&kept); err != nil {
			t.Fatal(err)
		}
		if got := time.Duration(kept) * time.Millisecond; got != want {
			t.Errorf("a deleted dialog is remembered for %s, want %s", got, want)
		}
	}
}
