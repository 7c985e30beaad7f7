package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
)

// charge counts an operation against the rate limits of its caller, by its
// size: a request with 50 mutations counts as 50 requests at least.
func charge(ctx context.Context, op *graphql.OperationContext) error {
	return api.Charge(ctx, unitsOf(ctx, op))
}

// turn waits until the caller may run an operation of this size.
func (p presenter) turn(ctx context.Context, op *graphql.OperationContext) (end func(), err error) {
	return p.turns.Take(ctx, p.caller(ctx), unitsOf(ctx, op))
}

// unitsOf is the size of an operation.
func unitsOf(ctx context.Context, op *graphql.OperationContext) int {
	calls, values := 0, 0
	for _, f := range rootFields(op) {
		arguments := f.ArgumentMap(op.Variables)
		calls += callsOf(f.Name, arguments)
		for _, argument := range arguments {
			values += api.Leaves(argument)
		}
	}
	fields := 0
	if c := extension.GetComplexityStats(graphql.WithOperationContext(ctx, op)); c != nil {
		fields = c.Complexity
	}
	return api.Units(calls, values, fields)
}

// perItem are the root fields that do something for each item of a list, and how
// many items count as one call.
var perItem = map[string]struct {
	list  string
	items int
}{
	"leaveDialogs": {"ids", 1},
	"nodes":        {"ids", 10},
}

// callsOf is how many calls of the domain a root field counts as.
func callsOf(field string, arguments map[string]any) int {
	by, ok := perItem[field]
	if !ok {
		return 1
	}
	return max(1, api.Leaves(arguments[by.list])/by.items)
}

// rootTypes are the types that operations start from.
var rootTypes = map[ast.Operation][]string{ast.Query: {"Query"}, ast.Mutation: {"Mutation"}, ast.Subscription: {"Subscription"}}

// rootFields are the fields that an operation starts with, as the executor collects
// them.
func rootFields(op *graphql.OperationContext) []graphql.CollectedField {
	return graphql.CollectFields(op, op.Operation.SelectionSet, rootTypes[op.Operation.Operation])
}
