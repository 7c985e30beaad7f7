package edge

import (
	"slices"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may remember the answer to a preflight
// request, in seconds.
const preflightAge = 600

// Reach is what pages of allowed origins may use of an API.
type Reach struct{ Methods, Headers, Exposed []string }

// frontEndHeaders are those that widespread front-end libraries add to every
// request: tracing (W3C, Sentry), Apollo Client, jQuery and Axios.
var frontEndHeaders = []string{
	"traceparent", "tracestate", "baggage", "sentry-trace",
	"apollographql-client-name", "apollographql-client-version", "apollo-require-preflight", "x-apollo-operation-name", "x-apollo-operation-id",
	"x-requested-with", "x-request-id", "accept-language", "cache-control", "pragma",
}

// CORS tells browsers that pages of these origins may call the API and read
// its answers. more are headers that they may send beside the known ones.
func CORS(origins *Origins, reach Reach, more []string) Guard {
	return cors.New(cors.Options{
		AllowOriginFunc: origins.Allows,
		AllowedMethods:  reach.Methods,
		AllowedHeaders:  slices.Concat(reach.Headers, frontEndHeaders, more),
		ExposedHeaders:  reach.Exposed,
		MaxAge:          preflightAge,
	}).Handler
}

// An Origins is which pages of other origins may call.
type Origins struct {
	exact    []string
	loopback bool
}

// NewOrigins allows the origins, which must be written as browsers send them;
// with loopback also every page of this machine, for development.
func NewOrigins(exact []string, loopback bool) *Origins {
	return &Origins{exact: exact, loopback: loopback}
}

// Allows tells whether pages of the origin may call.
func (o *Origins) Allows(origin string) bool {
	return slices.Contains(o.exact, origin) || o.loopback && isLocalOrigin(origin)
}
