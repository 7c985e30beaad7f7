package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"dialogs/dialog"
)

func TestRateLimiter(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	l, err := newRateLimiter(2, 0, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("POST", "/graphql", nil)
	alice, behalf, bob := dialog.Caller{User: "alice"}, dialog.Caller{User: "alice", APIKey: "backend"}, dialog.Caller{User: "bob"}
	for i := range 4 {
		if wait := l.take(alice, request); wait != 0 {
			t.Fatalf("the burst's request %d waits %v", i+1, wait)
		}
	}
	if wait := l.take(alice, request); wait != 500*time.Millisecond {
		t.Errorf("the request after the burst waits %v, want 500ms", wait)
	}
	if l.take(behalf, request) == 0 {
		t.Error("a user is another one when an API key acts for him")
	}
	if l.take(bob, request) != 0 || l.take(dialog.Caller{}, request) != 0 {
		t.Error("others wait for Alice")
	}
	for range 1000 {
		if l.take(dialog.Caller{APIKey: "backend"}, request) != 0 {
			t.Fatal("a key waits that has no limit")
		}
	}
	now = now.Add(500 * time.Millisecond)
	if l.take(alice, request) != 0 {
		t.Error("Alice waits although her bucket has a token again")
	}
	if l.take(alice, request) == 0 {
		t.Error("refused requests took tokens or gave some back")
	}
}

// TestRateLimit sends more than the limit through the whole server.
func TestRateLimit(t *testing.T) {
	s := start(t, "--rate-limit", "0.001")
	token := withToken(s.mustCLI("token", "alice"))
	s.must(token, whoami, nil)
	answer := s.post(token, whoami, nil)
	if answer.Status != 429 || answer.Header.Get("Retry-After") != "1000" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
		t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
	}
	s.must(withToken(s.mustCLI("token", "bob")), whoami, nil)
}

// TestGuessing sends credentials that do not hold, until no more are looked at.
func TestGuessing(t *testing.T) {
	s := start(t, "--rate-limit", "0.5", "--rate-limit-key", "0")
	key := withKey(s.mustCLI("apikey", "create", "backend"))
	for range 100 {
		s.must(key, whoami, nil) // nobody is remembered for what holds
	}
	if answer := s.post(withToken("nonsense"), whoami, nil); answer.Status != 401 {
		t.Errorf("got %d for the first: %s", answer.Status, answer.Body)
	}
	for _, h := range []header{withToken("nonsense"), key} {
		answer := s.post(h, whoami, nil)
		if answer.Status != 429 || answer.Header.Get("Retry-After") != "2" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
			t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
		}
	}
}

func TestGuessesOfAnAddress(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	l, err := newRateLimiter(2, 0, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	here, there := httptest.NewRequest("POST", "/graphql", nil), httptest.NewRequest("POST", "/graphql", nil)
	here.RemoteAddr, there.RemoteAddr = "192.0.2.1:1", "192.0.2.2:1"
	for i := range 4 {
		if wait := l.guessing(here); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
		l.credentialsRefused(here)
	}
	l.credentialsRefused(here) // one that was on its way already
	here.RemoteAddr = "192.0.2.1:2"
	if wait := l.guessing(here); wait != 500*time.Millisecond {
		t.Errorf("another port of the address waits %v, want 500ms", wait)
	}
	if l.guessing(there) != 0 {
		t.Error("another address waits")
	}
	if l.take(dialog.Caller{}, here) != 0 {
		t.Error("who has no credentials waits for those whose credentials do not hold")
	}
	now = now.Add(500 * time.Millisecond)
	if wait := l.guessing(here); wait != 0 {
		t.Errorf("a bucket that has a token again waits %v", wait)
	}
	unlimited, err := newRateLimiter(0, 0, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if unlimited.credentialsRefused(here); unlimited.guessing(here) != 0 {
		t.Error("0 is a limit")
	}
}
