package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"dialogs/auth"
)

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ text, want, reason string }{
		{`Party "x" \ Ж 💬 é`, `Party "x" \ Ж 💬 é`, "what can be printed stays"},
		{"a\x1b[31mred\x00\x7f\r\n\t", `a\x1b[31mred\x00\x7f\r\n\t`, "C0 and DEL"},
		{"\u0085\u009b2J", `\u00852J`, "C1"},
		{"\u202eevil\u2066\u200f\u061c", `\u202eevil\u2066\u200f\u061c`, "bidirectional"},
		{"\u2028\u200b\ufeff\U000e0041", `\u2028\u200b\ufeff\U000e0041`, "ends of lines, and what is invisible"},
		{"caf\xe9\ufffd", `caf\xe9\ufffd`, "not UTF-8"},
	} {
		want := strings.ReplaceAll(tt.want, `\u00852J`, `\u0085\u009b2J`)
		want = strings.ReplaceAll(want, `\ufffd`, "\ufffd")
		if got := visible(tt.text); got != want {
			t.Errorf("%s: got %s, want %s", tt.reason, got, want)
		}
		var line strings.Builder
		if err := writeVisible(&line, map[string]string{"why": tt.text}); err != nil {
			t.Fatal(err)
		}
		if escaped := strings.TrimSuffix(line.String(), "\n"); visible(escaped) != escaped {
			t.Errorf("%s: the line %s is not visible", tt.reason, escaped)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(line.String()), &back); err != nil || back["why"] != strings.ToValidUTF8(tt.text, "\ufffd") {
			t.Errorf("%s: got %q and error %v back", tt.reason, back["why"], err)
		}
	}
}

// TestReasonsAreVisible reports an id and a reason that would write over the
// report.
func TestReasonsAreVisible(t *testing.T) {
	var r reasons
	r.add("id\x1b[2J\u202e", "because\r\u009b2J")
	if got := r.String(); got != `1 × because\r\u009b2J (id\x1b[2J\u202e)`+"\n" {
		t.Errorf("got %q", got)
	}
}

// TestImportActor cannot be the name of an API key.
func TestImportActor(t *testing.T) {
	if err := auth.CheckKeyName(importActor); err == nil {
		t.Error("an API key can be called like the actor of imports")
	}
}
