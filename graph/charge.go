package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
)

// charge counts an operation by its size against the rate limits of its caller: 50
// mutations in one request count as at least 50 requests.
func charge(ctx context.Context, e *execution) error { return api.Charge(ctx, e.units) }

// turn waits until the caller may run an operation of this size.
func (p presenter) turn(ctx context.Context, e *execution) (end func(), err error) {
	return p.turns.Take(ctx, p.caller(ctx), e.units)
}

// unitsOf returns the size of an operation with this complexity, in [api.Units].
func unitsOf(e *execution, complexity int) int {
	calls, values := 0, 0
	for _, f := range e.roots {
		calls += callsOf(f.Field, e.Variables)
		for _, argument := range f.Definition.Arguments {
			values += leavesOf(f.Field, argument, e.Variables)
		}
	}
	return api.Units(calls, values, complexity)
}

// leavesOf counts the values in an argument of a field.
func leavesOf(f *ast.Field, argument *ast.ArgumentDefinition, variables map[string]any) int {
	if given := f.Arguments.ForName(argument.Name); given != nil {
		if given.Value.Kind != ast.Variable {
			return leavesWritten(given.Value, variables)
		}
		if value, ok := variables[given.Value.Raw]; ok {
			return api.Leaves(value)
		}
	}
	if argument.DefaultValue != nil {
		return leavesWritten(argument.DefaultValue, nil)
	}
	return 0
}

// leavesWritten counts the values in a literal of a document.
func leavesWritten(v *ast.Value, variables map[string]any) int {
	switch v.Kind {
	case ast.Variable:
		return api.Leaves(variables[v.Raw])
	case ast.ListValue, ast.ObjectValue:
		n := 0
		for _, child := range v.Children {
			n += leavesWritten(child.Value, variables)
		}
		return n
	}
	return 1
}

// perItem has the root fields that do something for each item of a list, and how many
// items count as one call.
var perItem = map[string]struct {
	list  string
	items int
}{
	"leaveDialogs": {"ids", 1},
	"nodes":        {"ids", 10},
}

// callsOf returns as how many calls a root field counts.
func callsOf(f *ast.Field, variables map[string]any) int {
	by, ok := perItem[f.Name]
	if !ok {
		return 1
	}
	return max(1, leavesOf(f, f.Definition.Arguments.ForName(by.list), variables)/by.items)
}

// rootTypes are the types whose fields are the root fields of operations.
var rootTypes = map[ast.Operation][]string{ast.Query: {"Query"}, ast.Mutation: {"Mutation"}, ast.Subscription: {"Subscription"}}

// rootFields returns the root fields of an operation, as the executor collects them.
func rootFields(op *graphql.OperationContext) []graphql.CollectedField {
	return graphql.CollectFields(op, op.Operation.SelectionSet, rootTypes[op.Operation.Operation])
}
