// Package graph is the GraphQL API. It translates requests into calls of
// [dialog.Service] and results into answers, and decides nothing.
//
// Generated code is in graph/generated, views and generated inputs are in
// graph/model, scalars in graph/scalar. The package must not know how
// credentials are checked, nor which store is in use.
package graph

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/language"
	"dialogs/live"
	"dialogs/webhook"
)

// A Config is everything that the API needs from outside.
type Config struct {
	Service *dialog.Service
	// Hub tells subscriptions what changes.
	Hub      *live.Hub
	Sessions Sessions
	Users    Users
	Webhooks *webhook.Admin
	// Caller returns the caller of a request by its context.
	Caller func(context.Context) dialog.Caller
	Log    *slog.Logger
	// Introspection shows the schema to everyone, and suggestions in errors.
	Introspection bool
	Limits        Limits
	// Requests bounds the memory of requests, together with other APIs.
	Requests *budget.Requests
	// Answers bounds the memory of answers, together with other APIs.
	Answers *budget.Answers
	// Turns bounds how many large operations of one caller run at the same time;
	// nil for no limit.
	Turns *budget.Turns
	// Documents is the memory of cached documents in bytes, persisted ones
	// included.
	Documents int64
	// Trusted are the only documents that are executed; nil for no restriction.
	Trusted *TrustedDocuments
	// Streams is how WebSockets and event streams are served.
	Streams Streams
	// Observer is told about operations; nil for nobody. Tracer traces them; nil for no
	// traces.
	Observer Observer
	Tracer   Tracer
}

// NewHandler serves GraphQL over HTTP.
func NewHandler(c Config) http.Handler {
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	config := generated.Config{
		Resolvers:  &resolver{service: c.Service, hub: c.Hub, sessions: c.Sessions, users: c.Users, webhooks: c.Webhooks, caller: c.Caller, log: c.Log},
		Directives: directives(c.Caller),
		Complexity: complexities(),
	}
	config.Schema = language.Served(generated.NewExecutableSchema(config).Schema())
	server := handler.New(generated.NewExecutableSchema(config))
	// The first transport that supports a request serves it.
	p := presenter{log: c.Log, caller: c.Caller, answers: c.Answers, turns: c.Turns, observer: c.Observer}
	streams := &streamer{
		presenter: p, service: c.Service, Streams: c.Streams, quota: &quota{},
		upkeep:  &upkeep{callers: c.Streams.Callers, interval: c.Streams.PingInterval},
		sharing: newSharing(), keeping: newKeeping(c.Documents),
		signing: newStarting(), opening: newStarting(), making: newMaking(),
	}
	server.AddTransport(overWebSocket{streams, c.Requests, newWires()})
	server.AddTransport(overEvents{streams, c.Requests})
	server.AddTransport(get{p, c.Requests})
	server.AddTransport(post{p, c.Requests})
	server.AddTransport(unserved{})
	server.SetErrorPresenter(p.present)
	server.SetRecoverFunc(func(ctx context.Context, v any) error { return api.Recovered(ctx, p.logOf(graphql.GetPath(ctx)), v) })
	if c.Trusted != nil {
		server.Use(c.Trusted)
	} else {
		server.Use(extension.AutomaticPersistedQuery{Cache: newCache(c.Documents/4, c.Caller, func(_, text string) int64 { return int64(len(text)) })})
	}
	prepared := preparation{
		language: newLanguage(config.Schema, &c),
		gate:     gate{limits: c.Limits, introspection: c.Introspection},
		caller:   c.Caller,
		requests: c.Requests,
		valid:    newCache(c.Documents-c.Documents/4, c.Caller, weighDocument),
	}
	server.SetQueryCache(prepared)
	server.Use(prepared)
	server.Use(extension.FixedComplexityLimit(c.Limits.Complexity))
	server.AroundOperations(noteOperation)
	server.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		return next(dialog.WithRows(ctx, c.Service.Policy().Limits.Rows))
	})
	server.AroundRootFields(observeField(c.Observer))
	if c.Tracer != nil {
		server.AroundOperations(traceOperation(c.Tracer, c.Caller))
		server.AroundRootFields(traceField(c.Tracer))
	}
	server.AroundRootFields(withdrawRefused)
	server.AroundFields(chargeField)
	if c.Introspection {
		server.Use(extension.Introspection{})
		server.AroundFields(exactIntrospection)
	}
	return server
}
