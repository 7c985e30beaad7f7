package edge

import (
	"net/http"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may remember the answer to a preflight
// request, in seconds.
const preflightAge = 600

// Reach is what pages of allowed origins may use of an API.
type Reach struct{ Methods, Headers, Exposed []string }

// CORS tells browsers that pages of these origins may call the API and read
// its answers. Without origins it says nothing, which means no.
func CORS(origins []string, reach Reach) Guard {
	if len(origins) == 0 { // rs/cors would take an empty list for every origin
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: reach.Methods,
		AllowedHeaders: reach.Headers,
		ExposedHeaders: reach.Exposed,
		MaxAge:         preflightAge,
	}).Handler
}
