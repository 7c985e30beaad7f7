package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/graph"
	"dialogs/store/memory"
)

// TestLiteralsAreVariables sends random arguments as literals, as variables and as default
// values of variables: resolvers must get the same from each.
func TestLiteralsAreVariables(t *testing.T) {
	schema := loadSchema(t)
	pairs := &pairs{Rand: rand.New(rand.NewPCG(1, 0)), schema: schema}
	received := listen(t)
	for range dialogtest.Times(1000, 20_000) {
		root, word := schema.Query, "query"
		if pairs.IntN(2) == 0 {
			root, word = schema.Mutation, "mutation"
		}
		f := root.Fields[pairs.IntN(len(root.Fields))]
		if len(f.Arguments) == 0 || strings.HasPrefix(f.Name, "__") {
			continue
		}
		var literals, uses, declared, withDefault, members []string
		for _, a := range f.Arguments {
			if a.DefaultValue != nil && pairs.IntN(2) == 0 {
				continue
			}
			literal, value := pairs.of(a.Type, 3)
			literals = append(literals, a.Name+": "+literal)
			uses = append(uses, a.Name+": $"+a.Name)
			declared = append(declared, "$"+a.Name+": "+a.Type.String())
			withDefault = append(withDefault, "$"+a.Name+": "+a.Type.String()+" = "+literal)
			members = append(members, fmt.Sprintf("%q: %s", a.Name, value))
		}
		if len(literals) == 0 {
			continue
		}
		call := func(declarations, arguments []string) string {
			head := word
			if len(declarations) > 0 {
				head += "(" + strings.Join(declarations, ", ") + ")"
			}
			return head + " { " + f.Name + "(" + strings.Join(arguments, ", ") + ") { __typename } }"
		}
		want := received(call(nil, literals), "{}")
		for _, got := range []map[string]any{
			received(call(declared, uses), "{"+strings.Join(members, ", ")+"}"),
			received(call(withDefault, uses), "{}"),
		} {
			if diff := cmp.Diff(want, got, asReceived...); diff != "" {
				t.Fatalf("%s\nand the same as variables {%s} differ:\n%s", call(nil, literals), strings.Join(members, ", "), diff)
			}
		}
	}
}

// asReceived compares JSON by its meaning, because numbers from literals and from
// variables have different Go types.
var asReceived = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterPath(func(p cmp.Path) bool { return len(p) > 1 }, cmp.Transformer("JSON", func(object map[string]any) string {
		text, err := json.Marshal(object)
		if err != nil {
			return err.Error()
		}
		return string(text)
	})),
}

// listen returns a function that sends an operation and returns the arguments that the
// resolver of its field gets. The resolver itself does not run.
func listen(t *testing.T) func(query, variables string) map[string]any {
	t.Helper()
	var arguments map[string]any
	api := graph.NewHandler(graph.Config{
		Service: dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil),
		Caller:  func(context.Context) dialog.Caller { return user("alice") },
		Log:     slog.New(slog.DiscardHandler),
		Limits:  graph.DefaultLimits(), Requests: budget.NewRequests(budget.DefaultLimits()),
		Answers:   budget.NewAnswers(budget.DefaultLimits()),
		Documents: 1 << 20,
	})
	graph.ResolveFields(api, func(ctx context.Context, _ graphql.Resolver) (any, error) {
		arguments = graphql.GetFieldContext(ctx).Args
		return nil, nil
	})
	return func(query, variables string) map[string]any {
		t.Helper()
		arguments = nil
		body, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if arguments == nil {
			t.Fatalf("%s\nwith %s\nwas not executed: %s", query, variables, w.Body)
		}
		return arguments
	}
}

// pairs makes random valid values, each as a literal and as JSON.
type pairs struct {
	*rand.Rand
	schema *ast.Schema
}

func (p *pairs) of(t *ast.Type, depth int) (literal, value string) {
	if !t.NonNull && p.IntN(8) == 0 {
		return "null", "null"
	}
	if t.Elem != nil {
		if p.IntN(6) == 0 { // a single value can stand for a list with one element
			return p.of(t.Elem, depth)
		}
		var literals, values []string
		for range p.IntN(3) {
			l, v := p.of(t.Elem, depth-1)
			literals, values = append(literals, l), append(values, v)
		}
		return "[" + strings.Join(literals, ", ") + "]", "[" + strings.Join(values, ", ") + "]"
	}
	def := p.schema.Types[t.NamedType]
	if def.Kind == ast.Enum {
		name := def.EnumValues[p.IntN(len(def.EnumValues))].Name
		return name, `"` + name + `"`
	}
	if def.Kind == ast.InputObject {
		var literals, values []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil || depth > 0 && p.IntN(2) == 0 {
				l, v := p.of(f.Type, depth-1)
				literals = append(literals, f.Name+": "+l)
				values = append(values, fmt.Sprintf("%q: %s", f.Name, v))
			}
		}
		return "{" + strings.Join(literals, ", ") + "}", "{" + strings.Join(values, ", ") + "}"
	}
	from := map[string][][2]string{
		"Int":        {{"0", "-0.0"}, {"7", "7"}, {"-5", "-5.0"}, {"2147483647", "2147483647"}, {"100", "1e2"}},
		"ID":         {{"5", "5"}, {`"5"`, "5.0"}, {`"x"`, `"x"`}, {"12345678901234567890", "12345678901234567890"}, {`""`, `""`}},
		"String":     {{`"x\ny"`, `"x\ny"`}, {"\"\"\"\n  a\n    b\n  \"\"\"", `"a\n  b"`}, {`"\u{1F600}"`, `"😀"`}, {"\"\x01\"", `"\u0001"`}},
		"Boolean":    {{"true", "true"}, {"false", "false"}},
		"DateTime":   {{`"2026-01-31T09:30:00Z"`, `"2026-01-31T09:30:00Z"`}},
		"JSONObject": {{"{}", "{}"}, {`{a: 1, b: [1.5, "x", null], c: {d: true}}`, `{"a": 1, "b": [1.5, "x", null], "c": {"d": true}}`}, {"{big: 12345678901234567000}", `{"big": 12345678901234567000}`}},
	}[def.Name]
	pair := from[p.IntN(len(from))]
	return pair[0], pair[1]
}
