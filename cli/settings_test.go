package cli

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the table of settings in docs/settings.md")

// TestSettingsTable compares the table in docs/settings.md with the flags.
func TestSettingsTable(t *testing.T) {
	const path = "../docs/settings.md"
	var table strings.Builder
	table.WriteString("| flag | environment | default | |\n| --- | --- | --- | --- |\n")
	fs := serverFlags()
	fs.SortFlags = false
	fs.VisitAll(func(f *pflag.Flag) {
		usage := strings.TrimSuffix(f.Usage, " ["+variable(f.Name)+"]")
		shown := f.DefValue
		if shown != "" {
			shown = "`" + shown + "`"
		}
		table.WriteString("| `--" + f.Name + "` | `" + variable(f.Name) + "` | " + shown + " | " + usage + " |\n")
	})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	marked := regexp.MustCompile(`(?s)<!-- settings -->\n.*<!-- /settings -->`)
	want := marked.ReplaceAllLiteralString(string(text), "<!-- settings -->\n"+table.String()+"<!-- /settings -->")
	if *rewrite {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("docs/settings.md differs from the flags (run go test ./cli -run SettingsTable -rewrite):\n%s", diff)
	}
}
