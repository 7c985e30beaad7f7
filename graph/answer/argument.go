package answer

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Argument reads an argument of a field. Only errors need its path, and documents with
// invalid arguments are refused before: so it is read with its path when it fails without.
func Argument[T any](ctx context.Context, given map[string]any, name string, read func(context.Context, any) (T, error)) (T, error) {
	if value, ok := given[name]; ok {
		if read, err := read(ctx, value); err == nil {
			return read, nil
		}
	}
	return graphql.ProcessArgField(ctx, given, name, read)
}
