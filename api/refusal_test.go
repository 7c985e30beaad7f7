package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/api"
)

func TestRefusalHeader(t *testing.T) {
	for _, test := range []struct {
		reason  string
		refusal api.Refusal
		status  int
		want    http.Header
	}{
		{"no more than a code", api.Refusal{Code: api.NotFound}, 404, http.Header{}},
		{"a status of its own", api.Refusal{Code: api.BadUserInput, Status: 413}, 413, http.Header{}},
		{"a challenge", api.Refusal{Code: api.Unauthenticated, Challenge: "Bearer"}, 401, http.Header{"Www-Authenticate": {"Bearer"}}},
		{"a wait, rounded up", api.Refusal{Code: api.RateLimited, RetryAfter: 1001 * time.Millisecond}, 429, http.Header{"Retry-After": {"2"}}},
		{"the shortest wait", api.Refusal{Code: api.RateLimited, RetryAfter: 1}, 429, http.Header{"Retry-After": {"1"}}},
	} {
		h := http.Header{}
		test.refusal.SetHeader(h)
		if diff := cmp.Diff(test.want, h); diff != "" || test.refusal.HTTPStatus() != test.status {
			t.Errorf("%s: got status %d and headers (-want +got):\n%s", test.reason, test.refusal.HTTPStatus(), diff)
		}
	}
}
