package language_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/api"
	"dialogs/dialog/dialogtest"
	"dialogs/graph/language"
	"dialogs/graph/scalar"
)

var compareSeed = flag.Uint64("compare-seed", 1, "seed of the random requests")

// The schemas that requests are made of, as seen from package oracle's folder.
var schemas = []string{"../../../schema.graphqls", "wild.graphqls"}

func load(t testing.TB, path string) *language.Language {
	t.Helper()
	text, err := os.ReadFile("oracle/" + path)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return &language.Language{
		Schema: language.Served(schema), Tokens: 10_000, Explain: true,
		Scalars: map[string]language.Scalar{"DateTime": scalar.CheckDateTime, "JSONObject": scalar.CheckJSONObject},
	}
}

// judge is what this package makes of a request, in the words of oracle.mjs.
func judge(t testing.TB, l *language.Language, r request) verdict {
	t.Helper()
	doc, err := l.Parse(r.Query)
	if err != nil {
		return verdict{Stage: "parse", Message: err.Message}
	}
	if errs := l.Validate(doc); len(errs) > 0 {
		return verdict{Stage: "validation", Message: errs.Error()}
	}
	var values map[string]any
	if err := api.UnmarshalExact(r.Variables, &values); err != nil {
		t.Fatal(err)
	}
	coerced, errs := l.Variables(doc.Operations[0], values)
	if len(errs) > 0 {
		stage := "variables"
		if len(errs[0].Locations) > 0 {
			stage = "nulls"
		}
		return verdict{Stage: stage, Message: errs.Error()}
	}
	text, failure := json.Marshal(coerced)
	if failure != nil {
		t.Fatal(failure)
	}
	return verdict{Stage: "executed", Variables: text}
}

// TestCompare sends random requests to this package and to graphql-js: both
// must refuse the same at the same stage, and coerce variables to the same
// values.
func TestCompare(t *testing.T) {
	times := dialogtest.Times(2000, 60_000)
	oracle := openOracle(t, schemas...)
	random := rand.New(rand.NewPCG(*compareSeed, 0))
	languages := make([]*language.Language, len(schemas))
	generators := make([]*generator, len(schemas))
	for i, path := range schemas {
		languages[i] = load(t, path)
		generators[i] = &generator{Rand: random, schema: languages[i].Schema}
	}
	stages := map[string]int{}
	const batch = 500
	for done := 0; done < times && !t.Failed(); done += batch {
		requests := make([]request, batch)
		for i := range requests {
			which := random.IntN(len(schemas))
			query, variables := generators[which].request()
			requests[i] = request{Schema: which, Query: query, Variables: json.RawMessage(variables)}
		}
		for i, want := range oracle.judge(requests) {
			got := judge(t, languages[requests[i].Schema], requests[i])
			stages[got.Stage]++
			if strings.Contains(got.Message, "non-nullable to be used for OneOf") {
				continue // graphql-js 16.15 does not find this behind a list
			}
			if got.Stage != want.Stage {
				t.Errorf("%s\nquoted: %q\nwith %s\ngot %s (%s)\nwant %s (%s)", requests[i].Query, requests[i].Query, requests[i].Variables, got.Stage, got.Message, want.Stage, want.Message)
			} else if diff := cmp.Diff(plain(t, want.Variables), plain(t, got.Variables)); diff != "" {
				t.Errorf("%s\nwith %s\nthe variables differ (-want +got):\n%s", requests[i].Query, requests[i].Variables, diff)
			}
		}
	}
	t.Logf("compared: %v", stages)
	for _, stage := range []string{"parse", "validation", "variables", "nulls", "executed"} {
		if stages[stage] < times/200 && !t.Failed() {
			t.Errorf("only %d requests got to %q: the requests are not worth much", stages[stage], stage)
		}
	}
}

// plain is JSON as Go reads it by default; nil for none.
func plain(t testing.TB, text json.RawMessage) any {
	t.Helper()
	if text == nil {
		return nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
