package edge

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/dialog/dialogtest"
)

// TestRecover: a panic is answered, and the request is logged.
func TestRecover(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		status  int // 0 if the answer is cut off
	}{
		"before the answer": {func(http.ResponseWriter, *http.Request) { panic("a guard") }, http.StatusInternalServerError},
		"in the middle of the answer": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
			panic("a page")
		}, 0},
		"on purpose": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			lines := &dialogtest.Log{}
			log := slog.New(slog.NewTextHandler(lines, nil))
			refuse := func(w http.ResponseWriter, _ *http.Request, refusal *api.Refusal) {
				if refusal.Code != api.Internal || refusal.RequestID == "" {
					t.Errorf("got %+v", refusal)
				}
				refusal.SetHeader(w.Header())
				w.WriteHeader(http.StatusInternalServerError)
			}
			server := httptest.NewServer(Behind([]Guard{From(nil), Logged(log, time.Now, func() {}, Observer{}), Recover(log, refuse)}, tt.handler))
			defer server.Close()
			response, err := http.Get(server.URL)
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			switch {
			case tt.status == 0 && err == nil:
				t.Errorf("got status %d, want an answer that is cut off", response.StatusCode)
			case tt.status != 0 && (err != nil || response.StatusCode != tt.status):
				t.Errorf("got %v, %v, want status %d", response, err, tt.status)
			}
			server.Close() // this waits for the log line
			if !strings.Contains(lines.String(), "request finished") {
				t.Errorf("the request is not in the log: %s", lines)
			}
		})
	}
}
