package e2e_test

import (
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientAborts closes the connection in the middle of a request: that is
// not an error of the server, and the log has none.
func TestClientAborts(t *testing.T) {
	s := start(t, "--log-level", "debug", "--store-timeout", "1m", "--request-timeout", "1m")
	token := s.MustCLI("token", "alice")
	const body = `{"query": "mutation Aborted { createDialog(input: {type: GROUP, name: \"x\"}) { created } }"}`
	// Another process that writes blocks every request that wants to write.
	other, err := sql.Open("sqlite", filepath.Join(s.Store, "dialogs.db")+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	other.SetMaxOpenConns(1)
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		sent, path, reason string
	}{
		{body[:40], "/graphql", "while it sends its request"},
		{body, "/graphql", "while it waits for its answer"},
		{body[:40], "/chat/Dialog.json", "while it sends its request to the other API"},
		{`{"type": 2, "name": "x"}` + strings.Repeat(" ", len(body)-24), "/chat/Dialog.json", "while it waits for the other API's answer"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			before := strings.Count(s.Stderr.String(), `"msg":"request finished"`)
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nQB-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				test.path, token, len(body), test.sent)
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			s.Stderr.Await(t, fmt.Sprintf(`(?s)(?:"msg":"request finished".*){%d}`, before+1))
		})
	}
	if log := s.Stderr.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log blames the server:\n%s", log)
	}
}
