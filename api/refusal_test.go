package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
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

// TestRefusalOfEnded: what fails because its client has gone, or its time is over, is no
// fault of the server, and not in the log.
func TestRefusalOfEnded(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		reason string
		ctx    context.Context
		err    error
		code   api.Code
		logged bool
	}{
		{"the client has gone", ended, fmt.Errorf("waiting: %w", context.Canceled), api.Unavailable, false},
		{"the time is over", ended, context.DeadlineExceeded, api.Unavailable, false},
		{"another failure after the client has gone", ended, errors.New("no such column"), api.Internal, true},
		{"something else was canceled", t.Context(), context.Canceled, api.Internal, true},
	} {
		var log strings.Builder
		refusal := api.RefusalOf(test.ctx, slog.New(slog.NewTextHandler(&log, nil)), test.err)
		if refusal.Code != test.code || (log.Len() > 0) != test.logged {
			t.Errorf("%s: got %s and the log %q", test.reason, refusal.Code, log.String())
		}
	}
}
