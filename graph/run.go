package graph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph/answer"
)

// A runner makes operations from requests, and executes them with the generated code. It
// replaces gqlgen's own executor, which is slower: that one validates and coerces a second
// time, and calls lists of extensions at each step.
type runner struct {
	presenter
	prepared preparation
	// documents finds documents by their ids, and refuses those that are not trusted.
	documents     graphql.OperationParameterMutator
	introspection bool
	complexity    int
	rows          int
	tracer        Tracer
	fields        graphql.FieldMiddleware
	rootFields    graphql.RootFieldMiddleware
	// presents is [presenter.present], and recovers is [runner.recovered].
	presents graphql.ErrorPresenterFunc
	recovers graphql.RecoverFunc
}

// An execution is an operation that is being executed.
type execution struct {
	graphql.OperationContext
	// plan is nil for the events of a subscription.
	plan  *plan
	roots []graphql.CollectedField
	// units is the size for which it is charged.
	units int
}

// sets returns the fields that all executions of the operation share; nil if there are
// none.
func (e *execution) sets() *answer.Sets {
	if e.plan == nil {
		return nil
	}
	return e.plan.sets
}

// A transport serves the requests that it supports.
type transport interface {
	Supports(r *http.Request) bool
	Do(w http.ResponseWriter, r *http.Request, run *runner)
}

// transports serve GraphQL over HTTP. The first that supports a request serves it.
type transports struct {
	list []transport
	run  *runner
}

// ServeHTTP serves one request.
func (t transports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, one := range t.list {
		if one.Supports(r) {
			one.Do(w, r, t.run)
			return
		}
	}
}

// create prepares an operation. If it returns errors, the operation must not be executed.
func (r *runner) create(ctx context.Context, raw *graphql.RawParams) (*execution, gqlerror.List) {
	e := &execution{OperationContext: graphql.OperationContext{
		DisableIntrospection: !r.introspection,
		RecoverFunc:          r.recovers, ResolverMiddleware: r.fields, RootResolverMiddleware: r.rootFields,
	}}
	named := ctx
	if len(raw.Extensions) > 0 { // gqlgen notes the document's id in the operation
		named = graphql.WithOperationContext(ctx, &e.OperationContext)
	}
	if err := r.documents.MutateOperationParameters(named, raw); err != nil {
		return e, gqlerror.List{err}
	}
	doc, operation, errs := r.prepared.prepare(ctx, raw)
	if len(errs) > 0 {
		return e, errs
	}
	e.RawQuery, e.OperationName, e.Extensions, e.Headers = raw.Query, raw.OperationName, raw.Extensions, raw.Headers
	e.Doc, e.Operation, e.Variables = doc.QueryDocument, operation, raw.Variables
	e.plan = doc.plan(ctx, operation, &r.prepared)
	if e.roots = e.plan.roots; !e.plan.fixed {
		e.roots = rootFields(&e.OperationContext)
	}
	size := e.plan.complexity
	if size == 0 {
		size = complexity.Calculate(ctx, r.prepared.schema, operation, e.Variables)
	}
	if size > r.complexity {
		api.NoteLimit(ctx, "limit-complexity")
		return e, gqlerror.List{refusedDocument(fmt.Sprintf(
			"the answer may have too many fields: %d (limit %d, --limit-complexity): ask for smaller pages", size, r.complexity,
		))}
	}
	e.units = unitsOf(e, size)
	return e, nil
}

func (r *runner) recovered(ctx context.Context, v any) error {
	return api.Recovered(ctx, r.logOf(graphql.GetPath(ctx)), v)
}

// dispatch begins to execute an operation. Call the returned handler with the returned
// context: it returns the response, or nil if the context has ended. A subscription is
// opened before dispatch returns.
func (r *runner) dispatch(ctx context.Context, e *execution) (graphql.ResponseHandler, context.Context) {
	ctx = graphql.WithOperationContext(ctx, &e.OperationContext)
	noteOperation(ctx, e)
	ctx = dialog.WithRows(ctx, r.rows)
	ctx, end := r.traced(ctx, e)
	if e.Operation.Operation != ast.Subscription {
		return func(ctx context.Context) *graphql.Response {
			defer end()
			if ctx.Err() != nil {
				return nil
			}
			ctx = graphql.WithResponseContext(ctx, r.presents, r.recovers)
			return withErrors(ctx, r.prepared.schema.Exec(ctx)(ctx))
		}, ctx
	}
	defer end()
	opening := graphql.WithResponseContext(ctx, r.presents, r.recovers)
	responses := r.prepared.schema.Exec(opening)
	if errs := graphql.GetErrors(opening); errs != nil {
		return graphql.OneShot(&graphql.Response{Errors: errs}), ctx
	}
	return func(ctx context.Context) *graphql.Response {
		if ctx.Err() != nil {
			return nil
		}
		ctx = graphql.WithResponseContext(ctx, r.presents, r.recovers)
		return withErrors(ctx, responses(ctx))
	}, ctx
}

// withErrors adds the errors in the context to the response.
func withErrors(ctx context.Context, response *graphql.Response) *graphql.Response {
	if response != nil {
		response.Errors = append(response.Errors, graphql.GetErrors(ctx)...)
	}
	return response
}

// refused returns the response to an operation that could not be created.
func (r *runner) refused(ctx context.Context, e *execution, errs gqlerror.List) *graphql.Response {
	ctx = graphql.WithResponseContext(graphql.WithOperationContext(ctx, &e.OperationContext), r.presents, r.recovers)
	for _, err := range errs {
		graphql.AddError(ctx, err)
	}
	return withErrors(ctx, &graphql.Response{})
}
