package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends a request with these headers and returns the answer's status and
// headers.
func (r *running) ask(method, path, body string, h header) (int, http.Header) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), method, r.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i+1 < len(h); i += 2 {
		request.Header.Set(h[i], h[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode, response.Header
}

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
		{s.url, 200, false, "a page of the server's own"},
	} {
		h := header{"Content-Type", "application/json"}
		if test.origin != "" {
			h = append(h, "Origin", test.origin)
		}
		status, headers := s.ask(http.MethodPost, "/graphql", query, h)
		if shown := headers.Get("Access-Control-Allow-Origin") == test.origin && test.origin != ""; status != test.status || shown != test.shown {
			t.Errorf("%s: got status %d and Access-Control-Allow-Origin %q", test.reason, status, headers.Get("Access-Control-Allow-Origin"))
		}
	}
	preflight := header{"Origin", "https://admin.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,qb-token"}
	status, headers := s.ask(http.MethodOptions, "/graphql", "", preflight)
	if status >= 300 || headers.Get("Access-Control-Allow-Origin") != "https://admin.example" {
		t.Errorf("the preflight request got status %d and %v", status, headers)
	}
	preflight[1] = "https://evil.example"
	if _, headers = s.ask(http.MethodOptions, "/graphql", "", preflight); headers.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the preflight request of a foreign page got %v", headers)
	}
}

// TestMigrateCommand copies a store from the command line, twice.
func TestMigrateCommand(t *testing.T) {
	s := start(t)
	token := withToken(s.mustCLI("token", "alice"))
	for range 3 {
		s.must(token, `mutation { createDialog(input: {type: GROUP, name: "Lunch"}) { created } }`, nil)
	}
	target := filepath.Join(t.TempDir(), "copy")
	for _, want := range []string{"3 dialogs (3 copied now)", "3 dialogs (0 copied now)"} {
		if out := s.mustCLI("migrate", "--from", s.dir, "--to", target); !strings.HasPrefix(out, want) {
			t.Errorf("got %q, want %q", out, want)
		}
	}
	if _, err := s.cli("migrate", "--from", s.dir, "--to", s.dir); err == nil {
		t.Error("a store was copied onto itself")
	}
	if _, err := s.cli("migrate", "--from", s.dir, "--to", filepath.Join(target, "dialogs.db")); err == nil {
		t.Error("a store was copied into a file")
	}
	if _, err := os.Stat(filepath.Join(target, "secret")); err == nil {
		t.Error("the secret went with the store")
	}
}
