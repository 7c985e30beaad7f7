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

func TestCORS(t *testing.T) {
	const allowed = "https://app.example"
	reach := edge.Reach{Methods: []string{http.MethodPost}, Headers: []string{"QB-Token"}, Exposed: []string{"X-Request-Id"}}
	preflight := func(origin, method, headers string) *http.Request {
		return request(http.MethodOptions, "/", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
	}
	for _, test := range []struct {
		reason string
		r      *http.Request
		want   map[string]string // of the answer's headers; empty for none
	}{
		{"a call", request(http.MethodPost, "/", "Origin", allowed), map[string]string{
			"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": "X-Request-Id", "Access-Control-Allow-Credentials": "",
		}},
		{"a call of another origin", request(http.MethodPost, "/", "Origin", "https://evil.example"), map[string]string{"Access-Control-Allow-Origin": ""}},
		{"a preflight", preflight(allowed, "POST", "qb-token"), map[string]string{
			"Access-Control-Allow-Origin": allowed, "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "qb-token", "Access-Control-Max-Age": "600",
		}},
		{"a header of tracing libraries", preflight(allowed, "POST", "traceparent"), map[string]string{"Access-Control-Allow-Headers": "traceparent"}},
		{"a header that a browser asks for when its value is unusual", preflight(allowed, "POST", "accept"), map[string]string{"Access-Control-Allow-Headers": "accept"}},
		{"several libraries", preflight(allowed, "POST", "b3,newrelic,x-csrf-token,x-datadog-trace-id"), map[string]string{"Access-Control-Allow-Headers": "b3,newrelic,x-csrf-token,x-datadog-trace-id"}},
		{"a header that the operator allows", preflight(allowed, "POST", "x-tenant"), map[string]string{"Access-Control-Allow-Headers": "x-tenant"}},
		{"an unknown header", preflight(allowed, "POST", "x-unknown"), map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Headers": ""}},
		{"a method that the API does not have", preflight(allowed, "PATCH", ""), map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""}},
		{"a preflight of another origin", preflight("https://evil.example", "POST", ""), map[string]string{"Access-Control-Allow-Origin": ""}},
	} {
		answer, _ := through(func(api.Refuser) edge.Guard {
			return edge.CORS(edge.NewOrigins([]string{allowed}, false, slog.New(slog.DiscardHandler)), reach, []string{"x-tenant"})
		}, test.r)
		for name, want := range test.want {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", test.reason, name, got, want)
			}
		}
	}
}

// TestRefusedPreflightsAreLogged sends the preflight requests of browsers. When these are
// refused, browsers never send the call.
func TestRefusedPreflightsAreLogged(t *testing.T) {
	const allowed = "https://app.example"
	var lines bytes.Buffer
	origins := edge.NewOrigins([]string{allowed}, false, slog.New(slog.NewTextHandler(&lines, nil)))
	reach := edge.Reach{Methods: []string{http.MethodPost}, Headers: []string{"QB-Token"}}
	for _, test := range []struct{ reason, method, origin, headers, logged string }{
		{"an allowed origin", "OPTIONS", allowed, "qb-token,traceparent,x-tenant", ""},
		{"another origin", "OPTIONS", "https://evil.example", "", "origin=https://evil.example setting=--allow-origins"},
		{"the same again", "OPTIONS", "https://evil.example", "x-unknown", ""},
		{"its call, which this guard lets pass", "POST", "https://evil.example", "", ""},
		{"a header that is not allowed", "OPTIONS", allowed, "qb-token, x-unknown", "header=x-unknown origin=https://app.example setting=--allow-headers"},
		{"the same header again", "OPTIONS", allowed, "x-unknown", ""},
		{"a page of a file", "OPTIONS", "null", "", "origin=null setting=--allow-origins"},
	} {
		lines.Reset()
		_, _ = through(func(api.Refuser) edge.Guard { return edge.CORS(origins, reach, []string{"X-Tenant"}) },
			request(test.method, "/", "Origin", test.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", test.headers))
		if got := lines.String(); (got == "") != (test.logged == "") || !strings.Contains(got, test.logged) {
			t.Errorf("%s: got the log %q, want %q in it", test.reason, got, test.logged)
		}
	}
}
