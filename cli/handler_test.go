package cli

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialogs/edge"
)

// TestFailedRequestsDoubtTheStore fails a request for want of a store. The next one
// who asks whether the server is ready gets a new answer, although the last one is
// young enough.
func TestFailedRequestsDoubtTheStore(t *testing.T) {
	s := defaults(t)
	p := openParts(t, s)
	log := slog.New(slog.DiscardHandler)
	asked, now := 0, time.Now()
	p.prober = edge.NewProber(func(context.Context) error { asked++; return nil }, time.Second, func() time.Time { return now }, log)
	handler := s.handler(p)
	send := func(method, path, token, body string) string {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("QB-Token", token)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		return answer.Body.String()
	}
	token, _, err := p.minter.Mint("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const document = `{"query": "{ dialogs(first: 1) { nodes { id } } }"}`
	for _, step := range []struct {
		reason string
		do     func()
		asked  int
	}{
		{"the first who asks", func() {}, 1},
		{"another one, soon after", func() {}, 1},
		{"after a request that was served", func() {
			if answer := send(http.MethodPost, "/graphql", token, document); strings.Contains(answer, "errors") {
				t.Errorf("got %s", answer)
			}
		}, 1},
		{"after a request that the store failed", func() {
			if err := p.store.Close(); err != nil {
				t.Error(err)
			}
			if answer := send(http.MethodPost, "/graphql", token, document); !strings.Contains(answer, "UNAVAILABLE") {
				t.Errorf("got %s", answer)
			}
		}, 2},
	} {
		step.do()
		send(http.MethodGet, "/readyz", "", "")
		if asked != step.asked {
			t.Errorf("%s: the store was asked %d times, want %d", step.reason, asked, step.asked)
		}
	}
}
