package graph

import (
	"context"
	"log/slog"
	"slices"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// What the log line of a request may repeat of a client's document.
const fieldsNoted = 20

// noteOperation notes what the client asks for: the name it gave the
// operation, or else the operation's kind, and its root fields. Events of a subscription
// are part of what was noted when it was opened.
func noteOperation(ctx context.Context, e *execution) {
	if e.plan == nil {
		return
	}
	name := e.Operation.Name
	if name == "" {
		name = string(e.Operation.Operation)
	}
	fields := make([]string, 0, min(len(e.roots), fieldsNoted))
	for _, f := range e.roots {
		if len(fields) < fieldsNoted && !slices.Contains(fields, f.Name) {
			fields = append(fields, f.Name)
		}
	}
	api.Note(ctx, slog.String("operation", api.ForLog(name)), slog.Any("fields", fields))
}

// noteErrors notes the code of an answer's first error.
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
