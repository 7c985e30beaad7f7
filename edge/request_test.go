package edge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/edge"
)

// TestLogged checks the log line of one request, its id, and what others log for it.
func TestLogged(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(edge.RequestLog{Handler: slog.NewJSONHandler(&lines, nil)}).With("component", "test").WithGroup("of")
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	handler := edge.Logged(log, func() time.Time { now = now.Add(1500 * time.Microsecond); return now }, func() {}, edge.Observer{})(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			api.Note(r.Context(), slog.String("user", "alice"))
			log.WarnContext(r.Context(), "something happened")
			w.WriteHeader(http.StatusTeapot)
		}))
	w := httptest.NewRecorder()
	path := "/" + strings.Repeat("x", 1000)
	edge.From(nil)(handler).ServeHTTP(w, request(http.MethodPost, path, "X-Request-Id", "chosen"))
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
			"request": id, "method": "POST", "path": path[:200] + "…", "status": 418.0, "duration_ms": 1.5, "address": "192.0.2.1", "user": "alice",
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

// TestStrangersLines: answers that strangers can get as often as they want have no line at the
// level info. Those to callers with credentials have one.
func TestStrangersLines(t *testing.T) {
	for _, test := range []struct {
		status int
		caller dialog.Caller
		line   bool
	}{
		{http.StatusOK, dialog.Caller{}, true},
		{http.StatusUnauthorized, dialog.Caller{}, true},
		{http.StatusNotFound, dialog.Caller{}, false},
		{http.StatusRequestEntityTooLarge, dialog.Caller{}, false},
		{http.StatusTooManyRequests, dialog.Caller{}, false},
		{http.StatusTooManyRequests, dialog.Caller{User: "a"}, true},
		{http.StatusTooManyRequests, dialog.Caller{APIKey: "k"}, true},
	} {
		var lines bytes.Buffer
		r := request(http.MethodPost, "/graphql")
		r = r.WithContext(auth.WithIdentity(r.Context(), auth.Identity{Caller: test.caller}))
		edge.Logged(slog.New(slog.NewTextHandler(&lines, nil)), time.Now, func() {}, edge.Observer{})(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }),
		).ServeHTTP(httptest.NewRecorder(), r)
		if got := lines.Len() > 0; got != test.line {
			t.Errorf("%d to %+v: a line %v, want %v", test.status, test.caller, got, test.line)
		}
	}
}

// TestRequestID: the id of a request is only taken from a trusted proxy, and only if it is
// safe to log.
func TestRequestID(t *testing.T) {
	proxies := edge.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct {
		reason, peer string
		sent         []string
		taken        bool
	}{
		{"a trusted proxy", "10.0.0.1:1000", []string{"abc-123"}, true},
		{"anybody else", "192.0.2.1:1000", []string{"abc-123"}, false},
		{"nothing", "10.0.0.1:1000", nil, false},
		{"two ids", "10.0.0.1:1000", []string{"abc", "def"}, false},
		{"a line break", "10.0.0.1:1000", []string{"abc\ndef"}, false},
		{"the longest", "10.0.0.1:1000", []string{strings.Repeat("x", 128)}, true},
		{"one that is too long", "10.0.0.1:1000", []string{strings.Repeat("x", 129)}, false},
	} {
		r := request(http.MethodGet, "/")
		r.RemoteAddr, r.Header["X-Request-Id"] = test.peer, test.sent
		answer, _ := through(func(api.Refuser) edge.Guard {
			return func(next http.Handler) http.Handler {
				return edge.From(proxies)(edge.Logged(slog.New(slog.DiscardHandler), time.Now, func() {}, edge.Observer{})(next))
			}
		}, r)
		id := answer.Header().Get("X-Request-Id")
		if taken := len(test.sent) > 0 && id == test.sent[0]; taken != test.taken || id == "" {
			t.Errorf("%s: got the id %q", test.reason, id)
		}
	}
}

// TestLoggedLetsStreamsThrough flushes and sets a deadline through the writer that
// remembers the status.
func TestLoggedLetsStreamsThrough(t *testing.T) {
	server := httptest.NewServer(edge.Logged(slog.New(slog.DiscardHandler), time.Now, func() {}, edge.Observer{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// TestOperationsOfStreams: an operation of a stream that the store failed, or that a limit
// refused, counts like a request.
func TestOperationsOfStreams(t *testing.T) {
	unavailable, refused := 0, []string{}
	observe := edge.Observer{Refused: func(setting string) { refused = append(refused, setting) }}
	log := slog.New(slog.DiscardHandler)
	answer := httptest.NewRecorder()
	edge.Logged(log, time.Now, func() { unavailable++ }, observe)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, happens := range []func(context.Context){
			func(context.Context) {},
			func(ctx context.Context) { api.NoteUnavailable(ctx, log, context.DeadlineExceeded) },
			func(ctx context.Context) { api.NoteLimit(ctx, "limit-depth") },
		} {
			operation, finished := api.BeginOperation(r.Context())
			happens(operation)
			finished()
		}
		if unavailable != 1 || len(refused) != 1 || refused[0] != "limit-depth" {
			t.Errorf("the store failed %d operations, and limits refused %v; want 1, and one", unavailable, refused)
		}
	})).ServeHTTP(answer, request(http.MethodGet, "/"))
	if unavailable != 1 || len(refused) != 1 {
		t.Errorf("after the stream: the store failed %d, and limits refused %v; want no more", unavailable, refused)
	}
}
