package cli

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/edge"
	"dialogs/graph"
	"dialogs/live"
	"dialogs/observe"
	"dialogs/playground"
	"dialogs/quickblox"
	"dialogs/store/lanes"
	"dialogs/webhook"
)

// parts are what the APIs of a server are put together from.
type parts struct {
	store         dialog.Store
	lanes         *lanes.Store
	metrics       *observe.Metrics
	tracer        *observe.Tracer // nil for no traces
	service       *dialog.Service
	hub           *live.Hub
	webhooks      *webhook.Admin
	sender        *webhook.Sender
	authenticator *auth.Authenticator
	minter        *auth.Minter
	limiter       *edge.RateLimiter
	prober        *edge.Prober
	requests      *budget.Requests
	answers       *budget.Answers
	origins       *edge.Origins
	trusted       *graph.TrustedDocuments // nil for any document
	development   development
	log           *slog.Logger
	signIns       *slog.Logger // for what goes wrong while a caller is identified
}

const graphqlPath = "/graphql"

// handler puts the server together: its APIs, and the guards before them.
func (s *settings) handler(p parts) http.Handler {
	mux := http.NewServeMux()
	p.origins = edge.NewOrigins(s.allowOrigins, s.dev, p.log)
	p.signIns = edge.Seldom(p.log, s.now)
	graphql := s.guarded(p, graph.Refuse, graphqlReach, true, s.graphql(p))
	mux.Handle(graphqlPath, graphql)
	mux.Handle(graphqlPath+"/{$}", graphql)
	if s.quickblox {
		guarded := s.guarded(p, quickblox.Refuse, quickbloxReach, false, s.quickbloxAPI(p))
		for _, pattern := range quickblox.Patterns() {
			mux.Handle(pattern, guarded)
		}
	}
	if s.playground {
		page := inner{playground.Handler(playground.Config{
			Endpoint: graphqlPath, Introspection: s.introspection, Development: p.development.page,
		})}
		mux.Handle("GET /playground", page)
		mux.Handle("GET /playground/", page)
	}
	mux.Handle("GET /{$}", edge.FrontPage{QuickBlox: s.quickblox, Playground: s.playground, Development: s.dev}.Handler())
	mux.HandleFunc("GET /healthz", edge.Healthy)
	mux.HandleFunc("GET /readyz", edge.Ready(p.prober))

	refuse := refuserOf(mux)
	everything := []edge.Guard{
		edge.Pace(s.writeTimeout), edge.From(s.trustedProxies), edge.Logged(p.log, s.now, p.prober.Doubt, p.observer()), edge.Recover(p.log, refuse),
		edge.Compress(), edge.HeaderLimit(s.headerLimit, refuse),
	}
	if s.dev {
		everything = append(everything, edge.LocalHost(refuse))
	}
	return edge.Behind(everything, inside(mux, edge.LimitedOutside(p.limiter, s.trustedProxies, refuse)))
}

// refuserOf answers in the shape of the API that a request is for.
func refuserOf(mux *http.ServeMux) api.Refuser {
	return func(w http.ResponseWriter, r *http.Request, refusal *api.Refusal) {
		if _, pattern := mux.Handler(r); slices.Contains(quickblox.Patterns(), pattern) {
			quickblox.Refuse(w, r, refusal)
			return
		}
		graph.Refuse(w, r, refusal)
	}
}

// guarded puts the guards before an API, in the order in which they act. sockets says that
// it serves WebSockets.
func (s *settings) guarded(p parts, refuse api.Refuser, reach edge.Reach, sockets bool, handler http.Handler) http.Handler {
	return inner{edge.Behind([]edge.Guard{
		edge.CORS(p.origins, reach, s.allowHeaders),
		edge.SameOrigin(p.origins, refuse),
		edge.Deadline(s.requestTimeout),
		edge.SignIn(p.authenticator, p.limiter, p.signIns, refuse),
		edge.Limited(p.limiter, sockets, refuse),
	}, handler)}
}

