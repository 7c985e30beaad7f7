package api_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/api"
)

func TestUnmarshalExact(t *testing.T) {
	for _, test := range []struct {
		reason, text string
		want         any // nil when it is refused
	}{
		{"an integer past 2^53 keeps its digits", `9007199254740993`, json.Number("9007199254740993")},
		{"a fraction keeps its zeros", `{"n": 1.500}`, map[string]any{"n": json.Number("1.500")}},
		{"an exponent stays", `[1e400, -0]`, []any{json.Number("1e400"), json.Number("-0")}},
		{"a byte order mark is ignored", "\uFEFF{}", map[string]any{}},
		{"escapes are read", `"\u00e9\ud83d\ude00<"`, "é😀<"},
		{"a name twice", `{"a": 1, "a": 2}`, nil},
		{"a name twice, once escaped", `{"a": 1, "\u0061": 2}`, nil},
		{"two values", `{} {}`, nil},
		{"invalid UTF-8", "\"\xff\"", nil},
		{"a lone surrogate", `"\ud800"`, nil},
		{"a number in another form", `01`, nil},
		{"nothing", ``, nil},
		{"a byte order mark alone", "\uFEFF", nil},
		{"a byte order mark inside", "{\uFEFF}", nil},
	} {
		var got any
		err := api.UnmarshalExact([]byte(test.text), &got)
		if (err != nil) != (test.want == nil) {
			t.Errorf("%s: got error %v", test.reason, err)
		}
		if diff := cmp.Diff(test.want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
	}
}

// TestUnmarshalExactIntoStruct matches names exactly, and reads numbers inside
// of untyped fields as they are.
func TestUnmarshalExactIntoStruct(t *testing.T) {
	var got struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := api.UnmarshalExact([]byte(`{"Query": "other", "query": "q", "variables": {"n": 12345678901234567890}}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Query != "q" || got.Variables["n"] != json.Number("12345678901234567890") {
		t.Errorf("got %+v", got)
	}
	if err := api.UnmarshalExact([]byte(`{"query": 1}`), &got); err == nil {
		t.Error("a number was read as a text")
	}
}

func TestMarshalPlain(t *testing.T) {
	got, err := api.MarshalPlain(map[string]any{"b": "<a & b> \u2028", "a": json.Number("1.500")})
	if want := `{"a":1.500,"b":"<a & b> \u2028"}`; err != nil || string(got) != want {
		t.Errorf("got %s and error %v, want %s", got, err, want)
	}
	if _, err := api.MarshalPlain(math.NaN()); err == nil {
		t.Error("NaN was encoded")
	}
}
