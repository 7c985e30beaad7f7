package budget

import (
	"strings"
	"testing"
)

// TestCountJSON: no value of a text is missed, and a text with too many values is refused
// before it is decoded.
func TestCountJSON(t *testing.T) {
	limits := DefaultLimits()
	limits.Values, limits.Nesting = 10, 4
	q := NewRequests(limits)
	for _, c := range []struct {
		reason, text, want string
		least              int
	}{
		{"one value", `1`, "", 1},
		{"a list", `[1,2,3]`, "", 4},
		{"an object", `{"a":1,"b":[2]}`, "", 4},
		{"commas and brackets in a string are text", `"[[[[[[,,,,,,,,,,,,,,"`, "", 1},
		{"an escaped quotation mark does not end a string", `"\"[[[[[[[,,,,,,,,,,,"`, "", 1},
		{"a backslash before the end", `["\\",1]`, "", 3},
		{"an unterminated string is the decoder's matter", `["`, "", 2},
		{"an unterminated escape too", `["\`, "", 2},
		{"too many", "[" + strings.Repeat("1,", 10) + "1]", "too many values (limit 10, --limit-values)", 0},
		{"too many empty objects", "[" + strings.Repeat("{},", 10) + "1]", "too many values (limit 10, --limit-values)", 0},
		{"as deep as allowed", `[[[[1]]]]`, "", 5},
		{"too deep", `[[[[[1]]]]]`, "nested too deep (limit 4 levels, --limit-nesting)", 0},
		{"deep one after another", `[[[[]]],[[[]]]]`, "", 8},
	} {
		got, err := q.CountJSON([]byte(c.text))
		switch {
		case c.want == "" && (err != nil || got < c.least):
			t.Errorf("%s: got %d and %v, want %d", c.reason, got, err, c.least)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.reason, err, c.want)
		}
	}
}

// TestValidate checks that the defaults are valid, and refuses pools in which one request
// of the allowed size would not fit.
func TestValidate(t *testing.T) {
	if err := DefaultLimits().Validate(); err != nil {
		t.Error(err)
	}
	if d := DefaultLimits(); d.Requests+d.Answers+d.Documents > 112_000_000 {
		t.Error("the defaults take more than docs/operations.md says")
	}
	small := DefaultLimits()
	small.Requests = 4 << 20
	if err := small.Validate(); err == nil {
		t.Error("a pool that is smaller than one request is accepted")
	}
}
