// Package graph is the GraphQL API. It translates requests into calls of [dialog.Service]
// and results into answers; it contains no rules.
//
// Generated code is in graph/generated, views and generated inputs are in graph/model,
// scalars in graph/scalar. The package must not know how credentials are checked, nor
// which store is in use.
package graph

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/language"
	"dialogs/live"
	"dialogs/webhook"
)

// A Config has everything that the API needs from the rest of the program.
type Config struct {
	Service *dialog.Service
	// Hub delivers changes to subscriptions.
	Hub      *live.Hub
	Sessions Sessions
	Users    Users
	Webhooks *webhook.Admin
	// Caller returns the caller of the request that a context belongs to.
	Caller func(context.Context) dialog.Caller
	Log    *slog.Logger
	// Introspection shows the schema to everyone, and adds suggestions to errors.
	Introspection bool
	Limits        Limits
	// Requests limits the memory of requests; it is shared with other APIs.
	Requests *budget.Requests
	// Answers limits the memory of answers; it is shared with other APIs.
	Answers *budget.Answers
	// Turns limits how many large operations of one caller run at the same time; nil for
	// no limit.
	Turns *budget.Turns
	// Documents is the memory for cached documents in bytes, including persisted ones.
	Documents int64
	// Trusted are the only documents that are executed; nil allows all documents.
	Trusted *TrustedDocuments
	// Streams are the settings of WebSockets and event streams.
	Streams Streams
	// Observer is called about operations, and Tracer traces them; both are optional.
	Observer Observer
	Tracer   Tracer
}

// NewHandler returns the handler that serves GraphQL over HTTP.
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
	p := presenter{log: c.Log, caller: c.Caller, answers: c.Answers, turns: c.Turns, observer: c.Observer}
	root := graphql.RootFieldMiddleware(withdrawRefused)
	if c.Tracer != nil {
		root = aroundRoot(traceField(c.Tracer), root)
	}
	run := &runner{
		presenter: p,
		prepared: preparation{
			schema:   generated.NewExecutableSchema(config),
			language: newLanguage(config.Schema, &c),
			gate:     gate{limits: c.Limits, introspection: c.Introspection},
			caller:   c.Caller,
			requests: c.Requests,
			sized:    sizedFields(config.Complexity),
			valid:    newCache(c.Documents-c.Documents/4, c.Caller, weighPlanned),
		},
		introspection: c.Introspection,
		complexity:    c.Limits.Complexity,
		rows:          c.Service.Policy().Limits.Rows,
		tracer:        c.Tracer,
		fields:        chargeField,
		rootFields:    aroundRoot(observeField(c.Observer), root),
	}
	run.presents, run.recovers = run.present, run.recovered
	if c.Trusted != nil {
		run.documents = c.Trusted
	} else {
		run.documents = extension.AutomaticPersistedQuery{Cache: newCache(c.Documents/4, c.Caller, func(_, text string) int64 { return int64(len(text)) })}
	}
	if c.Introspection {
		run.fields = func(ctx context.Context, next graphql.Resolver) (any, error) {
			return chargeField(ctx, func(ctx context.Context) (any, error) { return exactIntrospection(ctx, next) })
		}
	}
	streams := &streamer{
		presenter: p, service: c.Service, Streams: c.Streams, quota: &quota{},
		upkeep:  &upkeep{callers: c.Streams.Callers, interval: c.Streams.PingInterval},
		sharing: newSharing(), keeping: newKeeping(c.Documents),
		signing: c.Streams.newStarting(), opening: c.Streams.newStarting(), making: newMaking(),
	}
	return transports{run: run, list: []transport{
		overWebSocket{streams, c.Requests, newWires()},
		overEvents{streams, c.Requests},
		get{p, c.Requests},
		post{p, c.Requests},
		unserved{},
	}}
}

// aroundRoot combines two middlewares: outer calls inner.
func aroundRoot(outer, inner graphql.RootFieldMiddleware) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		return outer(ctx, func(ctx context.Context) graphql.Marshaler { return inner(ctx, next) })
	}
}
