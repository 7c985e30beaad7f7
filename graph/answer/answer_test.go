package answer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"dialogs/graph/answer"
)

var types = []string{"Thing"}

// operation is a context and the selection of a document.
func operation(t *testing.T, text string, m answer.Meter) (context.Context, *graphql.OperationContext, ast.SelectionSet) {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	op := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0], Variables: map[string]any{}}
	ctx := graphql.WithOperationContext(t.Context(), op)
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter,
		func(_ context.Context, v any) error { return fmt.Errorf("panic: %v", v) })
	return answer.With(ctx, answer.New(m, nil)), op, doc.Operations[0].SelectionSet
}

// written is an object with a value for each field of the selection.
func written(ctx context.Context, op *graphql.OperationContext, selection ast.SelectionSet) graphql.Marshaler {
	out := answer.Begin(ctx, op, selection, types)
	for i := range out.Fields() {
		switch f := out.Field(i); f.Name {
		case "text":
			out.String("a \"quoted\"\n\x01 text")
		case "number":
			out.Int(-42)
		case "flag":
			out.Boolean(true)
		case "at":
			out.DateTime(time.Date(2026, 1, 31, 10, 0, 0, 5e6, time.FixedZone("", 3600)))
		case "nothing":
			out.Null()
		case "list":
			out.Strings(ctx, []string{"x", "y"})
		case "enums":
			out.Open()
			for i, v := range []string{"A", "B"} {
				out.Next(i)
				out.Enum(v)
			}
			out.Close()
		case "hole":
			out.Value(graphql.MarshalString("in a hole"), true)
		case "missing":
			out.Value(graphql.Null, false)
		case "invalid":
			out.Value(graphql.Null, true)
		case "later":
			out.Later(true, func(context.Context) graphql.Marshaler { return graphql.MarshalString("later " + f.Alias) })
		case "laterInvalid":
			out.Later(true, func(context.Context) graphql.Marshaler { return graphql.Null })
		case "long":
			out.Strings(ctx, []string{strings.Repeat("long ", 2000)})
		}
	}
	return out.End(ctx)
}

// TestObject: each form of a field, in the order of the selection.
func TestObject(t *testing.T) {
	for query, want := range map[string]string{
		"{text}":                         `{"text":"a \"quoted\"\n\u0001 text"}`,
		"{number flag}":                  `{"number":-42,"flag":true}`,
		"{a:number b:number ...{flag}}":  `{"a":-42,"b":-42,"flag":true}`,
		"{at}":                           `{"at":"2026-01-31T09:00:00.005Z"}`,
		"{nothing missing}":              `{"nothing":null,"missing":null}`,
		"{list enums}":                   `{"list":["x","y"],"enums":["A","B"]}`,
		"{hole number a:hole}":           `{"hole":"in a hole","number":-42,"a":"in a hole"}`,
		"{later number a:later b:later}": `{"later":"later later","number":-42,"a":"later a","b":"later b"}`,
		"{number invalid}":               `null`,
		"{number laterInvalid later}":    `null`,
		"{number @skip(if: true)}":       `{}`,
	} {
		ctx, op, selection := operation(t, query, nil)
		var b strings.Builder
		written(ctx, op, selection).MarshalGQL(&b)
		if b.String() != want || !json.Valid([]byte(b.String())) {
			t.Errorf("%s: got %s, want %s", query, b.String(), want)
		}
	}
}

// TestObjectRoom: small objects take little memory, also after a large one of the same
// selection: only their text is counted.
func TestObjectRoom(t *testing.T) {
	ctx, op, selection := operation(t, "{text}", nil)
	for _, size := range []int{10, 100_000, 10, 10, 200, 100_000, 500} {
		out := answer.Begin(ctx, op, selection, types)
		out.Field(0)
		out.String(strings.Repeat("x", size))
		out.End(ctx)
		if length, memory := out.Room(); length < size || memory > 2*length+600 {
			t.Errorf("a text of %d bytes takes %d", length, memory)
		}
	}
}

