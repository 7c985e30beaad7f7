package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// snippetOf is the one block of a document in this language.
func snippetOf(t *testing.T, document, language string) string {
	t.Helper()
	found := snippetsOf(t, document, language)
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks of %s, want one", document, len(found), language)
	}
	return found[0]
}

// snippetsOf are the blocks of a document in this language.
func snippetsOf(t *testing.T, document, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", document))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if block[1] == language {
			found = append(found, block[2])
		}
	}
	return found
}

// replaceAll replaces what a snippet must have.
func replaceAll(t *testing.T, snippet string, replacements map[string]string) string {
	t.Helper()
	for old, replacement := range replacements {
		if !strings.Contains(snippet, old) {
			t.Fatalf("the snippet has no %q:\n%s", old, snippet)
		}
		snippet = strings.ReplaceAll(snippet, old, replacement)
	}
	return snippet
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell runs commands of a document in a directory, and returns what they print.
func shell(t *testing.T, dir, commands string, environment ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-ec", commands)
	command.Dir = dir
	command.Env = append(servertest.WithoutSettings(os.Environ()), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

// TestExportAndImport runs the commands of docs/quickblox.md: it gets pages as
// from QuickBlox, here from a server of this project, and imports them.
func TestExportAndImport(t *testing.T) {
	source := servertest.Start(t)
	key := source.MustCLI("apikey", "create", "backend")
	source.Must(servertest.OnBehalf(key, "7"), `mutation { createDialog(input: {type: GROUP, name: "Lunch", occupantIds: ["8"]}) { created } }`, nil)
	dir := t.TempDir()
	for _, name := range []string{"pages", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(servertest.Binary(t), filepath.Join(dir, "bin", "dialogs")); err != nil {
		t.Fatal(err)
	}
	commands := snippetsOf(t, "docs/quickblox.md", "sh")
	get := replaceAll(t, commands[len(commands)-1], map[string]string{"https://api.quickblox.com": source.URL})
	shell(t, dir, get, "QUICKBLOX_KEY="+key, "USER_ID=7")

	target := servertest.Start(t)
	out := shell(t, dir, commands[0], "DIALOGS_STORE="+target.Store)
	if !regexp.MustCompile(`(?s)created +1\n.*same +1\n`).MatchString(out) {
		t.Errorf("the import printed %s", out)
	}
	other := target.MustCLI("apikey", "create", "backend")
	reply := target.Must(servertest.OnBehalf(other, "8"), `{ dialogs { nodes { name } } }`, nil)
	if !strings.Contains(string(reply.Body), "Lunch") {
		t.Errorf("got %s", reply.Body)
	}
}

// TestImage does what the Dockerfile does with the program, without Docker:
// builds it, and runs its command and its health check.
func TestImage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var build string
	for line := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(line, "RUN CGO_ENABLED=0 go build "); ok {
			build = command
		}
	}
	binary := filepath.Join(t.TempDir(), "dialogs")
	build = replaceAll(t, build, map[string]string{"-o /dialogs": "-o " + binary})
	shell(t, "..", "CGO_ENABLED=0 go build "+build, "VERSION=1.2.3")
	if version := shell(t, "..", binary+" version"); !strings.Contains(version, "1.2.3") {
		t.Errorf("the image's program says it is %q, want 1.2.3", version)
	}
}

// TestUnit has systemd read the unit, and say how much it leaves open.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		clienttest.NotRun(t, "the systemd unit", "systemd")
	}
	text, err := os.ReadFile("../deploy/dialogs.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "dialogs.service")
	write(t, unit, replaceAll(t, string(text), map[string]string{"/usr/local/bin/dialogs": servertest.Binary(t)}))
	analyze := func(args ...string) string {
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "systemd-analyze", append(args, unit)...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := analyze("--man=no", "verify"); out != "" {
		t.Errorf("systemd-analyze says\n%s", out)
	}
	analyze("security", "--offline=true", "--threshold=15") // 1.5 of 10
}

var (
	code        = regexp.MustCompile("`([^`\n]+)`")
	commandLine = regexp.MustCompile(`^(?:.*[ /])?dialogs ([a-z]+)\b`)
	flagName    = regexp.MustCompile(`--[a-z][a-z-]*[a-z]`)
	listed      = regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`)
)

// TestCommandsAndFlagsExist finds commands and flags of the program that the
// documents mention and that it does not have.
func TestCommandsAndFlagsExist(t *testing.T) {
	commands := listed.FindAllStringSubmatch(servertest.Run(t, nil, "--help").Stdout, -1)
	if len(commands) < 6 {
		t.Fatalf("the help lists %q", commands)
	}
	var names, flags []string
	for _, c := range commands {
		names = append(names, c[1])
		help := servertest.Run(t, nil, c[1], "--help").Stdout
		flags = append(flags, flagName.FindAllString(help, -1)...)
		_, inside, _ := strings.Cut(help, "Available Commands:")
		for _, sub := range listed.FindAllStringSubmatch(inside, -1) {
			flags = append(flags, flagName.FindAllString(servertest.Run(t, nil, c[1], sub[1], "--help").Stdout, -1)...)
		}
	}
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../README.md", "../SECURITY.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			if block[1] == "sh" {
				lines = append(lines, strings.Split(block[2], "\n")...)
			}
		}
		for _, span := range code.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			lines = append(lines, span[1])
		}
		for _, line := range lines {
			run := commandLine.FindStringSubmatch(line)
			if run != nil && !slices.Contains(names, run[1]) {
				t.Errorf("%s: unknown command in %q", path, line)
			}
			if run == nil && !strings.HasPrefix(line, "--") {
				continue // it may be a flag of another program
			}
			for _, flag := range flagName.FindAllString(line, -1) {
				if !slices.Contains(flags, flag) && !strings.HasSuffix(line, "-…") {
					t.Errorf("%s: unknown flag %s in %q", path, flag, line)
				}
			}
		}
	}
}
