package edge

import (
	"context"
	"net/http"
	"time"
)

// Deadline bounds how long a request may take. It is set for each request and
// not for the whole connection.
func Deadline(limit time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
