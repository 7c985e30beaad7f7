package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/graph"
)

func TestLimits(t *testing.T) {
	nested := func(n int) string {
		return `{ __schema { types ` + strings.Repeat(`{ fields { type `, n) + `{ name }` + strings.Repeat(`} } `, n) + ` } }`
	}
	var doubling strings.Builder
	doubling.WriteString(`{ dialogs { nodes { ...f0 } } }`)
	for i := range 40 {
		fmt.Fprintf(&doubling, ` fragment f%d on Dialog { ...f%d ...f%d }`, i, i+1, i+1)
	}
	doubling.WriteString(` fragment f40 on Dialog { id }`)
	repeated := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	// chain returns fragments each of which spreads the next one; the last one has many
	// values.
	chain := func(fragments, values int) string {
		var b strings.Builder
		b.WriteString("{ ...f0 }")
		for i := range fragments {
			fmt.Fprintf(&b, " fragment f%d on Query { ...f%d }", i, i+1)
		}
		fmt.Fprintf(&b, ` fragment f%d on Query { dialogs(filter: {ids: [%s]}) { nodes { id } } }`, fragments, strings.Repeat(`"5d75393ba28f9a17e1cb0001" `, values))
		return b.String()
	}
	for _, test := range []struct {
		query, code, reason string
	}{
		{chain(10, 100), "", "a chain of fragments"},
		{chain(200, 999), "GRAPHQL_VALIDATION_FAILED", "a long list at the end of a chain of fragments"},
		{chain(240, 1), "GRAPHQL_VALIDATION_FAILED", "a long chain of fragments"},
		{`{ viewer { kind } }`, "", "an ordinary query"},
		{nested(7), "GRAPHQL_VALIDATION_FAILED", "too deep"},
		{`{ ` + repeated(51, `a%d: viewer { kind } `) + `}`, "GRAPHQL_VALIDATION_FAILED", "too many aliases"},
		{`{ ` + repeated(50, `a%d: viewer { kind } `) + `}`, "", "as many aliases as there may be"},
		{repeated(11, `query q%d { viewer { kind } } `), "GRAPHQL_VALIDATION_FAILED", "too many operations"},
		{doubling.String(), "GRAPHQL_VALIDATION_FAILED", "fragments that multiply"},
		{`{ dialogs(first: 100) { nodes { occupants(first: 100) { nodes { userId standing viewerCanRemove viewerCanChangeAdmin } edges { cursor } } } } }`, "GRAPHQL_VALIDATION_FAILED", "pages of pages"},
		{`{ dialogs(first: 100) { nodes { id name occupantIds history(first: 5) { at } } } }`, "", "a page of a client"},
		{`{ viewer { ` + strings.Repeat("kind ", 10_000) + ` } }`, "GRAPHQL_PARSE_FAILED", "too many tokens"},
		{`{ viewer { ` + strings.Repeat("kind ", 1000) + ` } }`, "GRAPHQL_VALIDATION_FAILED", "too many fields"},
		{`{ ` + repeated(900, `dialog(id: "%d") { id } `) + ` }`, "GRAPHQL_VALIDATION_FAILED", "too many conflicts"},
		{`{ ` + repeated(400, `dialog(id: "%d") { id } `) + ` }`, "GRAPHQL_VALIDATION_FAILED", "conflicts of each with each"},
		{`{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }`, "GRAPHQL_VALIDATION_FAILED", "fragments in a circle"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			d := open(t, nil)
			a := d.post(user("alice"), fmt.Sprintf(`{"query": %q, "operationName": %q}`, test.query, operation(test.query)))
			if len(a.Body) > 100_000 {
				t.Errorf("the answer has %d bytes", len(a.Body))
			}
			if len(a.Errors) > 0 {
				if got := a.Errors[0].Extensions["code"]; got != test.code {
					t.Errorf("got %v, want %q: %s", got, test.code, a.Body)
				}
				if text := a.Errors[0].Message; strings.Contains(text, "too ") && !strings.Contains(text, "--limit-") {
					t.Errorf("the setting is not named: %s", text)
				}
			} else if test.code != "" {
				t.Errorf("got %s, want %s", a.Body, test.code)
			}
		})
	}
}

// operation is the name of the operation to run, if the operations have names.
func operation(query string) string {
	if strings.HasPrefix(query, "query q0") {
		return "q0"
	}
	return ""
}

