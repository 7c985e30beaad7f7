package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"dialogs/api"
)

// charge counts an operation against the rate limits of its caller, by its
// size: a request with 50 mutations counts as 50 requests at least.
func charge(ctx context.Context, op *graphql.OperationContext) error {
	calls, values := 0, 0
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, rootTypes) {
		calls++
		for _, argument := range f.ArgumentMap(op.Variables) {
			values += api.Leaves(argument)
		}
	}
	fields := 0
	if c := extension.GetComplexityStats(graphql.WithOperationContext(ctx, op)); c != nil {
		fields = c.Complexity
	}
	return api.Charge(ctx, api.Units(calls, values, fields))
}

// rootTypes are the types that operations start from.
var rootTypes = []string{"Query", "Mutation", "Subscription"}
