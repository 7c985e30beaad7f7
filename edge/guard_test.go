package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialogs/api"
	"dialogs/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// through sends a request through a guard to a handler that answers 204. A refusal is
// answered with its status.
func through(guard func(api.Refuser) edge.Guard, r *http.Request) (*httptest.ResponseRecorder, *api.Refusal) {
	var refused *api.Refusal
	refuse := func(w http.ResponseWriter, _ *http.Request, refusal *api.Refusal) {
		refused = refusal
		w.WriteHeader(refusal.HTTPStatus())
	}
	passed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	w := httptest.NewRecorder()
	guard(refuse)(passed).ServeHTTP(w, r)
	return w, refused
}

// request makes a request whose headers are given as names and values in turn.
func request(method, target string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// TestBehind checks the order in which guards act.
func TestBehind(t *testing.T) {
	var order []string
	guard := func(name string) edge.Guard {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	handler := edge.Behind([]edge.Guard{guard("first"), guard("second")}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		order = append(order, "handler")
	}))
	handler.ServeHTTP(httptest.NewRecorder(), request(http.MethodGet, "/"))
	if diff := cmp.Diff([]string{"first", "second", "handler"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
