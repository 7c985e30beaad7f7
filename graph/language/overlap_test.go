package language_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

const overlapping = "OverlappingFieldsCanBeMerged"

func isOverlap(errs gqlerror.List) bool {
	for _, err := range errs {
		if err.Rule == overlapping {
			return true
		}
	}
	return false
}

// TestOverlaps compares with gqlparser's rule, which looks at each pair of fields.
func TestOverlaps(t *testing.T) {
	l := load(t, schemas[0])
	random := rand.New(rand.NewPCG(*compareSeed, 7))
	found := 0
	const documents = 4000
	for range documents {
		text := overlappingDocument(random)
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		only := &rules.Rules{}
		only.AddRule(overlapping, rules.OverlappingFieldsCanBeMergedRule.RuleFunc)
		want := isOverlap(validator.ValidateWithRules(l.Schema, doc, only))
		read, parsed := l.Parse(text)
		if parsed != nil {
			t.Fatalf("%s: %v", text, parsed)
		}
		if got := isOverlap(l.Validate(read)); got != want {
			t.Errorf("%s: overlaps %v, want %v", text, got, want)
		}
		if want {
			found++
		}
	}
	if found < documents/10 || found > documents*9/10 {
		t.Errorf("%d of %d documents have overlaps, which is too one-sided", found, documents)
	}
}

// overlappingDocument is a document whose fields often have the same name.
func overlappingDocument(random *rand.Rand) string {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	var selection func(kind string, depth int) string
	selection = func(kind string, depth int) string {
		var b strings.Builder
		b.WriteString("{")
		for range 1 + random.IntN(4) {
			alias := pick("", "", "", "a: ", "id: ", "name: ")
			switch n := random.IntN(10); {
			case kind == "Query" && n < 4:
				page := pick("first: 1", "first: 2", "first: 1, order: {field: NAME, direction: ASC}", "order: {direction: ASC, field: NAME}, first: 1", "filter: {ids: [\"1\"]}", "filter: {ids: [1]}")
				b.WriteString(" " + alias + "dialogs(" + page + ") { nodes " + selection("Dialog", depth-1) + " }")
			case kind == "Query":
				b.WriteString(" " + alias + `dialog(id: "` + pick("1", "2") + `") ` + selection("Dialog", depth-1))
			case n < 2 && depth > 0:
				b.WriteString(" ... " + pick("", "on Dialog ", "on Node ") + selection(pick("Dialog", "Node"), depth-1))
			case n < 3:
				b.WriteString(" ..." + pick("A", "B"))
			case n < 5 && depth > 0:
				b.WriteString(" " + alias + "occupants(first: " + pick("1", "2") + ") { totalCount }")
			default:
				b.WriteString(" " + alias + pick("id", "id", "name", "type", "__typename"))
			}
		}
		return b.String() + " }"
	}
	return "query " + selection("Query", 3) + " fragment A on Dialog " + selection("Dialog", 1) + " fragment B on Dialog " + selection("Dialog", 1)
}

// TestCostOfValidation has documents that took gqlparser's rule minutes: it compared each
// pair of their fields.
func TestCostOfValidation(t *testing.T) {
	const n = 20_000
	repeat := func(format string) string {
		var b strings.Builder
		for i := range n {
			if strings.Contains(format, "%") {
				fmt.Fprintf(&b, format, i)
			} else {
				b.WriteString(format)
			}
		}
		return b.String()
	}
	l := load(t, schemas[0])
	l.Tokens = 100 * n
	for name, text := range map[string]string{
		"the same field":           `{ dialogs { nodes {` + repeat(" id") + `} } }`,
		"the same selection":       `{` + repeat(" dialogs { nodes { id } }") + `}`,
		"other arguments":          `{ dialogs { nodes {` + repeat(" occupants(first: %d) { totalCount }") + `} } }`,
		"other fields":             `{ dialogs { nodes {` + repeat(" a: id a: name") + `} } }`,
		"inline fragments":         `{ dialogs { nodes {` + repeat(" ... on Dialog { id }") + `} } }`,
		"the same fragment":        `{ dialogs { nodes {` + repeat(" ...F") + `} } } fragment F on Dialog { id }`,
		"fragments in one another": `{ dialogs { nodes {` + strings.Repeat(" ... on Dialog { id ", 150) + strings.Repeat("}", 150) + repeat(" id") + `} } }`,
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := l.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = l.Validate(doc) // whatever is wrong with it
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("validation takes longer than linear time would")
			}
		})
	}
}