// graphqlReach and quickbloxReach are what pages of allowed origins may use.
var (
	graphqlReach = edge.Reach{
		Methods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		Headers: []string{
			"Content-Type", "Authorization", "QB-Token", "On-Behalf-Of", "GraphQL-Require-Preflight",
		},
		Exposed: []string{"X-Request-Id", "Retry-After"},
	}
	quickbloxReach = edge.Reach{
		Methods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
		Headers: []string{"Content-Type", "Authorization", "QB-Token", "On-Behalf-Of", "QB-OS", "QB-SDK", "QB-Account-Key"},
		Exposed: []string{"X-Request-Id", "Retry-After", "QB-Token-ExpirationDate", "QB-Ignored", "Status"},
	}
)

func (s *settings) graphql(p parts) http.Handler { return graph.NewHandler(s.graphqlConfig(p)) }

func (s *settings) graphqlConfig(p parts) graph.Config {
	limits := s.requestLimits
	limits.List = graph.LongestList(s.limits)
	streams := s.streams
	streams.Callers = edge.Callers{Authenticator: p.authenticator, Limiter: p.limiter, Log: p.signIns}
	streams.WriteTimeout, streams.Spread = s.writeTimeout, s.grace/2
	if !s.store.embedded() {
		streams.Starting = mongoStarting
	}
	config := graph.Config{
		Service:       p.service,
		Hub:           p.hub,
		Sessions:      p.minter,
		Users:         p.authenticator,
		Webhooks:      p.webhooks,
		Caller:        callerOf,
		Log:           p.log,
		Introspection: s.introspection,
		Limits:        limits,
		Requests:      p.requests,
		Answers:       p.answers,
		Turns:         budget.NewTurns(s.largeOperations),
		Documents:     s.memory.Documents,
		Trusted:       p.trusted,
		Streams:       streams,
		Observer:      p.metrics,
	}
	if p.tracer != nil { // a nil pointer would be a tracer
		config.Tracer = p.tracer
	}
	return config
}

func (s *settings) quickbloxAPI(p parts) http.Handler {
	return quickblox.NewHandler(quickblox.Config{
		Service:   p.service,
		PublicURL: s.publicURL,
		Sessions:  sessions{p.minter, p.authenticator},
		Caller:    callerOf,
		Session:   sessionOf,
		Log:       p.log,
		Challenge: auth.Challenge,
		Requests:  p.requests,
		Answers:   p.answers,
	})
}

func callerOf(ctx context.Context) dialog.Caller { return auth.FromContext(ctx).Caller }

// sessionOf is the session of a request that came with a session token.
func sessionOf(ctx context.Context) (quickblox.Session, bool) {
	id := auth.FromContext(ctx)
	return quickblox.Session{ID: id.TokenID, CreatedAt: id.IssuedAt, ExpiresAt: id.ExpiresAt}, !id.ExpiresAt.IsZero()
}

// sessions makes session tokens and ends them.
type sessions struct {
	*auth.Minter
	authenticator *auth.Authenticator
}

// End ends the session that the request came with.
func (s sessions) End(ctx context.Context) error {
	return s.authenticator.EndSession(ctx, auth.FromContext(ctx))
}

// newService puts the rules before the store.
func (s *settings) newService(st dialog.Store) *dialog.Service {
	policy := dialog.DefaultPolicy(s.limits)
	policy.Quotas = s.quotas
	policy.SyncKept = s.keepChanges
	return dialog.NewService(st, policy, s.now, rand.Reader)
}

// readTrusted reads the trusted documents, if there are any.
func (s *settings) readTrusted() (*graph.TrustedDocuments, error) {
	if s.trustedDocuments == "" {
		return nil, nil //nolint:nilnil // none is a good answer, and graph.Config takes it
	}
	trusted, err := graph.ReadTrustedDocuments(s.trustedDocuments)
	if err != nil {
		return nil, fileError(named("trusted-documents"), err)
	}
	return trusted, nil
}
