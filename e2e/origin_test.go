package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestOrigins calls both APIs from pages of several origins.
func TestOrigins(t *testing.T) {
	s := start(t, "--allow-origins", "https://app.example,https://admin.example")
	const query = `{"query": "{ viewer { kind } }"}`
	for _, test := range []struct {
		reason, origin string
		status         int
		readable       bool // by the page
	}{
		{"no page at all", "", 200, false},
		{"a page that may", "https://app.example", 200, true},
		{"a page that may not", "https://evil.example", 403, false},
		{"a page that hides where it is from", "null", 403, false},
		{"a page of the server's own", s.URL, 200, false},
	} {
		h := append(servertest.WithToken(s.Token("alice")), "Content-Type", "application/json")
		if test.origin != "" {
			h = append(h, "Origin", test.origin)
		}
		graphql := s.Do(http.MethodPost, "/graphql", h, []byte(query))
		quickblox := s.Do(http.MethodDelete, "/session.json", h, nil)
		for path, answer := range map[string]servertest.Answer{"/graphql": graphql, "/session.json": quickblox} {
			shown := answer.Header.Get("Access-Control-Allow-Origin")
			if readable := shown == test.origin && shown != ""; answer.Status != test.status || readable != test.readable {
				t.Errorf("%s, %s: got status %d and Access-Control-Allow-Origin %q: %s", test.reason, path, answer.Status, shown, answer.Body)
			}
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
