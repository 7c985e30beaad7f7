package language_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestOrderHidesTheSchema replaces a name that the schema does not have by one
// that it has, where both are wrong: with introspection off, the errors are the
// same in the same order.
func TestOrderHidesTheSchema(t *testing.T) {
	for _, test := range []struct{ document, reason string }{
		{`query($a: X, $b: Nope) { __typename }`, "types of variables"},
		{`query($a: Nope, $b: X, $c: Nope) { __typename }`, "types of variables, between others"},
		{`query($a: [X!]!, $b: Nope) { __typename @nope }`, "types in lists, beside another error"},
		{`query($b: Nope, $a: X) { nope dialogs(first: $a) { nope } }`, "variables that are used"},
		{`query {` + strings.Repeat(" nope", 15) + ` } query Other($a: X` + manyOf("Nope", 20) + `) { nope }`, "more errors than are shown"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			l := load(t, schemas[0])
			l.Explain = false
			errors := func(name string) string {
				document := strings.ReplaceAll(test.document, "X", name)
				var told []string
				for _, err := range refuse(t, l, document, `{}`) {
					told = append(told, fmt.Sprint(err.Locations, err.Message, err.Extensions))
				}
				return regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(strings.Join(told, "\n"), "X")
			}
			if unknown, output := errors("Querx"), errors("Query"); unknown != output {
				t.Errorf("an unknown type:\n%s\nan output type:\n%s", unknown, output)
			}
		})
	}
}

func manyOf(name string, count int) string {
	var variables strings.Builder
	for i := range count {
		fmt.Fprintf(&variables, ", $v%d: %s", i, name)
	}
	return variables.String()
}
