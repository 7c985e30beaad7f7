package language_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog/dialogtest"
	"dialogs/graph/language"
)

// refuse reads a request and returns why it is refused.
func refuse(t *testing.T, l *language.Language, query, variables string) gqlerror.List {
	t.Helper()
	doc, err := l.Parse(query)
	if err != nil {
		return gqlerror.List{err}
	}
	if errs := l.Validate(doc); len(errs) > 0 {
		return errs
	}
	var values map[string]any
	if err := api.UnmarshalExact([]byte(variables), &values); err != nil {
		t.Fatal(err)
	}
	_, errs := l.Variables(doc.Operations[0], values)
	return errs
}

func TestMessages(t *testing.T) {
	const change = `mutation($shape: Shape!, $at: DateTime, $data: JSONObject) { change(shape: $shape, at: $at, data: $data) { leaf } }`
	for _, test := range []struct{ reason, query, variables, code, field, explained, bare string }{
		{
			"another kind", `query($v: Int) { leaf(int: $v) }`, `{"v": "5"}`, "BAD_USER_INPUT", "v",
			`invalid value "5" for $v: expected Int`,
			`invalid value "5" for $v`,
		},
		{
			"past the range", `query($v: Int) { leaf(int: $v) }`, `{"v": 2147483648}`, "BAD_USER_INPUT", "v",
			`invalid value 2147483648 for $v: expected Int, a whole number from -2147483648 to 2147483647`,
			`invalid value 2147483648 for $v`,
		},
		{
			"a long value", `query($v: Int) { leaf(int: $v) }`, `{"v": "` + strings.Repeat("é", 100) + `"}`, "BAD_USER_INPUT", "v",
			`invalid value "` + strings.Repeat("é", 58) + `… for $v: expected Int`,
			`invalid value "` + strings.Repeat("é", 58) + `… for $v`,
		},
		{
			"null with a default", `query($v: Int! = 5) { leaf(int: $v) }`, `{"v": null}`, "BAD_USER_INPUT", "v",
			`invalid value null for $v: expected Int!`,
			`invalid value null for $v`,
		},
		{
			"not given", `query($v: Int!) { leaf(int: $v) }`, `{}`, "BAD_USER_INPUT", "v",
			`missing value for $v: expected Int!`,
			`missing value for $v: expected Int!`, // the client wrote it
		},
		{
			"an enum", `query($v: [Color!]) { leaf(colors: $v) }`, `{"v": ["RED", "red"]}`, "BAD_USER_INPUT", "v",
			`invalid value "red" for $v[1]: expected Color! (RED, GREEN or BLUE)`,
			`invalid value "red" for $v[1]`,
		},
		{
			"deep inside", change, `{"shape": {"name": "x", "corners": [{"x": 1}, {"x": true}]}}`, "BAD_USER_INPUT", "shape.corners.x",
			`invalid value true for $shape.corners[1].x: expected Int!`,
			`invalid value true for $shape.corners[1].x`,
		},
		{
			"a required field", change, `{"shape": {"size": 1}}`, "BAD_USER_INPUT", "shape.name",
			`missing value for $shape.name: expected String!`,
			`missing value: a required field of $shape is not set`,
		},
		{
			"an unknown field", change, `{"shape": {"name": "x", "colr": "RED"}}`, "BAD_USER_INPUT", "shape.colr",
			`unknown field $shape.colr: did you mean color?`,
			`unknown field $shape.colr`,
		},
		{
			"a custom scalar", change, `{"shape": {"name": "x"}, "at": "never"}`, "BAD_USER_INPUT", "at",
			`invalid value "never" for $at: expected DateTime, a time in RFC 3339, for example "2026-01-31T09:30:00.000Z"`,
			`invalid value "never" for $at`,
		},
		{
			"a literal", `{ leaf(ints: [1, 1.0]) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "",
			`invalid value 1.0 for ints[1]: expected Int`,
			`invalid value 1.0 for ints[1]`,
		},
		{
			"an object for a scalar", `{ leaf(boolean: {}) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "",
			`invalid value {} for boolean: expected Boolean!`,
			`invalid value {} for boolean`,
		},
		{
			"an object for an enum", `{ leaf(color: {}) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "",
			`invalid value {} for color: expected Color (RED, GREEN or BLUE)`,
			`invalid value {} for color`,
		},
		{
			"the literal of a default", `query($v: Int = "5") { leaf(int: $v) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "",
			`invalid value "5" for $v: expected Int`,
			`invalid value "5" for $v`,
		},
		{
			"null for @include", `query($v: Boolean = true) { leaf @include(if: $v) }`, `{"v": null}`, "BAD_USER_INPUT", "v",
			`invalid value null for $v: expected Boolean!`,
			`invalid value null for $v`,
		},
		{
			"null inside a list", `query($v: Int = 1) { leaf(intsRequired: [1, $v]) }`, `{"v": null}`, "BAD_USER_INPUT", "v",
			`invalid value null for $v: expected Int!`,
			`invalid value null for $v`,
		},
		{
			"null for an argument with a default", `query($v: Int) { leaf(intDefault: $v) }`, `{"v": null}`, "BAD_USER_INPUT", "v",
			`invalid value null for $v: expected Int!`,
			`invalid value null for $v`,
		},
	} {
		t.Run(test.reason, func(t *testing.T) {
			l := load(t, schemas[1])
			for _, want := range []struct {
				explain bool
				message string
			}{{true, test.explained}, {false, test.bare}} {
				l.Explain = want.explain
				errs := refuse(t, l, test.query, test.variables)
				if len(errs) != 1 {
					t.Fatalf("got %v, want one error", errs)
				}
				field, _ := errs[0].Extensions["field"].(string)
				got := []string{errs[0].Message, fmt.Sprint(errs[0].Extensions["code"])}
				if want.explain {
					got = append(got, field)
				}
				expected := []string{want.message, test.code, test.field}[:len(got)]
				if diff := cmp.Diff(expected, got); diff != "" {
					t.Errorf("with explanations %t (-want +got):\n%s", want.explain, diff)
				}
			}
		})
	}
}

// TestAllProblems checks that a client gets all wrong values in one answer, up
// to a limit.
func TestAllProblems(t *testing.T) {
	l := load(t, schemas[1])
	errs := refuse(t, l, `query($a: Int, $b: [Int!]) { leaf(int: $a, intsRequired: $b) nope }`, `{}`)
	if len(errs) == 0 {
		t.Fatal("an invalid document passed")
	}
	errs = refuse(t, l, `query($a: Int, $b: [Int!]! = []) { leaf(int: $a, intsRequired: $b) }`, `{"a": "x", "b": ["y", 1, "z"]}`)
	if len(errs) != 3 {
		t.Errorf("got %v, want 3 errors", errs)
	}
	errs = refuse(t, l, `query($b: [Int!]! = []) { leaf(intsRequired: $b) }`, `{"b": [`+strings.Repeat(`"y", `, 1000)+`1]}`)
	if len(errs) != 20 {
		t.Errorf("got %d errors, want 20", len(errs))
	}
	errs = refuse(t, l, `{ leaf(ints: [`+strings.Repeat(`"y", `, 1000)+`1]) }`, `{}`)
	if len(errs) != 20 {
		t.Errorf("got %d errors of literals, want 20", len(errs))
	}
}

// TestNothingGuessed sends random faulty requests to a language that must not
// explain itself: no message may name anything of the schema that the request
// does not.
func TestNothingGuessed(t *testing.T) {
	for _, path := range schemas {
		l := load(t, path)
		l.Explain = false
		names := map[string]bool{}
		for _, def := range l.Schema.Types {
			names[def.Name] = true
			for _, f := range def.Fields {
				names[f.Name] = true
				for _, a := range f.Arguments {
					names[a.Name] = true
				}
			}
			for _, v := range def.EnumValues {
				names[v.Name] = true
			}
		}
		for name := range l.Schema.Directives {
			names[name] = true
		}
		g := newGenerator(l.Schema, 1)
		for range dialogtest.Times(800, 50_000) {
			query, variables := g.request()
			for _, err := range refuse(t, l, query, variables) {
				if err.Extensions["code"] == api.ParseFailed {
					continue // found without the schema
				}
				for _, word := range words(err.Message) {
					if names[word] && !slices.Contains(ours, word) && !strings.Contains(query+variables, word) {
						t.Fatalf("%s\nwith %s\nis told the name %s: %s", query, variables, word, err.Message)
					}
				}
			}
		}
	}
}

// TestRequiredFieldsAreNotCounted: an error that names nothing is told once,
// however many required fields an object lacks, in a variable and in a literal.
func TestRequiredFieldsAreNotCounted(t *testing.T) {
	l := load(t, schemas[0])
	l.Explain = false
	for _, r := range []struct{ query, variables string }{
		{`query($f: DialogFilter) { dialogs(filter: $f) { totalCount } }`, `{"f": {"customData": [{}]}}`},
		{`{ dialogs(filter: {customData: [{}]}) { totalCount } }`, `{}`},
	} {
		if errs := refuse(t, l, r.query, r.variables); len(errs) != 1 {
			t.Errorf("%s with %s: got %v, want 1 error", r.query, r.variables, errs)
		}
	}
}

// ours are words of plain messages that are names in the schemas too.
var ours = []string{"at", "type", "name", "field", "fields", "value", "variable", "list", "first", "include", "skip", "types", "input", "query", "mutation"}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
