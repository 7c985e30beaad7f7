package e2e_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestIssuerUserSuspended suspends a user of another issuer on one instance: another one
// refuses their token and ends their streams, until they are reinstated.
func TestIssuerUserSuspended(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	args := []string{"--jwks-url", i.url, "--jwks-issuer", "https://issuer.example.com", "--jwks-audience", "dialogs"}
	here := startOnMongo(t, args...)
	elsewhere := server{servertest.StartWith(t, []string{"DIALOGS_SECRET=" + rand.Text() + rand.Text()}, here.Store, args...)}
	key := servertest.WithKey(here.MustCLI("apikey", "create", "backend"))
	alice := servertest.WithToken(i.token(t, "https://issuer.example.com", "dialogs"))
	becomes := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(50 * time.Millisecond) {
			answer := elsewhere.Post(alice, whoami, nil)
			if answer.Status == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("still %d, want %d: %s", answer.Status, want, answer.Body)
			}
		}
	}
	becomes(http.StatusOK)
	socket, events := connectSocket(t, elsewhere.Server, alice), watchEvents(t, elsewhere.Server, alice)

	here.Must(key, `mutation { suspendUser(userId: "alice") { suspended } }`, nil)
	suspended := time.Now()
	becomes(http.StatusUnauthorized)
	socket.ends(4403)
	if text := readAll(t, events); strings.Contains(text, "complete") {
		t.Errorf("the end of a stream: %s", text)
	}
	if took := time.Since(suspended); took > 10*time.Second { // twice what is promised: the machine may be busy
		t.Errorf("it took %s", took)
	}
	if status, body := elsewhere.Rest(alice, http.MethodGet, "/chat/Dialog.json", nil); status != http.StatusUnauthorized {
		t.Errorf("the QuickBlox API: %d: %s", status, body)
	}

	here.Must(key, `mutation { suspendUser(userId: "alice", suspended: false) { suspended } }`, nil)
	becomes(http.StatusOK)
	connectSocket(t, elsewhere.Server, alice)
}

// TestReadOnlyQuickBlox refuses each change of the QuickBlox API with the reason, and
// answers everything else.
func TestReadOnlyQuickBlox(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := servertest.WithToken(s.Token("alice"))
	id := newGroup(t, s.Server)
	s.Stop()
	s = startAt(t, s.Store, "--read-only")
	for _, change := range []struct {
		method, path string
		body         map[string]any
	}{
		{http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": []int{7}}},
		{http.MethodPut, "/chat/Dialog/" + id + ".json", map[string]any{"name": "x"}},
		{http.MethodDelete, "/chat/Dialog/" + id + ".json", nil},
	} {
		var body any
		if change.body != nil {
			body = change.body
		}
		status, text := s.Rest(alice, change.method, change.path, body)
		if status != http.StatusServiceUnavailable || !strings.Contains(text, "read-only") {
			t.Errorf("%s %s: %d: %s", change.method, change.path, status, text)
		}
	}
	if status, text := s.Rest(alice, http.MethodGet, "/chat/Dialog.json", nil); status != http.StatusOK || !strings.Contains(text, id) {
		t.Errorf("a list: %d: %s", status, text)
	}
}
