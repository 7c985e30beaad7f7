package dialog_test

import (
	"testing"

	"dialogs/dialog"
)

func TestTexts(t *testing.T) {
	for _, tt := range []struct {
		reason string
		field  dialog.Field
		raw    any
		want   dialog.Value // empty for an error
	}{
		{"a truth", field(dialog.Boolean), dialog.Text("true"), "true"},
		{"a falsehood", field(dialog.Boolean), dialog.Text("false"), "false"},
		{"a truth as a number", field(dialog.Boolean), dialog.Text("1"), "true"},
		{"a falsehood as a number", field(dialog.Boolean), dialog.Text("0"), "false"},
		{"no truth", field(dialog.Boolean), dialog.Text("2"), ""},
		{"a whole number", field(dialog.Integer), dialog.Text("-12"), "-12"},
		{"a whole number at length", field(dialog.Integer), dialog.Text("1.20e1"), "12"},
		{"a fraction is not an INTEGER", field(dialog.Integer), dialog.Text("1.5"), ""},
		{"what strconv reads and JSON has not", field(dialog.Integer), dialog.Text("0x10"), ""},
		{"spaces around a number", field(dialog.Integer), dialog.Text(" 1"), ""},
		{"no digits", field(dialog.Integer), dialog.Text(""), ""},
		{"a fraction", field(dialog.Float), dialog.Text("0.50"), "0.5"},
		{"no number", field(dialog.Float), dialog.Text("NaN"), ""},
		{"a text of digits stays a text", field(dialog.String), dialog.Text("04"), `"04"`},
		{"no characters", field(dialog.String), dialog.Text(""), `""`},
		{"a text with a comma", field(dialog.String), dialog.Text("a,b"), `"a,b"`},
		{"NUL", field(dialog.String), dialog.Text("a\x00"), ""},
		{"broken UTF-8", field(dialog.String), dialog.Text("a\xff"), ""},
		{"an instant", field(dialog.DateTime), dialog.Text("2026-01-31T09:30:00+01:00"), `"2026-01-31T08:30:00.000Z"`},
		{"no instant", field(dialog.DateTime), dialog.Text("today"), ""},
		{"a place", field(dialog.Location), dialog.Text("13.40, 52.5"), "[13.4,52.5]"},
		{"half a place", field(dialog.Location), dialog.Text("13.4"), ""},
		{"a place with brackets", field(dialog.Location), dialog.Text("[13.4,52.5]"), ""},
		{"a list in one text", listOf(dialog.Integer), dialog.Text("1, 2,3"), "[1,2,3]"},
		{"a list of one", listOf(dialog.String), dialog.Text("a"), `["a"]`},
		{"a list of none", listOf(dialog.String), dialog.Text(""), "[]"},
		{"a list of texts", listOf(dialog.String), []any{dialog.Text("a,b"), dialog.Text("")}, `["a,b",""]`},
		{"a list of places", listOf(dialog.Location), []any{dialog.Text("1,2"), dialog.Text("3,4")}, "[[1,2],[3,4]]"},
		{"a wrong one in a list", listOf(dialog.Integer), dialog.Text("1,x"), ""},
	} {
		got, err := tt.field.Normalize(tt.raw)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %s and error %v, want %s", tt.reason, got, err, tt.want)
		}
	}
}
