package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"dialogs/servertest"
)

// TestDataRemoved removes the directory under a server. Nothing is acknowledged
// from then on, no command creates a second store, and the next server starts with
// an empty one.
func TestDataRemoved(t *testing.T) {
	t.Parallel()
	p := servertest.Spawn(t)
	alice := servertest.WithToken(p.MustCLI("token", "alice"))
	p.Must(alice, createGroup, nil)
	if err := os.RemoveAll(p.Store); err != nil {
		t.Fatal(err)
	}
	servesNothing(t, p, alice, "was removed")
	for want, args := range map[string][]string{
		"no store in":                {"token", "bob"},
		"a server is still running":  {"apikey", "create", "late"},
		"a server is still running ": {"serve", "--listen", "127.0.0.1:0"},
	} {
		if result := p.CLI(args...); result.Code != 1 || !strings.Contains(result.Stderr, want) || !strings.Contains(result.Stderr, p.Store) {
			t.Errorf("dialogs %s: code %d, %s", args[0], result.Code, result.Stderr)
		}
	}
	if _, err := os.Stat(p.Store); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a second store: %v", err)
	}
	stops(t, p)
	next := servertest.SpawnAt(t, p.Store)
	alice = servertest.WithToken(next.MustCLI("token", "alice"))
	next.Must(alice, createGroup, nil)
}

const createGroup = `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`

// servesNothing expects a server that has lost its files, and one line in its log
// that says why.
func servesNothing(t *testing.T, p *servertest.Process, h servertest.Header, why string) {
	t.Helper()
	for _, document := range []string{createGroup, `{ dialogs { totalCount } }`} {
		reply := p.Post(h, document, nil)
		if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "UNAVAILABLE" {
			t.Errorf("%s: %s, want UNAVAILABLE", document, reply.Body)
		}
	}
	p.Stderr.Await(t, `"level":"WARN","msg":"store unavailable","directory":"[^"]*","reason":"[^"]*`+why)
	if status, body := p.Get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("ready: %d %s", status, body)
	}
	if n := strings.Count(p.Stderr.String(), `"level":"WARN"`); n != 1 {
		t.Errorf("got %d warnings, want one: %s", n, p.Stderr)
	}
}

func stops(t *testing.T, p *servertest.Process) {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	if state := p.AwaitEnd(); state.ExitCode() != 0 {
		t.Errorf("the server ended with %v: %s", state, p.Stderr)
	}
}
