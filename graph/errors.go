package graph

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/dialog"
	"dialogs/graph/model"
)

// publicErrors maps the domain's failures to the codes and statuses that
// clients see. It is decided here and nowhere else.
var publicErrors = map[dialog.Code]struct {
	code   model.ErrorCode
	status int
}{
	dialog.Invalid:         {model.ErrorCodeBadUserInput, http.StatusBadRequest},
	dialog.Unauthenticated: {model.ErrorCodeUnauthenticated, http.StatusUnauthorized},
	dialog.Forbidden:       {model.ErrorCodeForbidden, http.StatusForbidden},
	dialog.NotFound:        {model.ErrorCodeNotFound, http.StatusNotFound},
	dialog.Conflict:        {model.ErrorCodeConflict, http.StatusConflict},
	dialog.Unavailable:     {model.ErrorCodeUnavailable, http.StatusServiceUnavailable},
}

// A presenter turns every error into what clients may see: the domain's into
// its code, gqlgen's own as it is, and everything else into an opaque message
// with an id that the log has too.
type presenter struct {
	log    *slog.Logger
	caller func(context.Context) dialog.Caller
}

func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	public := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var wrapped *gqlerror.Error
	if errors.As(err, &wrapped) {
		public.Path, public.Locations = wrapped.Path, wrapped.Locations
	}
	var known *dialog.Error
	switch {
	case errors.As(err, &known):
		p.describe(ctx, public, known)
	case wrapped != nil && wrapped.Err == nil:
		public.Message, public.Extensions = wrapped.Message, wrapped.Extensions
		p.complete(public)
	default:
		p.hide(ctx, public, err)
	}
	return public
}

// describe fills in what the domain says of its failure.
func (p presenter) describe(ctx context.Context, public *gqlerror.Error, known *dialog.Error) {
	// A field's arguments are read before its directives run, and no
	// credentials come before everything else.
	if known.Code == dialog.Invalid && len(public.Path) > 0 && p.caller(ctx).Kind() == dialog.Anonymous {
		errors.As(dialog.ErrUnauthenticated(), &known)
	}
	to := publicErrors[known.Code]
	public.Message = known.Message
	public.Extensions = map[string]any{"code": to.code, "status": to.status}
	if known.Field != "" {
		public.Extensions["field"] = known.Field
	}
	if known.Denial != nil {
		allowed := make([]string, len(known.Denial.Allowed))
		for i, s := range known.Denial.Allowed {
			allowed[i] = s.String()
		}
		public.Extensions["rule"] = known.Denial.Rule
		public.Extensions["allowed"] = allowed
		if known.Denial.Standing != 0 {
			public.Extensions["standing"] = known.Denial.Standing.String()
		}
	}
	if known.CurrentVersion != 0 {
		public.Extensions["currentVersion"] = known.CurrentVersion
	}
	if known.Code == dialog.Unavailable && !errors.Is(known, context.Canceled) {
		p.log.WarnContext(ctx, "the store is unavailable", "error", known)
	}
}

// complete gives gqlgen's own errors their status, and those about variables
// the code of bad input.
func (p presenter) complete(public *gqlerror.Error) {
	if public.Extensions == nil {
		public.Extensions = map[string]any{}
	}
	if len(public.Path) > 1 && public.Path[0] == ast.PathName("variable") {
		describeVariable(public)
	}
	if public.Message == "operation  not found" {
		public.Message = "the document has several operations, and operationName names none"
	}
	switch public.Extensions["code"] {
	case nil, "COMPLEXITY_LIMIT_EXCEEDED": // the latter is gqlgen's word for a document that asks for too much
		public.Extensions["code"] = errcode.ValidationFailed
	}
	if public.Extensions["status"] == nil {
		public.Extensions["status"] = http.StatusBadRequest
	}
}

// asKind is how gqlparser says that a variable is of another kind than its
// type. It takes every number for a string.
var asKind = regexp.MustCompile(`^cannot use \S+ as (\w+)$`)

// describeVariable tells which variable can't be coerced, and the field to
// blame as the domain would name it: without input, up to customData.
func describeVariable(public *gqlerror.Error) {
	path := public.Path[1:]
	public.Message = fmt.Sprintf("the variable $%s: %s", path.String(), asKind.ReplaceAllString(public.Message, "is no $1"))
	var names []string
	for _, element := range path {
		name, ok := element.(ast.PathName)
		if !ok || name == "input" && len(names) == 0 && len(path) > 1 {
			continue
		}
		names = append(names, string(name))
		if name == "customData" {
			break
		}
	}
	public.Extensions["code"] = model.ErrorCodeBadUserInput
	public.Extensions["field"] = strings.Join(names, ".")
	public.Path = nil
}

// hide answers opaquely and logs what happened under the same id.
func (p presenter) hide(ctx context.Context, public *gqlerror.Error, err error) {
	id := rand.Text()
	p.log.ErrorContext(ctx, "internal error", "id", id, "path", public.Path.String(), "error", err)
	public.Message = "internal error; the server's log has it under this id"
	public.Extensions = map[string]any{
		"code": model.ErrorCodeInternal, "status": http.StatusInternalServerError, "id": id,
	}
}

// recovered turns a panic into an error that is hidden.
func (p presenter) recovered(ctx context.Context, v any) error {
	p.log.ErrorContext(ctx, "panic", "value", v, "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", v)
}
