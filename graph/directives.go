package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
	"dialogs/graph/generated"
)

// directives check the caller before the resolver of a field runs. The service checks the
// same again, so a field without its directive exposes nothing, with one exception: the
// scopes read and write of API keys are only checked here.
func directives(caller func(context.Context) dialog.Caller) generated.DirectiveRoot {
	return generated.DirectiveRoot{
		Authenticated: func(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
			if caller(ctx).Kind() == dialog.Anonymous {
				return nil, dialog.ErrUnauthenticated()
			}
			if err := dialog.JudgeScope(caller(ctx), scope(graphql.GetFieldContext(ctx))); err != nil {
				return nil, err
			}
			return next(ctx)
		},
		Server: func(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
			if caller(ctx).Kind() == dialog.Anonymous {
				return nil, dialog.ErrUnauthenticated()
			}
			if err := dialog.JudgeAdmin(caller(ctx)); err != nil {
				return nil, err
			}
			return next(ctx)
		},
	}
}

// scope returns the scope that an API key needs for a field: admin for the fields that are
// for servers only, write for other mutations, otherwise read.
func scope(field *graphql.FieldContext) dialog.KeyScope {
	switch {
	case field.Field.Definition.Directives.ForName("server") != nil:
		return dialog.KeyAdmin
	case field.Object == "Mutation":
		return dialog.KeyWrite
	}
	return dialog.KeyRead
}
