package graph_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/graph"
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

// usualBodies are read without reflection, and unusualBodies are not, or are invalid.
var (
	usualBodies = []string{
		`{}`, ` { "query" : "{a}" , "variables" : { } } `, `{"query":"","operationName":"A","variables":{"id":"x","n":0,"m":120,"t":true,"f":false,"z":null}}`,
		`{"query":"line\n\ttab \"quoted\" back\\slash \/ \r","variables":{"list":[1,"a",[],{"b":{"c":[true]}}],"Zoë":"日本"}}`,
	}
	unusualBodies = []string{
		``, `[]`, `{`, `{"query"}`, `{"query":}`, `{"query":"a"`, `{"query":"a"}x`, `{"query":"a",}`, `{,"query":"a"}`, `{"query":"a" "variables":{}}`,
		`{"query":"a","query":"b"}`, `{"variables":{},"variables":{}}`, `{"variables":{"a":1,"a":2}}`, `{"variables":{"a":{"b":1,"b":2}}}`,
		`{"query":null}`, `{"variables":null}`, `{"Query":"a"}`, `{"query":"\u0041"}`, `{"query":"\b"}`, `{"query":"\x"}`, `{"query":"\ud800"}`, `{"query":"a\`, `{"query":"tab	"}`,
		"{\"query\":\"\xff\"}", "{\"variables\":{\"\xff\":1}}", "{\"query\":\"\\n\xff\"}", "\ufeff{}", "{}\x00", "{\x0c}",
		`{"variables":{"a":01}}`, `{"variables":{"a":-1}}`, `{"variables":{"a":1.5}}`, `{"variables":{"a":1e3}}`, `{"variables":{"a":1x}}`, `{"variables":{"a":1`, `{"variables":{"a":tru}}`,
		`{"variables":{"a":[1,]}}`, `{"variables":{"a":[,1]}}`, `{"variables":{"a":[1 2]}}`, `{"variables":{"a":1,}}`, `{"variables":[]}`, `{"extensions":{}}`, `{"documentId":"x"}`, `{"other":1}`,
		`{"variables":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`, "{\"query\":\"a\nb\"}", `{"query":1}`, `{"operationName":["A"]}`,
	}
)

// TestUsualBodies: most bodies are read without reflection.
func TestUsualBodies(t *testing.T) {
	for _, body := range usualBodies {
		if _, ok, _, _ := graph.Parameters([]byte(body)); !ok {
			t.Errorf("%s is not usual", body)
		}
	}
	for _, body := range unusualBodies {
		if _, ok, _, _ := graph.Parameters([]byte(body)); ok {
			t.Errorf("%q is usual", body)
		}
	}
}

// FuzzUsualBodies: what is read without reflection is what reflection reads.
func FuzzUsualBodies(f *testing.F) {
	for _, body := range append(usualBodies, unusualBodies...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		usual, ok, exact, err := graph.Parameters(body)
		if !ok {
			return
		}
		if difference := cmp.Diff(exact, usual); err != nil || difference != "" {
			t.Errorf("%q: error %v, differences (-exact +usual):\n%s", body, err, difference)
		}
	})
}
