// Package graph is the GraphQL door: it translates requests into calls of
// [dialog.Service] and outcomes into answers, and decides nothing.
//
// Generated code is in graph/generated, views and generated inputs in
// graph/model, scalars in graph/scalar. It must not know who checks
// credentials, nor which store there is.
package graph

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/graph/generated"
)

// A Config is what the door needs from outside.
type Config struct {
	Service  *dialog.Service
	Sessions Sessions
	// Caller tells who stands behind a request's context.
	Caller func(context.Context) dialog.Caller
	Log    *slog.Logger
	// Introspection shows the schema, and suggestions in errors, to anyone.
	Introspection bool
	// Operation is told the name of each operation before it runs.
	Operation func(ctx context.Context, name string)
	// BodyLimit is the largest request body, in bytes.
	BodyLimit int64
}

// queriesCached is how many documents are kept parsed and validated.
const queriesCached = 1000

// NewHandler serves GraphQL over HTTP.
func NewHandler(c Config) http.Handler {
	root := &resolver{service: c.Service, sessions: c.Sessions, caller: c.Caller}
	server := handler.New(generated.NewExecutableSchema(generated.Config{
		Resolvers:  root,
		Directives: directives(c.Caller),
	}))
	server.AddTransport(httpTransport{bodyLimit: c.BodyLimit})
	server.SetQueryCache(lru.New[*ast.QueryDocument](queriesCached))
	server.SetValidationRulesFn(validationRules)
	server.SetDisableSuggestion(!c.Introspection)
	p := presenter{log: c.Log, caller: c.Caller}
	server.SetErrorPresenter(p.present)
	server.SetRecoverFunc(p.recovered)
	server.Use(&exactEnums{})
	server.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		c.Operation(ctx, operationName(graphql.GetOperationContext(ctx)))
		return next(ctx)
	})
	if c.Introspection {
		server.Use(extension.Introspection{})
	}
	return server
}

// operationName is what the client calls its operation, or else its kind.
func operationName(op *graphql.OperationContext) string {
	if op.Operation.Name != "" {
		return op.Operation.Name
	}
	return string(op.Operation.Operation)
}
