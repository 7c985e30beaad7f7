package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
)

// kindsOf says which kinds of types have a field of __Type. For other kinds, it must be
// null, but gqlgen answers with an empty list or false.
var kindsOf = map[string][]string{
	"fields":        {"OBJECT", "INTERFACE"},
	"interfaces":    {"OBJECT", "INTERFACE"},
	"possibleTypes": {"INTERFACE", "UNION"},
	"enumValues":    {"ENUM"},
	"inputFields":   {"INPUT_OBJECT"},
	"isOneOf":       {"INPUT_OBJECT"},
}

// exactIntrospection returns null for a field that the type's kind does not have.
func exactIntrospection(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	kinds := kindsOf[fc.Field.Name]
	if fc.Object != "__Type" || kinds == nil {
		return next(ctx)
	}
	if t, ok := fc.Parent.Result.(*introspection.Type); ok && !slices.Contains(kinds, t.Kind()) {
		return nil, nil //nolint:nilnil // null is the answer
	}
	return next(ctx)
}
