package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dialogs/api"
	"dialogs/dialog"
)

// TestCodes compares the table of codes with the documented one.
func TestCodes(t *testing.T) {
	want := map[api.Code]int{
		"GRAPHQL_PARSE_FAILED": 400, "GRAPHQL_VALIDATION_FAILED": 400, "PERSISTED_QUERY_NOT_FOUND": 400, "BAD_USER_INPUT": 400,
		"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "NOT_FOUND": 404, "CONFLICT": 409, "RESYNC_REQUIRED": 410,
		"RATE_LIMITED": 429, "INTERNAL": 500, "UNAVAILABLE": 503,
	}
	for _, code := range api.Codes() {
		if want[code] != code.Status() {
			t.Errorf("%s has status %d, want %d", code, code.Status(), want[code])
		}
		delete(want, code)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// TestDomainErrors turns an error of the domain into a refusal, and the status
// of that refusal back into its code.
func TestDomainErrors(t *testing.T) {
	for code, want := range map[dialog.Code]api.Code{
		dialog.Invalid: api.BadUserInput, dialog.Unauthenticated: api.Unauthenticated, dialog.Forbidden: api.Forbidden,
		dialog.NotFound: api.NotFound, dialog.Conflict: api.Conflict, dialog.Unavailable: api.Unavailable,
		dialog.RateLimited: api.RateLimited, dialog.ResyncRequired: api.ResyncRequired,
		0: api.Internal, 99: api.Internal,
	} {
		refusal := api.RefusalOf(t.Context(), slog.New(slog.DiscardHandler), &dialog.Error{Code: code, Message: "what is wrong"})
		if refusal.Code != want || refusal.HTTPStatus() != want.Status() {
			t.Errorf("%v: got %s with status %d, want %s", code, refusal.Code, refusal.HTTPStatus(), want)
		}
		if got := api.CodeOfStatus(want.Status()); got != want {
			t.Errorf("status %d: got %s, want %s", want.Status(), got, want)
		}
	}
	for _, status := range []int{http.StatusOK, http.StatusTeapot} {
		if got := api.CodeOfStatus(status); got != api.Internal {
			t.Errorf("status %d: got %s, want INTERNAL: no error of the domain has it", status, got)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	request := &api.Request{ID: "the-id"}
	ctx := api.WithRequest(t.Context(), request)
	denial := &dialog.Denial{Rule: "rename"}
	own := &api.Refusal{Code: api.RateLimited, Message: "too fast"}
	away := &dialog.Error{Code: dialog.Unavailable, Message: "the store is away"}
	for _, test := range []struct {
		reason string
		err    error
		want   api.Refusal
		logged string
	}{
		{"a refusal", fmt.Errorf("wrapped: %w", own), *own, ""},
		{
			"an error of the domain, with all it explains",
			fmt.Errorf("wrapped: %w", &dialog.Error{Code: dialog.Conflict, Message: "changed", Field: "ifVersion", CurrentVersion: 7, Denial: denial}),
			api.Refusal{Code: api.Conflict, Message: "changed", Field: "ifVersion", CurrentVersion: 7, Denial: denial},
			"",
		},
		{"a store that is away", away, api.Refusal{Code: api.Unavailable, Message: "the store is away"}, ""},
		{
			"anything else", errors.New("disk s3cret is full"),
			api.Refusal{Code: api.Internal, RequestID: "the-id", Message: "internal error: the server's log has the details under this request id"},
			"disk s3cret is full",
		},
	} {
		var lines strings.Builder
		got := api.RefusalOf(ctx, slog.New(slog.NewTextHandler(&lines, nil)), test.err)
		if *got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.reason, *got, test.want)
		}
		if !strings.Contains(lines.String(), test.logged) || test.logged == "" && lines.Len() > 0 {
			t.Errorf("%s: got the log %q, want %q", test.reason, lines.String(), test.logged)
		}
	}
	if notes := request.Notes(); len(notes) != 1 || !strings.Contains(notes[0].String(), "the store is away") {
		t.Errorf("got the notes %v, want one with the reason why the store was unavailable", notes)
	}
	var lines strings.Builder
	_ = api.RefusalOf(t.Context(), slog.New(slog.NewTextHandler(&lines, nil)), away)
	if !strings.Contains(lines.String(), "level=WARN") || !strings.Contains(lines.String(), "the store is away") {
		t.Errorf("without a request: got the log %q", lines.String())
	}
}

// TestUnavailable notes once why the store failed a request, on the line of the
// request; without a request, it is a line of its own.
func TestUnavailable(t *testing.T) {
	var lines strings.Builder
	log := slog.New(slog.NewTextHandler(&lines, nil))
	request := &api.Request{ID: "the-id"}
	ctx := api.WithRequest(t.Context(), request)
	for range 2 {
		_ = api.RefusalOf(ctx, log, dialog.ErrUnavailable(errors.New("connection refused\nor not")))
	}
	want := []slog.Attr{slog.String("reason", "connection refused; or not")}
	if !slices.EqualFunc(request.Notes(), want, slog.Attr.Equal) || !request.Unavailable() || lines.Len() > 0 {
		t.Errorf("got the notes %v and the log %q, want %v", request.Notes(), lines.String(), want)
	}
	_ = api.RefusalOf(t.Context(), log, dialog.ErrUnavailable(errors.New("connection refused")))
	if !strings.Contains(lines.String(), `level=WARN msg="store unavailable" reason="connection refused"`) {
		t.Errorf("got the log %q", lines.String())
	}
}

// TestForLog cuts between characters.
func TestForLog(t *testing.T) {
	for text, want := range map[string]string{
		"short":                        "short",
		strings.Repeat("x", 200):       strings.Repeat("x", 200),
		strings.Repeat("x", 201):       strings.Repeat("x", 200) + "…",
		"x" + strings.Repeat("ä", 200): "x" + strings.Repeat("ä", 99) + "…",
		strings.Repeat("\x80", 300):    strings.Repeat("\x80", 196) + "…",
	} {
		if got := api.ForLog(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestUnavailableIsNotLoggedWhenTheCallerHasGone gives up like a client that
// closed its connection.
func TestUnavailableIsNotLoggedWhenTheCallerHasGone(t *testing.T) {
	var lines strings.Builder
	gone := dialog.ErrUnavailable(context.Canceled)
	refusal := api.RefusalOf(t.Context(), slog.New(slog.NewTextHandler(&lines, nil)), gone)
	if refusal.Code != api.Unavailable || lines.Len() > 0 {
		t.Errorf("got %+v and the log %q", refusal, lines.String())
	}
}
