package e2e_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// withProgram is an environment in which commands of the documents find the program and
// the store.
func withProgram(t *testing.T, store string) []string {
	t.Helper()
	return []string{"PATH=" + filepath.Dir(servertest.Binary(t)) + ":" + os.Getenv("PATH"), "DIALOGS_STORE=" + store}
}

// TestOperationsCommands runs the commands of docs/operations.md on the dialog that they
// name, and that of docs/webhooks.md.
func TestOperationsCommands(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	s.Must(key, `mutation { createDialog(input: {id: "5d75393ba28f9a17e1cb0001", type: GROUP, name: "x", ownerId: "alice"}) { created } }`, nil)
	out := shell(t, t.TempDir(), snippetOf(t, "docs/operations.md", "sh"), withProgram(t, s.Store)...)
	if !strings.Contains(out, "5d75393ba28f9a17e1cb0001") {
		t.Errorf("got %s", out)
	}
	if reply := s.Post(key, `{ dialog(id: "5d75393ba28f9a17e1cb0001") { id } }`, nil); !strings.Contains(string(reply.Body), "NOT_FOUND") && string(reply.Data["dialog"]) != "null" {
		t.Errorf("the commands end with a deletion, got %s", reply.Body)
	}
	if out := shell(t, t.TempDir(), snippetOf(t, "docs/webhooks.md", "sh"), withProgram(t, s.Store)...); !strings.Contains(out, "whsec_") {
		t.Errorf("got %s", out)
	}
}

// TestMongoCommand serves with the settings that docs/deploy.md shows for MongoDB.
func TestMongoCommand(t *testing.T) {
	t.Parallel()
	dir, store := t.TempDir(), mongotest.URI(t)
	write(t, filepath.Join(dir, "uri"), store)
	write(t, filepath.Join(dir, "secret"), strings.Repeat("x", 40))
	commands := snippetsOf(t, "docs/deploy.md", "sh")
	line := replaceAll(t, commands[len(commands)-1], map[string]string{
		"/run/secrets/mongodb-uri": filepath.Join(dir, "uri"), "/run/secrets/dialogs": filepath.Join(dir, "secret"),
		"0.0.0.0:8080": "127.0.0.1:0", "dialogs serve": "exec dialogs serve",
	})
	command := exec.CommandContext(t.Context(), "sh", "-ec", line)
	command.Env = append(servertest.WithoutSettings(os.Environ()), withProgram(t, "")[0])
	p := servertest.Launch(t, command, store, "http")
	p.Must(nil, whoami, nil)
}

// TestEventStreamByHand follows changes with the command of docs/live.md.
func TestEventStreamByHand(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("NOT RUN: event streams by hand: needs curl")
	}
	s := servertest.Start(t)
	line := replaceAll(t, snippetOf(t, "docs/live.md", "sh"), map[string]string{"https://dialogs.example.com": s.URL, "…": s.Token("alice"), "curl -N": "exec curl -sN"})
	command := exec.CommandContext(t.Context(), "sh", "-ec", line)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Wait() }()
	defer func() { _ = command.Process.Kill() }()
	read := bufio.NewReader(out)
	if _, err := read.ReadString('\n'); err != nil { // the stream has begun
		t.Fatal(err)
	}
	id := newGroup(t, s)
	for {
		text, err := read.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		if strings.Contains(text, `"dialogId":"`+id+`"`) {
			return
		}
	}
}

// TestDeliveryAsShown compares a delivery with the one that docs/webhooks.md shows: the
// names of all fields are the same.
func TestDeliveryAsShown(t *testing.T) {
	t.Parallel()
	bodies := make(chan []byte, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "dialog.updated") {
			bodies <- body
		}
	}))
	t.Cleanup(receiver.Close)
	s := servertest.Start(t, "--webhook-allow", "127.0.0.1")
	s.MustCLI("webhook", "add", receiver.URL, "--webhook-allow", "127.0.0.1")
	id := newGroup(t, s)
	s.Must(servertest.WithToken(s.Token("alice")), `mutation { updateDialog(id: "`+id+`", input: {name: "Dinner"}) { replayed } }`, nil)
	var shown, sent any
	servertest.Decode(t, []byte(snippetOf(t, "docs/webhooks.md", "json")), &shown)
	servertest.Decode(t, <-bodies, &sent)
	if diff := cmp.Diff(namesIn("", shown), namesIn("", sent)); diff != "" {
		t.Errorf("names in the document (-) and in a delivery (+):\n%s", diff)
	}
}

// namesIn are the paths of all fields of an object, sorted.
func namesIn(path string, value any) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{path}
	}
	var names []string
	for name, field := range object {
		names = append(names, namesIn(path+"."+name, field)...)
	}
	slices.Sort(names)
	return names
}
