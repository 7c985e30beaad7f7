package graph

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/dialog"
	"dialogs/graph/generated"
	"dialogs/graph/language"
)

// TestDocumentWeight compares the computed weight of documents with the memory that they
// really take.
func TestDocumentWeight(t *testing.T) {
	schema := language.Served(generated.NewExecutableSchema(generated.Config{}).Schema())
	limits := DefaultLimits()
	p := preparation{
		language: newLanguage(schema, &Config{Limits: limits}),
		gate:     gate{limits: limits},
	}
	for reason, text := range map[string]string{
		"ids":         "{ dialogs(filter: {ids: [%d " + strings.Repeat("1 ", 1900) + "]}) { totalCount } }",
		"objects":     "{ dialogs(filter: {customData: [" + strings.Repeat(`{className: "A", fields: {a: [1], b: {c: 2}}} `, 100) + `], nameContains: "%d"}) { totalCount } }`,
		"fields":      "query A%d { dialogs { nodes { " + strings.Repeat("id name photo occupantIds ", 100) + "} } }",
		"small":       "query A%d { viewer { kind } }",
		"long text":   `{ dialogs(filter: {nameContains: "%d` + strings.Repeat("x", 20000) + `"}) { totalCount } }`,
		"variables":   "query A%d(" + variables(40, "$v%d: Int = 1 ") + ") { " + variables(40, "a%[1]d: dialogs(first: $v%[1]d) { totalCount } ") + "}",
		"directives":  "query A%d($a: Boolean!) { viewer { " + strings.Repeat("kind @skip(if: $a) @include(if: true) ", 200) + "} }",
		"fragments":   "query A%d { dialogs { nodes { " + strings.Repeat("...F ... on Dialog { id } ", 100) + "} } } fragment F on Dialog { id name }",
		"empty lists": "{ dialogs(filter: {customData: [{className: \"A%d\", fields: {a: [" + strings.Repeat("[] ", 1500) + "]}}]}) { totalCount } }",
	} {
		// There are enough copies to take far more memory than anything else that changes
		// in the meantime.
		copies := int64(10)
		if first, errs := p.read(t.Context(), fmt.Sprintf(text, 0)); len(errs) == 0 {
			copies += 2 << 20 / weighDocument(text, first)
		}
		kept := make([]*ast.QueryDocument, copies)
		before := heap()
		weight := int64(0)
		for i := range kept {
			text := fmt.Sprintf(text, i)
			doc, errs := p.read(t.Context(), text)
			if len(errs) > 0 {
				t.Fatalf("%s: %v", reason, errs)
			}
			kept[i] = doc
			weight += weighDocument(text, doc)
		}
		taken := heap() - before
		runtime.KeepAlive(kept)
		t.Logf("%s: weighed as %d, takes %d", reason, weight/copies, taken/copies)
		if taken > weight || taken*6 < weight {
			t.Errorf("%s: weighed as %d bytes, takes %d", reason, weight/copies, taken/copies)
		}
	}
}

func variables(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // objects with a finalizer need two
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestCacheEvicts adds more entries than a cache can hold: it stays within its bytes,
// keeps the entries that were used last, and none of callers without credentials.
func TestCacheEvicts(t *testing.T) {
	caller := dialog.Caller{User: "alice"}
	c := newCache(16_000, func(context.Context) dialog.Caller { return caller }, func(_, text string) int64 { return int64(len(text)) })
	for i := range 100 {
		c.Add(t.Context(), fmt.Sprint(i), strings.Repeat("x", 500))
	}
	c.Add(t.Context(), "too large", strings.Repeat("x", 1000))
	caller = dialog.Caller{}
	c.Add(t.Context(), "stranger", "x")
	for key, want := range map[string]bool{"0": false, "99": true, "too large": false, "stranger": false} {
		if _, ok := c.Get(t.Context(), key); ok != want {
			t.Errorf("%s is kept: %v", key, ok)
		}
	}
	if c.bytes > c.most || c.bytes < c.most/2 {
		t.Errorf("the cache has %d bytes of %d", c.bytes, c.most)
	}
	for c.entries.Len() > 0 {
		c.entries.RemoveOldest()
	}
	if c.bytes != 0 {
		t.Errorf("an empty cache has %d bytes", c.bytes)
	}
}
