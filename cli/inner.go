package cli

import (
	"net/http"

	"dialogs/api"
	"dialogs/edge"
)

// An inner handler limits its callers itself: the APIs do, by who they are, and
// the playground loads many files at once.
type inner struct{ http.Handler }

// inside puts a guard before everything of a mux but its inner handlers: also
// before its own redirects and what it does not find.
func inside(mux *http.ServeMux, guard edge.Guard) http.Handler {
	outside := guard(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler, _ := mux.Handler(r); isInner(handler) {
			mux.ServeHTTP(w, r)
			return
		}
		api.Quiet(r.Context())
		outside.ServeHTTP(w, r)
	})
}

func isInner(h http.Handler) bool { _, ok := h.(inner); return ok }
