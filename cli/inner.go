package cli

import (
	"net/http"
	"net/url"
	"strings"

	"dialogs/api"
	"dialogs/edge"
)

// An inner handler limits its callers itself: the APIs by the caller's
// identity; the playground not at all, because it loads many files at once.
type inner struct{ http.Handler }

// inside puts a guard before everything in a mux except its inner handlers:
// also before its own redirects and 404 answers.
func inside(mux *http.ServeMux, guard edge.Guard) http.Handler {
	outside := guard(mux)
	graphql, graphqlPattern := mux.Handler(&http.Request{Method: http.MethodPost, URL: &url.URL{Path: graphqlPath}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := graphql, graphqlPattern
		if r.URL.Path != graphqlPath { // which has most of the requests
			handler, pattern = mux.Handler(r)
		}
		api.NoteRoute(r.Context(), routeOf(pattern))
		switch {
		case !isInner(handler):
		case strings.Contains(pattern, "{"): // the mux has to note the values
			mux.ServeHTTP(w, r)
			return
		default:
			handler.ServeHTTP(w, r)
			return
		}
		api.Quiet(r.Context())
		outside.ServeHTTP(w, r)
	})
}

// routeOf is the path of a mux's pattern.
func routeOf(pattern string) string {
	if _, path, found := strings.Cut(pattern, " "); found {
		return path
	}
	return pattern
}

func isInner(h http.Handler) bool { _, ok := h.(inner); return ok }
