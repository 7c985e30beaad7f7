package e2e_test

import (
	"testing"

	"dialogs/servertest"
)

// TestRateLimit sends more than the limit through the whole server.
func TestRateLimit(t *testing.T) {
	s := start(t, "--rate-limit", "0.001")
	token := servertest.WithToken(s.MustCLI("token", "alice"))
	s.Must(token, whoami, nil)
	answer := s.Post(token, whoami, nil)
	if answer.Status != 429 || answer.Header.Get("Retry-After") != "1000" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
		t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
	}
	s.Must(servertest.WithToken(s.MustCLI("token", "bob")), whoami, nil)
}

// TestFailedSignIns sends invalid credentials until they are no longer looked at.
func TestFailedSignIns(t *testing.T) {
	s := start(t, "--rate-limit", "0.5", "--rate-limit-key", "0")
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	for range 100 {
		s.Must(key, whoami, nil) // valid credentials count against nobody
	}
	if answer := s.Post(servertest.WithToken("nonsense"), whoami, nil); answer.Status != 401 {
		t.Errorf("got %d for the first: %s", answer.Status, answer.Body)
	}
	for _, h := range []servertest.Header{servertest.WithToken("nonsense"), key} {
		answer := s.Post(h, whoami, nil)
		if answer.Status != 429 || answer.Header.Get("Retry-After") != "2" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
			t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
		}
	}
}
