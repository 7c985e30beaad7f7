package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// TestREADME does what the README says, block by block: requests with their
// headers, and the answers they are said to get.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "--dev")
	content, err := os.ReadFile(s.Store + "/development.key")
	if err != nil {
		t.Fatal(err)
	}
	credentials := strings.NewReplacer("$KEY", strings.TrimSpace(string(content)), "$TOKEN", s.MustCLI("token", "alice"))
	var headers servertest.Header
	var got []byte
	operations, answers := 0, 0
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch kind, body := block[1], block[2]; kind {
		case "sh":
			if strings.HasPrefix(body, "curl ") {
				got = s.shell(body)
			}
		case "ts":
			got = s.node(credentials.Replace(body))
		case "http":
			headers = nil
			for line := range strings.Lines(credentials.Replace(body)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				headers = append(headers, name, value)
			}
		case "graphql":
			operations++
			untold(t, got)
			got = s.Post(headers, body, nil).Body
		case "json":
			answers++
			if diff := cmp.Diff(decoded(t, []byte(body)), decoded(t, got)); diff != "" {
				t.Errorf("the README's answer number %d is another (-README +server):\n%s", answers, diff)
			}
			got = nil
		}
	}
	untold(t, got)
	if operations < 9 || answers < 9 {
		t.Errorf("found %d operations and %d answers, want the eight recipes and more", operations, answers)
	}
}

// untold checks that an answer that the README does not show has no errors.
func untold(t *testing.T, answer []byte) {
	t.Helper()
	if strings.Contains(string(answer), `"errors"`) {
		t.Errorf("an operation of the README fails: %s", answer)
	}
}

// shell pastes a command of the README, whose server is this one.
func (r server) shell(command string) []byte {
	r.Helper()
	command = strings.ReplaceAll(command, "http://127.0.0.1:8080", r.URL)
	command = strings.ReplaceAll(command, "cat data/development.key", "cat "+r.Store+"/development.key")
	out, err := exec.CommandContext(r.Context(), "sh", "-c", command).Output()
	if err != nil {
		r.Fatalf("%s: %v", command, err)
	}
	return out
}

// node runs TypeScript of the README, which is JavaScript too, against this
// server, and returns what it prints.
func (r server) node(program string) []byte {
	r.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		clienttest.NotRun(r.TB, "the README's TypeScript", "Node.js")
	}
	program = strings.ReplaceAll(program, "http://127.0.0.1:8080", r.URL)
	out, err := exec.CommandContext(r.Context(), "node", "--input-type=module", "--eval", program).Output()
	if err != nil {
		r.Fatalf("%s: %v", program, err)
	}
	return out
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// TestWelcome pastes the line that a development server prints.
func TestWelcome(t *testing.T) {
	s := start(t, "--dev")
	line := s.Stdout.Await(t, `(?m)^  (curl .*)$`)
	var answer struct {
		Data struct {
			CreateDialog struct{ Dialog struct{ Name string } }
		}
	}
	if err := json.Unmarshal(s.shell(line), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Data.CreateDialog.Dialog.Name != "Hello" {
		t.Errorf("got %+v", answer)
	}
}
