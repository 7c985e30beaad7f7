package quickblox

import (
	"regexp"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNumbered compares how names of numbered elements are found with an expression that says
// what they are.
func TestNumbered(t *testing.T) {
	want := regexp.MustCompile(`(?s)^(.+\])\[(\d{1,6})\]$|^([^\[\]]+)\[(\d{1,6})\]$`)
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"a", "[", "]", "[0]", "[12]", "9", "\n"})).Draw(t, "name"), "")
		m := want.FindStringSubmatch(name)
		list, at, ok := numbered(name)
		if ok != (m != nil) || ok && (list != m[1]+m[3] || m[2]+m[4] == "" || at < 0) {
			t.Fatalf("%q: %q, %d, %v, want %q", name, list, at, ok, m)
		}
	})
}

// TestDeepNames: a name that nests deeper than any that has a meaning is ignored without
// splitting it as a whole.
func TestDeepNames(t *testing.T) {
	text := "type=2&data" + strings.Repeat("[a]", 300_000) + "=1"
	p := newParams(map[string]any{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := p.parseForm(text)
	runtime.ReadMemStats(&after)
	if err != nil || len(p.values) != 1 {
		t.Fatalf("%v, %v", p.values, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
		t.Errorf("%d bytes were allocated for a form of %d", took, len(text))
	}
}
