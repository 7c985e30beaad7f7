package edge

import (
	"net/http"
	"time"

	"dialogs/api"
)

// Deadline bounds how long a request may take. It is set for each request and
// not for the whole connection. A stream lifts it, and keeps it for each of its
// operations ([api.Lasting]).
func Deadline(limit time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := api.WithLimit(contextOf(r), limit)
			defer cancel()
			next.ServeHTTP(w, with(r, ctx))
		})
	}
}
