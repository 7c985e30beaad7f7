package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestOrigins calls as pages of several origins do.
func TestOrigins(t *testing.T) {
	s := start(t, "--allow-origins", "https://app.example,https://admin.example")
	const query = `{"query": "{ viewer { kind } }"}`
	for _, test := range []struct {
		origin string
		status int
		shown  bool
		reason string
	}{
		{"", 200, false, "no page at all"},
		{"https://app.example", 200, true, "a page that may"},
		{"https://evil.example", 403, false, "a page that may not"},
		{"null", 403, false, "a page that hides where it is from"},
		{s.URL, 200, false, "a page of the server's own"},
	} {
		h := servertest.Header{"Content-Type", "application/json"}
		if test.origin != "" {
			h = append(h, "Origin", test.origin)
		}
		answer := s.Do(http.MethodPost, "/graphql", h, []byte(query))
		status, headers := answer.Status, answer.Header
		if shown := headers.Get("Access-Control-Allow-Origin") == test.origin && test.origin != ""; status != test.status || shown != test.shown {
			t.Errorf("%s: got status %d and Access-Control-Allow-Origin %q", test.reason, status, headers.Get("Access-Control-Allow-Origin"))
		}
	}
	preflight := servertest.Header{"Origin", "https://admin.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,qb-token"}
	answer := s.Do(http.MethodOptions, "/graphql", preflight, nil)
	if headers := answer.Header; answer.Status >= 300 || headers.Get("Access-Control-Allow-Origin") != "https://admin.example" {
		t.Errorf("the preflight request got status %d and %v", answer.Status, headers)
	}
	preflight[1] = "https://evil.example"
	if headers := s.Do(http.MethodOptions, "/graphql", preflight, nil).Header; headers.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the preflight request of a foreign page got %v", headers)
	}
}

// TestMigrateCommand copies a store from the command line, twice.
func TestMigrateCommand(t *testing.T) {
	s := start(t)
	token := servertest.WithToken(s.MustCLI("token", "alice"))
	for range 3 {
		s.Must(token, `mutation { createDialog(input: {type: GROUP, name: "Lunch"}) { created } }`, nil)
	}
	target := filepath.Join(t.TempDir(), "copy")
	for _, want := range []string{"3 dialogs (3 copied now)", "3 dialogs (0 copied now)"} {
		if out := s.MustCLI("migrate", "--from", s.Store, "--to", target); !strings.HasPrefix(out, want) {
			t.Errorf("got %q, want %q", out, want)
		}
	}
	if s.CLI("migrate", "--from", s.Store, "--to", s.Store).Code == 0 {
		t.Error("a store was copied onto itself")
	}
	if s.CLI("migrate", "--from", s.Store, "--to", filepath.Join(target, "dialogs.db")).Code == 0 {
		t.Error("a store was copied into a file")
	}
	if _, err := os.Stat(filepath.Join(target, "secret")); err == nil {
		t.Error("the secret went with the store")
	}
}
