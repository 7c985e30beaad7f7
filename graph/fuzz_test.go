package graph_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBody sends random bodies. The answer must always be JSON with known error codes,
// never an internal error, and all of its text must be valid.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"query": "{ viewer { kind } }"}`,
		`{"query": "mutation { createDialog(input: {type: GROUP, name: \"x\"}) { created } }", "variables": {}, "operationName": null}`,
		`{"query": "query($id: ID!) { dialog(id: $id) { id } }", "variables": {"id": 1e400}}`,
		`{"query": "query($f: DialogFilter) { dialogs(filter: $f) { totalCount } }", "variables": {"f": {"types": ["GROUP", 5], "customData": [{"className": "Card", "fields": {"level": {}}}]}}}`,
		`{"query": "query($a: [ID!]!) { dialogs(filter: {ids: $a}) { totalCount } }", "variables": {"a": "65ba1b4a0000000000000001"}}`,
		`{"query": "{ a: dialogs(first: 5, after: \"\\uD83D\\uDE00\") { nodes { id } } }", "extensions": {"persistedQuery": {"version": 1}}}`,
		`{"query": "{ dialogs(filter: {customData: [{className: \"Card\", fields: {level: 12345678901234567890}}]}) { totalCount } }"}`,
		`{"documentId": "x"}`,
		"{\"query\": \"\xff\"}",
		`[]`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := open(t, nil)
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		a := d.send(user("alice"), r)
		if a.Status >= 500 || d.log.String() != "" {
			t.Fatalf("got status %d and the log %s: %s", a.Status, d.log, a.Body)
		}
		for _, e := range a.Errors {
			if code, _ := e.Extensions["code"].(string); code == "" || code == "INTERNAL" {
				t.Fatalf("got %s", a.Body)
			}
		}
		if !json.Valid([]byte(a.Body)) {
			t.Fatalf("the answer is not JSON: %s", a.Body)
		}
	})
}
