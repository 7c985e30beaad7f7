package api_test

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
)

func TestReadBody(t *testing.T) {
	const limit = 10
	for _, test := range []struct {
		reason string
		body   io.Reader
		status int    // 0 when it is read
		says   string // part of the message
	}{
		{"none", strings.NewReader(""), 0, ""},
		{"exactly the limit", strings.NewReader("0123456789"), 0, ""},
		{"one byte more", strings.NewReader("0123456789x"), http.StatusRequestEntityTooLarge, "--limit-body"},
		{"too slow", io.MultiReader(strings.NewReader("01"), iotest.ErrReader(os.ErrDeadlineExceeded)), http.StatusRequestTimeout, "--read-timeout"},
		{"broken off", io.MultiReader(strings.NewReader("01"), iotest.ErrReader(io.ErrUnexpectedEOF)), http.StatusBadRequest, "send it again"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", test.body)
		_, err := api.ReadBody(httptest.NewRecorder(), r, limit)
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