// A meter refuses more than a number of bytes.
type meter struct{ left int64 }

var errTooLarge = errors.New("too large")

func (m *meter) Count(_ context.Context, bytes, _ int64) error {
	if m.left -= bytes; m.left < 0 {
		return errTooLarge
	}
	return nil
}

// TestCount: every byte is counted, a long list before it is written, and an object
// that is refused is null, with one error.
func TestCount(t *testing.T) {
	for query, bytes := range map[string]int64{"{text number}": 50, "{long}": 10_000, "{a:long b:long number}": 20_000} {
		m := &meter{1 << 20}
		ctx, op, selection := operation(t, query, m)
		var b strings.Builder
		written(ctx, op, selection).MarshalGQL(&b)
		if counted := 1<<20 - m.left; counted < int64(b.Len()) || counted > int64(b.Len())+16 {
			t.Errorf("%s: %d bytes are counted of %d", query, counted, b.Len())
		}
		ctx, op, selection = operation(t, query, &meter{bytes / 2})
		if got := written(ctx, op, selection); got != graphql.Null {
			t.Errorf("%s: an object that is too large: %v", query, got)
		}
		if errs := graphql.GetErrors(ctx); len(errs) != 1 || !errors.Is(errs[0], errTooLarge) {
			t.Errorf("%s: errors %v", query, errs)
		}
	}
}

// TestAllocations: the fields of an object take no memory of their own.
func TestAllocations(t *testing.T) {
	ctx, op, selection := operation(t, "{text number flag at nothing list enums}", nil)
	object := func() { written(ctx, op, selection) }
	object()
	if n := testing.AllocsPerRun(100, object); n > 4 {
		t.Errorf("an object takes %.0f allocations", n)
	}
}

// TestWayOf: items are prepared at the same time only where they read.
func TestWayOf(t *testing.T) {
	text, reads := map[string]bool{"text": true}, map[string]bool{"history": true}
	for query, want := range map[string]answer.Way{
		"{text}":                                  answer.Plain,
		"{text __typename ...{text}}":             answer.Plain,
		"{text custom}":                           answer.InOrder,
		"{...{custom{fields}}}":                   answer.InOrder,
		"{text history{version}}":                 answer.AtOnce,
		"{edges{node{history{version}}}}":         answer.AtOnce,
		"{...{edges{... on Node{history{at}}}}}":  answer.AtOnce,
		"{...F} fragment F on Thing{text}":        answer.Plain,
		"{...F} fragment F on Thing{history{at}}": answer.AtOnce,
	} {
		doc, err := parser.ParseQuery(&ast.Source{Input: query})
		if err != nil {
			t.Fatal(err)
		}
		if spread, ok := doc.Operations[0].SelectionSet[0].(*ast.FragmentSpread); ok {
			spread.Definition = doc.Fragments.ForName(spread.Name) // as validation does
		}
		if got := answer.WayOf(doc.Operations[0].SelectionSet, text, reads); got != want {
			t.Errorf("%s: way %d, want %d", query, got, want)
		}
	}
}

// TestListPanics: a panic is an error with the item's path, and the item is null.
func TestListPanics(t *testing.T) {
	for _, way := range []answer.Way{answer.InOrder, answer.AtOnce} {
		ctx, _, _ := operation(t, "{text}", nil)
		list := answer.List(ctx, 3, way, func(ctx context.Context, i int) graphql.Marshaler {
			if i == 1 {
				panic("at the disco")
			}
			return graphql.MarshalInt(*graphql.GetFieldContext(ctx).Index)
		})
		var b strings.Builder
		list.MarshalGQL(&b)
		errs := graphql.GetErrors(ctx)
		if b.String() != "[0,null,2]" || len(errs) != 1 || errs[0].Path.String() != "[1]" {
			t.Errorf("way %d: %s, %v", way, b.String(), errs)
		}
	}
}
