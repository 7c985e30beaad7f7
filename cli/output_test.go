package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/cli"
	"dialogs/servertest"
)

// TestOutputFull runs commands whose output cannot be written: each of them says so and
// fails.
func TestOutputFull(t *testing.T) {
	const device = "/dev/full"
	if _, err := os.Stat(device); err != nil {
		t.Skip("NOT RUN: output that cannot be written: needs " + device)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if result := servertest.Run(t, nil, "apikey", "create", "x", "--store", dir); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	for _, args := range []string{
		"", "help", "help serve", "--help", "--version", "version", "completion bash", "completion zsh", "apikey", "token --help",
		"check --store DIR", "apikey list --store DIR", "apikey create y --store DIR", "token alice --store DIR", "webhook list --store DIR",
	} {
		full, err := os.OpenFile(device, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		code := cli.Run(t.Context(), strings.Fields(strings.ReplaceAll(args, "DIR", dir)), nil, strings.NewReader(""), full, &stderr)
		_ = full.Close()
		if code != 1 || stderr.String() != "dialogs: writing the output failed: no space left on device\n" {
			t.Errorf("dialogs %s: got code %d and %q", args, code, &stderr)
		}
	}
	if keys := servertest.Run(t, nil, "apikey", "list", "--store", dir).Stdout; strings.Contains(keys, "y ") {
		t.Errorf("a key that nobody has seen was kept:\n%s", keys)
	}
}
