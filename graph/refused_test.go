package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"dialogs/budget"
	"dialogs/graph"
)

// TestRefusedPart: when a nullable part of a root field does not fit into the answer, the
// whole root field is null. A payload with "change: null" would say that nothing was
// changed, and a type with "fields: null" that it has none.
func TestRefusedPart(t *testing.T) {
	d := openWith(t, nil, func(c *graph.Config) {
		limits := budget.DefaultLimits()
		limits.Answer = 4000
		c.Answers = budget.NewAnswers(limits)
	})
	id := d.group("alice")
	times := func(field string) string {
		var fields strings.Builder
		for i := range 30 {
			fmt.Fprintf(&fields, "a%d: %s ", i, field)
		}
		return fields.String()
	}
	for _, test := range []struct{ reason, query, message string }{
		{
			"a change", `mutation($id: ID!, $name: String) {
				small: updateDialog(id: $id, input: {name: "before"}) { dialog { version } change { kind } }
				large: updateDialog(id: $id, input: {name: $name}) { dialog { version } change { ` + times("name") + ` } }
			}`, "the change was made, but its result cannot be shown",
		},
		{
			"a type", `{ large: __type(name: "Dialog") { name fields { name ` + times("description") + ` } } }`, "the answer is too large",
		},
	} {
		a := d.do(user("alice"), test.query, "id", id, "name", strings.Repeat("x", 200))
		if large, there := a.Data["large"]; !there || large != nil {
			t.Errorf("%s: want null for the field with the part that does not fit: got %s", test.reason, a.Body)
		}
		if small, asked := a.Data["small"]; asked && small == nil {
			t.Errorf("%s: want the change before it: got %s", test.reason, a.Body)
		}
		if len(a.Errors) == 0 || fmt.Sprint(a.Errors[0].Path) != "[large]" || !strings.HasPrefix(a.Errors[0].Message, test.message) {
			t.Errorf("%s: want an error of the field: got %+v", test.reason, a.Errors)
		}
	}
}
