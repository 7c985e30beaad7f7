package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/edge"
)

// TestLimitedSockets: requests of strangers are counted when they arrive, but those for a
// WebSocket only when the caller is known, if the API serves them.
func TestLimitedSockets(t *testing.T) {
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket"}
	for _, test := range []struct {
		reason  string
		sockets bool
		method  string
		headers []string
		counted bool
	}{
		{"a query", true, http.MethodPost, nil, true},
		{"a WebSocket", true, http.MethodGet, upgrade, false},
		{"a WebSocket of an API that has none", false, http.MethodGet, upgrade, true},
		{"a query that looks like a WebSocket", true, http.MethodPost, upgrade, true},
		{"another protocol", true, http.MethodGet, []string{"Connection", "Upgrade", "Upgrade", "h2c"}, true},
	} {
		now := time.Now()
		limiter := edge.NewRateLimiter(1, 0, func() time.Time { return now })
		refused := 0
		guard := edge.Limited(limiter, test.sockets, func(http.ResponseWriter, *http.Request, *api.Refusal) { refused++ })
		handler := guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for range 3 {
			handler.ServeHTTP(httptest.NewRecorder(), request(test.method, "/graphql", test.headers...))
		}
		if (refused == 1) != test.counted {
			t.Errorf("%s: %d of 3 were refused", test.reason, refused)
		}
	}
}
