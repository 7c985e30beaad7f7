package graph

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/graph/generated"
	"dialogs/live"
)

// An Observer is called about operations and how they end. Its methods must be fast and
// safe for concurrent use.
type Observer interface {
	// Operation is called for each root field that was executed, with the code of its
	// first error, or "" if it has none. For an operation that was not executed, it is
	// called once, without a field.
	Operation(field, code string)
	// Subscribed and Unsubscribed are called when a subscription is opened and when it
	// ends. The transport is websocket or sse. The reason is completed, disconnected,
	// stopping, or the code of an error.
	Subscribed(transport string)
	Unsubscribed(transport, reason string)
	// Delivered is called with the time between a change and the sending of its event.
	Delivered(after time.Duration)
}

// A Tracer traces operations. Both methods return a context for what they begin, and a
// function that ends it.
type Tracer interface {
	// Operation begins an operation. The kind is query, mutation or subscription.
	Operation(ctx context.Context, kind, document, user, apiKey string) (context.Context, func())
	// Field begins a root field. Its end gets the code of its first error, or "" if it has
	// none.
	Field(ctx context.Context, name string) (context.Context, func(code string))
}

// RootFields returns the names of the schema's root fields in alphabetical order.
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

// unobserved is the observer if none is configured.
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

// fieldCode returns the code of the first error in a root field; "" if there is none.
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

// traced begins to trace an operation, if there is a tracer. For a subscription, it only
// traces that it is opened.
func (r *runner) traced(ctx context.Context, e *execution) (context.Context, func()) {
	if r.tracer == nil {
		return ctx, untraced
	}
	who := r.caller(ctx).Actor()
	return r.tracer.Operation(ctx, string(e.Operation.Operation), e.RawQuery, string(who.User), who.APIKey)
}

func untraced() {}

func traceField(t Tracer) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		field := graphql.GetRootFieldContext(ctx).Field
		ctx, end := t.Field(ctx, field.Name)
		result := next(ctx)
		end(fieldCode(ctx, field.Alias))
		return result
	}
}

// deliveredAfter tells the observer how long after its change an event was sent. It
// ignores the events of a catch-up, whose changes are older than the subscription.
func (s *subscription) deliveredAfter(e live.Event) {
	if e.Change != nil && e.Change.At.After(s.began) {
		s.observer.Delivered(time.Since(e.Change.At))
	}
}
