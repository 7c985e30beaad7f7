package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/language"
)

// TestPlans executes operations again with other variables: with the kept plan, the result
// must be the same as without it.
func TestPlans(t *testing.T) {
	limits := DefaultLimits()
	config := generated.Config{Complexity: complexities()}
	config.Schema = language.Served(generated.NewExecutableSchema(config).Schema())
	caller := func(context.Context) dialog.Caller { return dialog.Caller{User: "alice"} }
	known := &TrustedDocuments{}
	run := &runner{
		presenter: presenter{caller: caller}, documents: known, complexity: 100,
		prepared: preparation{
			schema: generated.NewExecutableSchema(config), language: newLanguage(config.Schema, &Config{Limits: limits}),
			gate: gate{limits: limits}, caller: caller, requests: budget.NewRequests(budget.DefaultLimits()),
			sized: sizedFields(config.Complexity), valid: newCache(1<<20, caller, weighPlanned),
		},
	}
	for text, want := range map[string]struct{ fixed, sized bool }{
		"query { viewer { kind } dialogs(first: 3) { totalCount } }":                                                      {true, true},
		"query($a: Boolean!) { viewer @skip(if: $a) { kind } dialogs(first: 3) { totalCount } }":                          {false, true},
		"query($n: Int) { viewer @include(if: true) { kind } dialogs(first: $n) { totalCount } }":                         {true, false},
		"query($a: Boolean!, $n: Int) { ...F } fragment F on Query { dialogs(first: $n) { nodes { id @skip(if: $a) } } }": {false, false},
		"query($n: Int!) { node(id: \"1\") { ... on Dialog { history(first: $n) { version } } } }":                        {true, false},
		"query { nodes(ids: [\"1\", \"2\"]) { id } }":                                                                     {true, true},
	} {
		trusted := &documents{texts: map[string]bool{text: true}}
		known.current.Store(trusted)
		for n, variables := range []map[string]any{{"a": true, "n": json.Number("5")}, {"a": false, "n": json.Number("2")}, {"a": false, "n": json.Number("60")}} {
			e, errs := run.create(t.Context(), &graphql.RawParams{Query: text, Variables: variables})
			if e.Operation == nil {
				t.Fatalf("%s: %v", text, errs)
			}
			size := complexity.Calculate(t.Context(), run.prepared.schema, e.Operation, e.Variables)
			if refused := size > run.complexity; refused != (len(errs) > 0) {
				t.Errorf("%s with %v has the complexity %d: %v", text, variables, size, errs)
			}
			if e.plan.fixed != want.fixed || (e.plan.complexity != 0) != want.sized {
				t.Errorf("%s: fixed %v, complexity %d", text, e.plan.fixed, e.plan.complexity)
			}
			fresh := rootFields(&graphql.OperationContext{Doc: e.Doc, Operation: e.Operation, Variables: e.Variables})
			if got, want := namesOf(e.roots), namesOf(fresh); !slices.Equal(got, want) {
				t.Errorf("%s, execution %d: root fields %v, want %v", text, n, got, want)
			}
		}
	}
}

func namesOf(fields []graphql.CollectedField) (names []string) {
	for _, f := range fields {
		names = append(names, fmt.Sprint(f.Alias, len(f.Selections)))
	}
	return names
}
