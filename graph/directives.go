package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
	"dialogs/graph/generated"
)

// directives check the caller before the resolver of a field runs. The service
// checks the same again, so a field without its directive exposes nothing.
func directives(caller func(context.Context) dialog.Caller) generated.DirectiveRoot {
	return generated.DirectiveRoot{
		Authenticated: func(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
			if caller(ctx).Kind() == dialog.Anonymous {
				return nil, dialog.ErrUnauthenticated()
			}
			return next(ctx)
		},
		Server: func(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
			if caller(ctx).Kind() == dialog.Anonymous {
				return nil, dialog.ErrUnauthenticated()
			}
			if err := dialog.JudgeServer(caller(ctx)); err != nil {
				return nil, err
			}
			return next(ctx)
		},
	}
}
