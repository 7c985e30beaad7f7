package graph

import (
	"context"
	"log/slog"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// fieldsNoted is how many root fields of an operation are logged.
const fieldsNoted = 20

// noteOperation adds to the log line what the client has asked for: the name of the
// operation, or its kind if it has no name, and its root fields. For a subscription, it is
// added when it is opened, and not for each event.
func noteOperation(ctx context.Context, e *execution) {
	if e.plan == nil {
		return
	}
	if e.plan.notes != nil {
		api.Note(ctx, e.plan.notes...)
		return
	}
	api.Note(ctx, notesOf(e.Operation, e.roots)...)
}

func notesOf(op *ast.OperationDefinition, roots []graphql.CollectedField) []slog.Attr {
	name := op.Name
	if name == "" {
		name = string(op.Operation)
	}
	fields := make([]string, 0, min(len(roots), fieldsNoted))
	for _, f := range roots {
		if len(fields) < fieldsNoted && !slices.Contains(fields, f.Name) {
			fields = append(fields, f.Name)
		}
	}
	return []slog.Attr{slog.String("operation", api.ForLog(name)), slog.Any("fields", fields)}
}

// noteErrors adds the code of an answer's first error to the log line.
func noteErrors(ctx context.Context, errs gqlerror.List) {
	if len(errs) == 0 {
		return
	}
	code := errs[0].Extensions["code"]
	api.Note(ctx, slog.Any("code", code))
	if code == api.Unauthenticated {
		api.NoteReason(ctx, errs[0].Message)
	}
}
