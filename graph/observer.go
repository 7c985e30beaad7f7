package graph

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/live"
)

// An Observer is told what operations ask for and how they end. Its methods must be fast
// and safe for concurrent use.
type Observer interface {
	// Operation is told of each root field that was executed, with the code of its first
	// error, empty for none; and of each operation that was not executed, without a field.
	Operation(field, code string)
	// Subscribed and Unsubscribed are told of each subscription, with its transport, which
	// is websocket or sse, and the reason of its end: completed, disconnected, stopping, or
	// the code of an error.
	Subscribed(transport string)
	Unsubscribed(transport, reason string)
	// Delivered is told how long after its change an event was sent.
	Delivered(after time.Duration)
}

// A Tracer traces operations. Both methods return the context of what they begin, and a
// function that ends it.
type Tracer interface {
	// Operation begins an operation of a kind: query, mutation or subscription.
	Operation(ctx context.Context, kind, document, user, apiKey string) (context.Context, func())
	// Field begins a root field. It ends with the code of its first error, empty for none.
	Field(ctx context.Context, name string) (context.Context, func(code string))
}

// RootFields are the names of the schema's root fields, in alphabetical order.
func RootFields() []string {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	var names []string
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unobserved is the observer of an API that has none.
type unobserved struct{}

func (unobserved) Operation(string, string)    {}
func (unobserved) Subscribed(string)           {}
func (unobserved) Unsubscribed(string, string) {}
func (unobserved) Delivered(time.Duration)     {}

// observeField tells the observer how each root field of a query or mutation ended.
func observeField(o Observer) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		result := next(ctx)
		field := graphql.GetRootFieldContext(ctx).Field
		o.Operation(field.Name, fieldCode(ctx, field.Alias))
		return result
	}
}

// fieldCode is the code of the first error in a root field; empty without one.
func fieldCode(ctx context.Context, alias string) string {
	for _, err := range graphql.GetErrors(ctx) {
		if len(err.Path) > 0 && err.Path[0] == ast.PathName(alias) {
			return codeOf(err)
		}
	}
	return ""
}

func codeOf(err *gqlerror.Error) string {
	code, _ := err.Extensions["code"].(api.Code)
	return string(code)
}

// traceOperation traces an operation; of a subscription, only that it is opened.
func traceOperation(ctx context.Context, t Tracer, e *execution, who dialog.Actor) (context.Context, func()) {
	return t.Operation(ctx, string(e.Operation.Operation), e.RawQuery, string(who.User), who.APIKey)
}

func traceField(t Tracer) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		field := graphql.GetRootFieldContext(ctx).Field
		ctx, end := t.Field(ctx, field.Name)
		result := next(ctx)
		end(fieldCode(ctx, field.Alias))
		return result
	}
}

// deliveredAfter tells the observer how long after its change an event was sent. The
// events of a catch-up come later by nature.
func (s *subscription) deliveredAfter(e live.Event) {
	if e.Change != nil && e.Change.At.After(s.began) {
		s.observer.Delivered(time.Since(e.Change.At))
	}
}
