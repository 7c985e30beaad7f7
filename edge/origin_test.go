package edge_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"dialogs/api"
	"dialogs/edge"
)

func TestSameOrigin(t *testing.T) {
	const allowed = "https://app.example"
	for _, test := range []struct {
		reason string
		r      *http.Request
		dev    bool
		ok     bool
	}{
		{"no browser", request(http.MethodPost, "http://api.example/"), false, true},
		{"the same origin", request(http.MethodPost, "http://api.example/", "Origin", "http://api.example"), false, true},
		{"an allowed origin", request(http.MethodPost, "http://api.example/", "Origin", allowed), false, true},
		{"an allowed origin over plain HTTP", request(http.MethodPost, "http://api.example/", "Origin", "http://app.example"), false, false},
		{"another origin", request(http.MethodPost, "http://api.example/", "Origin", "https://evil.example"), false, false},
		{"a page in a sandbox", request(http.MethodPost, "http://api.example/", "Origin", "null"), false, false},
		{"reading from another origin, which CORS judges", request(http.MethodGet, "http://api.example/", "Origin", "https://evil.example"), false, true},
		{"an upgrade from another origin", request(http.MethodGet, "http://api.example/", "Origin", "https://evil.example", "Connection", "keep-alive, Upgrade"), false, false},
		{"an upgrade from an allowed origin", request(http.MethodGet, "http://api.example/", "Origin", allowed, "Connection", "Upgrade"), false, true},
		{"an upgrade without a browser", request(http.MethodGet, "http://api.example/", "Connection", "Upgrade"), false, true},
		{"what the browser says is of another site", request(http.MethodPost, "http://api.example/", "Sec-Fetch-Site", "cross-site"), false, false},
		{"a page of this machine", request(http.MethodPost, "http://api.example/", "Origin", "http://localhost:5173"), false, false},
		{"a page of this machine in development", request(http.MethodPost, "http://api.example/", "Origin", "http://localhost:5173"), true, true},
		{"another loopback address in development", request(http.MethodPost, "http://api.example/", "Origin", "http://127.0.0.2:3000"), true, true},
		{"IPv6 in development", request(http.MethodPost, "http://api.example/", "Origin", "http://[::1]:3000"), true, true},
		{"a name under localhost in development", request(http.MethodPost, "http://api.example/", "Origin", "https://app.localhost:3000"), true, true},
		{"an address of the network in development", request(http.MethodPost, "http://api.example/", "Origin", "http://192.168.1.2:3000"), true, false},
		{"a page that is called like this machine", request(http.MethodPost, "http://api.example/", "Origin", "http://localhost.evil.example"), true, false},
	} {
		origins := edge.NewOrigins([]string{allowed}, test.dev, slog.New(slog.DiscardHandler))
		answer, refusal := through(func(refuse api.Refuser) edge.Guard {
			return edge.SameOrigin(origins, refuse)
		}, test.r)
		if passed := answer.Code == http.StatusNoContent; passed != test.ok {
			t.Errorf("%s: got status %d", test.reason, answer.Code)
		}
		if !test.ok && (refusal.Code != api.Forbidden || refusal.Denial.Rule != "origin") {
			t.Errorf("%s: got %+v", test.reason, refusal)
		}
	}
}

// TestRefusedOriginIsLoggedOnce sends requests from more origins than are remembered,
// twice.
func TestRefusedOriginIsLoggedOnce(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	var guard edge.Guard
	send := func(origin string) {
		_, _ = through(func(refuse api.Refuser) edge.Guard {
			if guard == nil {
				guard = edge.SameOrigin(edge.NewOrigins(nil, false, log), refuse)
			}
			return guard
		}, request(http.MethodPost, "http://api.example/", "Origin", origin))
	}
	for range 2 {
		for n := range 200 {
			send("https://" + strings.Repeat("x", n) + ".example")
		}
	}
	if got := bytes.Count(lines.Bytes(), []byte("\n")); got != 100 {
		t.Errorf("%d lines were logged, want 100", got)
	}
	if longest := len(bytes.Split(lines.Bytes(), []byte("\n"))[99]); longest > 500 {
		t.Errorf("a stranger can make a line of %d bytes", longest)
	}
}
