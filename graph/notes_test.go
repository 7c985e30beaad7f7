package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

func TestNotes(t *testing.T) {
	long := strings.Repeat("a", 201)
	for _, test := range []struct {
		query  string
		want   map[string]string
		reason string
	}{
		{
			`query Who { viewer { kind } }`,
			map[string]string{"operation": "Who", "fields": "[viewer]"},
			"an operation by the client's name",
		},
		{
			`{ a: viewer { kind } ...more } fragment more on Query { viewer { kind } b: dialogs { totalCount } }`,
			map[string]string{"operation": "query", "fields": "[viewer dialogs]", "code": "UNAUTHENTICATED", "reason": "authentication required: send QB-Token or Authorization"},
			"fields by the schema's names, each once, and the code of what failed",
		},
		{
			`query ` + long + ` { viewer { kind } }`,
			map[string]string{"operation": long[:200] + "…", "fields": "[viewer]"},
			"a long name is shortened",
		},
		{`{ nothing }`, map[string]string{"code": "GRAPHQL_VALIDATION_FAILED"}, "a document that is invalid"},
		{`{ viewer(`, map[string]string{"code": "GRAPHQL_PARSE_FAILED"}, "a document that can't be parsed"},
		{``, map[string]string{"code": "BAD_USER_INPUT"}, "a request without a document"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			d.do(dialog.Caller{}, test.query)
			if diff := cmp.Diff(test.want, d.notes()); diff != "" {
				t.Errorf("the log line is another (-want +got):\n%s", diff)
			}
		})
	}
}
