package sqlite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestSplitUsers: the fast way decodes what it can, and nothing that the slow way
// would refuse.
func TestSplitUsers(t *testing.T) {
	for _, test := range []struct {
		reason string
		text   string
		want   []dialog.UserID
	}{
		{"one", `["a"]`, []dialog.UserID{"a"}},
		{"several", `["a","b c","[1,2]"]`, []dialog.UserID{"a", "b c", "[1,2]"}},
		{"a comma in an id", `[",",","]`, []dialog.UserID{",", ","}},
		{"an escape", `["a\"","b"]`, nil},
		{"not ASCII", `["é"]`, nil},
		{"no end", `["a","b`, nil},
		{"a quote in the middle", `["a""b"]`, nil},
		{"a gap", `["a", "b"]`, nil},
		{"a control character", "[\"a\n\"]", nil},
		{"not a list", `"a"`, nil},
		{"empty", `[]`, nil},
	} {
		got, ok := sqlite.SplitUsers(test.text)
		if diff := cmp.Diff(test.want, got); diff != "" || ok != (test.want != nil) {
			t.Errorf("%s: %v, %s", test.reason, ok, diff)
		}
	}
}
