package edge

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"dialogs/api"
)

// preflightAge is how many seconds a browser may remember the answer to a preflight
// request.
const preflightAge = 600

// Reach is what pages of allowed origins may use: methods, request headers, and the
// response headers that they can read.
type Reach struct{ Methods, Headers, Exposed []string }

// frontEndHeaders are the headers that common front-end libraries add to every request.
var frontEndHeaders = []string{
	// Tracing: W3C, Sentry, B3, Datadog, New Relic, Elastic, Azure, Jaeger, AWS, Google.
	"traceparent", "tracestate", "baggage", "sentry-trace",
	"b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
	"x-datadog-origin", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-tags", "x-datadog-trace-id",
	"newrelic", "elastic-apm-traceparent", "request-id", "request-context", "uber-trace-id", "x-amzn-trace-id", "x-cloud-trace-context",
	"x-request-id", "x-correlation-id",
	// GraphQL clients: Apollo, Hive, Cosmo.
	"apollographql-client-name", "apollographql-client-version", "apollo-require-preflight", "x-apollo-operation-name", "x-apollo-operation-id",
	"graphql-client-name", "graphql-client-version", "x-graphql-client-name", "x-graphql-client-version",
	// HTTP clients: jQuery, Axios, Angular, readers of event streams.
	"x-requested-with", "x-csrf-token", "x-xsrf-token", "last-event-id",
	// Browsers ask for permission to send Accept if its value has quotation marks or is
	// long.
	"accept", "accept-language", "content-language", "cache-control", "pragma",
}

// CORS tells browsers that pages of these origins may call the API and read its answers.
// more are headers that they may send in addition to the known ones. If something is not
// allowed, a browser learns that from a preflight request and never sends the call itself.
// So refusals are logged here, once an hour for each origin and each header.
//
// Preflight requests are not logged as requests, and not limited: they have no credentials,
// so a limit could only count them by address, and strangers could then keep the pages of
// others at the same address from calling. To refuse one would not take less time either.
func CORS(origins *Origins, reach Reach, more []string) Guard {
	headers := slices.Concat(reach.Headers, frontEndHeaders, more)
	answering := cors.New(cors.Options{
		AllowOriginFunc: origins.Allows,
		AllowedMethods:  reach.Methods,
		AllowedHeaders:  headers,
		ExposedHeaders:  reach.Exposed,
		MaxAge:          preflightAge,
	})
	for i, name := range headers {
		headers[i] = strings.ToLower(name)
	}
	return func(next http.Handler) http.Handler {
		handler := answering.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				api.Quiet(r.Context())
				origins.judge(r, headers)
			}
			handler.ServeHTTP(w, r)
		})
	}
}

// An Origins has the origins whose pages may call. It logs other origins.
type Origins struct {
	exact    []string
	loopback bool
	log      *slog.Logger
	// Each refused origin, and each refused header, is logged once an hour.
	origins, headers onceEach
}

// NewOrigins allows these origins, which must be written as browsers send them. With
// loopback, it also allows every page of this machine, for development.
func NewOrigins(exact []string, loopback bool, log *slog.Logger) *Origins {
	return &Origins{exact: exact, loopback: loopback, log: log}
}

// Allows reports whether pages of the origin may call.
func (o *Origins) Allows(origin string) bool {
	return slices.Contains(o.exact, origin) || o.loopback && isLocalOrigin(origin)
}

// judge logs the origin of a preflight request, or those of its headers, that are not
// allowed.
func (o *Origins) judge(r *http.Request, headers []string) {
	origin := r.Header.Get("Origin")
	if !o.Allows(origin) {
		o.refused(r.Context(), origin)
		return
	}
	for name := range strings.SplitSeq(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","), ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(headers, name) {
			if shown := api.ForLog(name); o.headers.first(shown, time.Now()) {
				o.log.WarnContext(r.Context(), "header of a cross-origin request refused", "header", shown, "origin", api.ForLog(origin), "setting", "--allow-headers")
			}
		}
	}
}

func (o *Origins) refused(ctx context.Context, origin string) {
	if shown := api.ForLog(origin); o.origins.first(shown, time.Now()) {
		o.log.WarnContext(ctx, "cross-origin request refused", "origin", shown, "setting", "--allow-origins")
	}
}
