package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/rs/cors"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/quickblox"
)

// guards stand before every door: they find out who is calling, how often, and
// from which page.
type guards struct {
	authenticator *auth.Authenticator
	limiter       *rateLimiter
	timeout       time.Duration
	origins       []string
	log           *slog.Logger
}

// before puts the guards before a door, for which they answer by its refusal.
func (g guards) before(door http.Handler, refuse api.Refuser, reach reach) (http.Handler, error) {
	door = authenticated(g.authenticator, g.limiter, g.log, refuse, rateLimited(g.limiter, refuse, door))
	return crossOrigin(g.origins, reach, refuse, timed(g.timeout, writeGrace, door))
}

// reach is what pages of allowed origins may do with a door.
type reach struct{ methods, headers, exposed []string }

// graphqlDoor is GraphQL with its guards.
func (s *settings) graphqlDoor(g guards, service *dialog.Service, minter *auth.Minter) (http.Handler, error) {
	var trusted *graph.TrustedDocuments
	if s.trustedDocuments != "" {
		var err error
		if trusted, err = graph.ReadTrustedDocuments(s.trustedDocuments); err != nil {
			return nil, fmt.Errorf("--trusted-documents: %w", err)
		}
	}
	return g.before(graph.NewHandler(graph.Config{
		Service:       service,
		Sessions:      minter,
		Caller:        callerOf,
		Log:           g.log,
		Introspection: s.introspection,
		Limits:        s.requestLimits,
		Trusted:       trusted,
	}), graph.Refuse, reach{
		methods: []string{http.MethodGet, http.MethodPost},
		headers: []string{
			"Content-Type", "Authorization", "QB-Token", "On-Behalf-Of",
			"GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name",
		},
		exposed: []string{"X-Request-Id", "Retry-After"},
	})
}

// quickbloxDoor is what QuickBlox documents, with its guards.
func (s *settings) quickbloxDoor(g guards, service *dialog.Service, minter *auth.Minter) (http.Handler, error) {
	return g.before(quickblox.NewHandler(quickblox.Config{
		Service:   service,
		Sessions:  sessions{minter, g.authenticator},
		Caller:    callerOf,
		Session:   sessionOf,
		Log:       g.log,
		Challenge: auth.Challenge,
		BodyLimit: s.requestLimits.Body,
	}), quickblox.Refuse, reach{
		methods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		headers: []string{"Content-Type", "Authorization", "QB-Token", "On-Behalf-Of", "QB-OS", "QB-SDK", "QB-Account-Key"},
		exposed: []string{"X-Request-Id", "Retry-After", "QB-Token-ExpirationDate"},
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

// crossOrigin lets pages of the allowed origins call, and keeps those of all
// others from changing anything.
func crossOrigin(origins []string, reach reach, refuse api.Refuser, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("--allow-origins: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, &api.Refusal{
			Code: api.Forbidden, Denial: &dialog.Denial{Rule: "origin"},
			Message: "pages of this origin may not call",
		})
	}))
	if len(origins) == 0 { // rs/cors takes an empty list for every origin
		return protection.Handler(next), nil
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: reach.methods,
		AllowedHeaders: reach.headers,
		ExposedHeaders: reach.exposed,
		MaxAge:         600,
	}).Handler(protection.Handler(next)), nil
}
