package edge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/api"
	"dialogs/edge"
)

// TestLogged looks at the line of one request, at its id, and at what others
// log on its behalf.
func TestLogged(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(edge.RequestLog{Handler: slog.NewJSONHandler(&lines, nil)}).With("component", "test").WithGroup("of")
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	handler := edge.Logged(log, func() time.Time { now = now.Add(1500 * time.Microsecond); return now })(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			api.Note(r.Context(), slog.String("user", "alice"))
			log.WarnContext(r.Context(), "something happened")
			w.WriteHeader(http.StatusTeapot)
		}))
	w := httptest.NewRecorder()
	path := "/" + strings.Repeat("x", 1000)
	handler.ServeHTTP(w, request(http.MethodPost, path, "X-Request-Id", "chosen"))
	id := w.Header().Get("X-Request-Id")
	if id == "" || id == "chosen" {
		t.Errorf("got the id %q, want one of the server's", id)
	}
	if w.Code != http.StatusTeapot {
		t.Errorf("got status %d", w.Code)
	}
	var got []map[string]any
	for line := range bytes.Lines(lines.Bytes()) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		delete(record, "time")
		got = append(got, record)
	}
	want := []map[string]any{
		{"level": "WARN", "msg": "something happened", "component": "test", "of": map[string]any{"request": id}},
		{"level": "INFO", "msg": "request finished", "component": "test", "of": map[string]any{
			"request": id, "method": "POST", "path": path[:256] + "…", "status": 418.0, "ms": 1.5, "user": "alice",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	lines.Reset()
	log.InfoContext(context.Background(), "on behalf of nobody")
	if strings.Contains(lines.String(), "request") {
		t.Errorf("a record outside of a request has an id: %s", lines.String())
	}
}

// TestLoggedLetsStreamsThrough flushes and sets a deadline through the writer
// that watches the status.
func TestLoggedLetsStreamsThrough(t *testing.T) {
	server := httptest.NewServer(edge.Logged(slog.New(slog.DiscardHandler), time.Now)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			t.Errorf("deadline: %v", err)
		}
		if err := c.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		conn, _, err := c.Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		_ = conn.Close()
	})))
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server.Client().CloseIdleConnections()
}
