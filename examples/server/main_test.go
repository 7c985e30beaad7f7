package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/servertest"
)

func TestExample(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	server := servertest.Spawn(t, "--dev")
	const rest = `occupants: [alice bob carol]
paid, at version 3, replayed: REPLAYED
paid, at version 3, replayed: true
refused: only the owner or an admin may remove others; you are an occupant (FORBIDDEN, 403)
for alice's front end until TIME:
TOKEN
`
	for _, test := range []struct {
		key, stdout, stderr string
		reason              string
	}{
		{
			key: server.DevelopmentKey(), stdout: "group ID, created now: true\n" + strings.Replace(rest, "REPLAYED", "false", 1),
			reason: "the first run",
		},
		{
			key: server.DevelopmentKey(), stdout: "group ID, created now: false\n" + strings.Replace(rest, "REPLAYED", "true", 1),
			reason: "the second run finds what the first one created",
		},
		{
			key:    "nonsense",
			stderr: "server: defining the custom class: invalid API key: unknown or revoked (UNAUTHENTICATED, 401)\n",
			reason: "an invalid key has its own code",
		},
	} {
		t.Run(test.reason, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			command := exec.CommandContext(t.Context(), binary)
			command.Env = append(os.Environ(), "DIALOGS_URL="+server.URL+"/graphql", "DIALOGS_KEY="+test.key)
			command.Stdout, command.Stderr = &stdout, &stderr
			err := command.Run()
			if failed := err != nil; failed != (test.stderr != "") {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(test.stdout, settled(stdout.String())); diff != "" {
				t.Errorf("standard output (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.stderr, stderr.String()); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
		})
	}
}

// settled replaces what differs from run to run.
func settled(out string) string {
	for _, varies := range []struct{ pattern, word string }{
		{`\b[0-9a-f]{24}\b`, "ID"},
		{`\b\d\d:\d\d:\d\d\b`, "TIME"},
		{`(?m)^eyJ[\w-]+\.[\w-]+\.[\w-]+$`, "TOKEN"},
	} {
		out = regexp.MustCompile(varies.pattern).ReplaceAllLiteralString(out, varies.word)
	}
	return out
}
