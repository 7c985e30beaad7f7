package edge

import (
	"net/http"
	"time"

	"dialogs/api"
)

// Deadline limits how long a request may take. The limit is for each request and not for
// the whole connection. A stream removes the limit for itself, and applies it to each of
// its operations ([api.Lasting]).
func Deadline(limit time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := api.WithLimit(contextOf(r), limit)
			defer cancel()
			next.ServeHTTP(w, with(r, ctx))
		})
	}
}
