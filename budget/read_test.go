package budget

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"dialogs/api"
	"dialogs/dialog"
)

// TestRead reads bodies of known and of unknown length.
func TestRead(t *testing.T) {
	limits := DefaultLimits()
	limits.Body, limits.AnonymousBody = 10, 5
	requests, alice := NewRequests(limits), dialog.Caller{User: "alice"}
	for _, test := range []struct {
		reason string
		caller dialog.Caller
		body   io.Reader
		status int    // 0 if the body is read
		says   string // part of the message
	}{
		{"none", alice, strings.NewReader(""), 0, ""},
		{"exactly the limit", alice, strings.NewReader("0123456789"), 0, ""},
		{"one byte more", alice, strings.NewReader("0123456789x"), http.StatusRequestEntityTooLarge, "--limit-body"},
		{"without credentials", dialog.Caller{}, strings.NewReader("01234"), 0, ""},
		{"one byte more without credentials", dialog.Caller{}, strings.NewReader("012345"), http.StatusRequestEntityTooLarge, "--limit-body-anonymous"},
		{"a key, which is not a user", dialog.Caller{APIKey: "backend"}, strings.NewReader("0123456789"), 0, ""},
		{"one byte more of unknown length", alice, io.MultiReader(strings.NewReader("0123456789x")), http.StatusRequestEntityTooLarge, "--limit-body"},
		{"too slow", alice, io.MultiReader(strings.NewReader("01"), iotest.ErrReader(os.ErrDeadlineExceeded)), http.StatusRequestTimeout, "--read-timeout"},
		{"broken off", alice, io.MultiReader(strings.NewReader("01"), iotest.ErrReader(io.ErrUnexpectedEOF)), http.StatusBadRequest, "send it again"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", test.body)
		body, err := requests.Read(httptest.NewRecorder(), r, test.caller)
		body.Close()
		if test.status == 0 {
			if err != nil {
				t.Errorf("%s: %v", test.reason, err)
			}
			continue
		}
		var refusal *api.Refusal
		if !errors.As(err, &refusal) || refusal.HTTPStatus() != test.status || !strings.Contains(refusal.Message, test.says) {
			t.Errorf("%s: got %v, want status %d and %q", test.reason, err, test.status, test.says)
		}
	}
}
