package edge

import (
	"context"
	"net/http"
	"time"
)

// WriteGrace is how long a client may take to read an answer, after the time
// that its request may take.
const WriteGrace = 5 * time.Second

// Deadline bounds how long a request may take, and then by grace how long its
// client may take to read the answer. Both are set for each request and not
// for the whole connection, so that a handler that streams can set its own
// with [http.ResponseController].
func Deadline(limit, grace time.Duration) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// Only a writer without a connection, as in a test, refuses this.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + grace))
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
