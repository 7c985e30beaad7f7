package edge_test

import (
	"net/http"
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
		{"a header that the operator allows", preflight(allowed, "POST", "x-tenant"), map[string]string{"Access-Control-Allow-Headers": "x-tenant"}},
		{"an unknown header", preflight(allowed, "POST", "x-unknown"), map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Headers": ""}},
		{"a method that the API does not have", preflight(allowed, "PATCH", ""), map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""}},
		{"a preflight of another origin", preflight("https://evil.example", "POST", ""), map[string]string{"Access-Control-Allow-Origin": ""}},
	} {
		answer, _ := through(func(api.Refuser) edge.Guard {
			return edge.CORS(edge.NewOrigins([]string{allowed}, false), reach, []string{"x-tenant"})
		}, test.r)
		for name, want := range test.want {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", test.reason, name, got, want)
			}
		}
	}
}
