package graph

import (
	"context"
	"errors"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

// A presenter turns every error of a field or a document into the error that
// clients see.
type presenter struct {
	log    *slog.Logger
	caller func(context.Context) dialog.Caller
	// answers limits the memory of answers.
	answers *budget.Answers
	// turns limits how many large operations of one caller run at the same time.
	turns    *budget.Turns
	observer Observer
}

// longestPath is how many characters of a field's path are logged.
const longestPath = 256

func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	var tooLarge refusedAnswer
	if a := answeringOf(ctx); a != nil && errors.As(err, &tooLarge) {
		return a.refuse(ctx, tooLarge)
	}
	public := &gqlerror.Error{Path: graphql.GetPath(ctx), Locations: locationOf(graphql.GetFieldContext(ctx))}
	var wrapped *gqlerror.Error
	if errors.As(err, &wrapped) {
		public.Path = wrapped.Path
		if wrapped.Locations != nil {
			public.Locations = wrapped.Locations
		}
		if wrapped.Err == nil { // an error of gqlgen itself, and not of a resolver
			public.Message, public.Extensions = wrapped.Message, wrapped.Extensions
			complete(public)
			return public
		}
	}
	refusal := api.RefusalOf(ctx, p.logOf(public.Path), err)
	// A field's arguments are read before its directives run, but missing credentials are
	// reported before anything else.
	if refusal.Code == api.BadUserInput && len(public.Path) > 0 && p.caller(ctx).Kind() == dialog.Anonymous {
		refusal = api.RefusalOf(ctx, p.log, dialog.ErrUnauthenticated())
	}
	if isStoreAway(err) && graphql.HasOperationContext(ctx) && !isMutation(graphql.GetOperationContext(ctx)) { // only a mutation may have made a change
		refusal.Message = storeAway
	}
	public.Message, public.Extensions = refusal.Message, extensions(refusal)
	return public
}

const storeAway = "the store did not answer in time: try again"

func isStoreAway(err error) bool {
	var known *dialog.Error
	return errors.As(err, &known) && known.Code == dialog.Unavailable && !dialog.IsReadOnly(known)
}

func isMutation(op *graphql.OperationContext) bool {
	return op != nil && op.Operation != nil && op.Operation.Operation == ast.Mutation
}

// stopped returns the refusal of an operation whose time ended while it was running.
func stopped(e *execution) *api.Refusal {
	then := ": ask for less at once"
	if isMutation(&e.OperationContext) {
		then = "; its changes may or may not have been made"
	}
	return &api.Refusal{
		Code:    api.Unavailable,
		Message: "the request took too long and was stopped (limit: --request-timeout)" + then,
	}
}

// logOf returns the log for failures of a field.
func (p presenter) logOf(path ast.Path) *slog.Logger {
	return p.log.With("path", api.Shorten(path.String(), longestPath))
}

// locationOf returns where a field is in the document; nil if there is no field.
func locationOf(field *graphql.FieldContext) []gqlerror.Location {
	if field == nil || field.Field.Field == nil || field.Field.Position == nil {
		return nil
	}
	at := field.Field.Position
	return []gqlerror.Location{{Line: at.Line, Column: at.Column}}
}

// extensions returns the details of a refusal that are meant for programs.
func extensions(r *api.Refusal) map[string]any {
	all := map[string]any{"code": r.Code, "status": r.HTTPStatus()}
	if r.Field != "" {
		all["field"] = r.Field
	}
	if d := r.Denial; d != nil {
		all["rule"] = d.Rule
		if d.Standing != 0 {
			all["standing"] = d.Standing.String()
		}
		if len(d.Allowed) > 0 {
			allowed := make([]string, len(d.Allowed))
			for i, s := range d.Allowed {
				allowed[i] = s.String()
			}
			all["allowed"] = allowed
		}
	}
	if r.CurrentVersion != 0 {
		all["currentVersion"] = r.CurrentVersion
	}
	if r.RetryAfter > 0 {
		all["retryAfter"] = r.RetrySeconds()
	}
	if r.RequestID != "" {
		all["id"] = r.RequestID
	}
	return all
}

// complete adds the missing code and status to errors of gqlgen itself.
func complete(public *gqlerror.Error) {
	if public.Extensions == nil {
		public.Extensions = map[string]any{}
	}
	if public.Extensions["code"] == nil {
		public.Extensions["code"] = api.ValidationFailed
	}
	if public.Extensions["status"] == nil {
		public.Extensions["status"] = api.ValidationFailed.Status()
	}
}