// TestIntrospection sends the queries of GraphiQL and code generators, which must be
// within the limits.
func TestIntrospection(t *testing.T) {
	query, err := os.ReadFile("testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, nil)
	if a := d.do(dialog.Caller{}, string(query)); len(a.Errors) > 0 {
		t.Errorf("got %s", a.Body)
	}
}

// TestNoIntrospection sends introspection queries to a server where it is disabled.
func TestNoIntrospection(t *testing.T) {
	d := openWith(t, nil, func(c *graph.Config) { c.Introspection = false })
	for _, query := range []string{`{ __schema { types { name } } }`, `{ __type(name: "Dialog") { name } }`, `{ ...f } fragment f on Query { s: __schema { types { name } } }`} {
		if a := d.do(user("alice"), query); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" || a.HasData {
			t.Errorf("%s: got %s", query, a.Body)
		}
	}
	if a := d.do(user("alice"), `{ __typename viewer { __typename kind } }`); len(a.Errors) > 0 {
		t.Errorf("got %s", a.Body)
	}
}

func hash(query string) string {
	sum := sha256.Sum256([]byte(query))
	return hex.EncodeToString(sum[:])
}

func TestAutomaticPersistedQueries(t *testing.T) {
	d := open(t, nil)
	const query = `{ viewer { kind } }`
	byHash := fmt.Sprintf(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, hash(query))
	a := d.post(user("alice"), byHash)
	if code, _ := a.code(t); code != "PERSISTED_QUERY_NOT_FOUND" || a.Errors[0].Message != "PersistedQueryNotFound" {
		t.Fatalf("got %s", a.Body)
	}
	wrong := fmt.Sprintf(`{"query": "{ viewer { userId } }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, hash(query))
	if a = d.post(user("alice"), wrong); len(a.Errors) == 0 {
		t.Fatalf("a document was kept under the hash of another: %s", a.Body)
	}
	if a = d.post(user("alice"), fmt.Sprintf(`{"query": %q, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, query, hash(query))); len(a.Errors) > 0 {
		t.Fatalf("got %s", a.Body)
	}
	for _, body := range []string{byHash, fmt.Sprintf(`{"documentId": "sha256:%s"}`, hash(query))} {
		if a = d.post(user("alice"), body); len(a.Errors) > 0 {
			t.Errorf("%s: got %s", body, a.Body)
		}
	}
	const other = `{ viewer { kind userId } }`
	d.post(dialog.Caller{}, fmt.Sprintf(`{"query": %q, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, other, hash(other)))
	if a = d.post(user("alice"), fmt.Sprintf(`{"documentId": "sha256:%s"}`, hash(other))); len(a.Errors) == 0 {
		t.Errorf("a document of a stranger was kept: %s", a.Body)
	}
	if a = d.post(user("alice"), `{"extensions": {"persistedQuery": 5}}`); len(a.Errors) == 0 || a.Status >= 500 {
		t.Errorf("got %s", a.Body)
	}
}

func TestTrustedDocuments(t *testing.T) {
	const trusted, other = `query Who { viewer { kind } }`, `query Other { viewer { userId } }`
	path := filepath.Join(t.TempDir(), "documents.json")
	if err := os.WriteFile(path, fmt.Appendf(nil, `{%q: %q, "named": %q}`, hash(trusted), trusted, trusted), 0o600); err != nil {
		t.Fatal(err)
	}
	documents, err := graph.ReadTrustedDocuments(path)
	if err != nil {
		t.Fatal(err)
	}
	d := openWith(t, nil, func(c *graph.Config) { c.Trusted = documents })
	for _, test := range []struct {
		body    string
		allowed bool
		reason  string
	}{
		{fmt.Sprintf(`{"query": %q}`, trusted), true, "the document itself"},
		{fmt.Sprintf(`{"documentId": %q}`, hash(trusted)), true, "its hash"},
		{`{"documentId": "named"}`, true, "its id"},
		{fmt.Sprintf(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, hash(trusted)), true, "its hash as Apollo sends it"},
		{fmt.Sprintf(`{"query": %q}`, other), false, "another document"},
		{fmt.Sprintf(`{"query": %q, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, other, hash(trusted)), false, "another document behind a trusted hash"},
		{`{"documentId": "nothing"}`, false, "an unknown id"},
	} {
		a := d.post(dialog.Caller{}, test.body)
		if code, _ := a.code(t); (code == "") != test.allowed || !test.allowed && code != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: got %s", test.reason, a.Body)
		}
	}
	for _, content := range []string{`{}`, `[]`, `{"x": ""}`, `nonsense`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := graph.ReadTrustedDocuments(path); err == nil {
			t.Errorf("%s was taken for trusted documents", content)
		}
	}
}
