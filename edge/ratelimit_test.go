package edge

import (
	"testing"
	"time"

	"dialogs/dialog"
)

func TestRateLimiter(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	l, err := NewRateLimiter(2, 0, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	const address = "192.0.2.1"
	alice, behalf, bob := dialog.Caller{User: "alice"}, dialog.Caller{User: "alice", APIKey: "backend"}, dialog.Caller{User: "bob"}
	for i := range 4 {
		if wait := l.Take(alice, address); wait != 0 {
			t.Fatalf("the burst's request %d waits %v", i+1, wait)
		}
	}
	if wait := l.Take(alice, address); wait != 500*time.Millisecond {
		t.Errorf("the request after the burst waits %v, want 500ms", wait)
	}
	if l.Take(behalf, address) == 0 {
		t.Error("a user is another one when an API key acts for them")
	}
	if l.Take(bob, address) != 0 || l.Take(dialog.Caller{}, address) != 0 {
		t.Error("others wait for Alice")
	}
	for range 1000 {
		if l.Take(dialog.Caller{APIKey: "backend"}, address) != 0 {
			t.Fatal("a key waits that has no limit")
		}
	}
	now = now.Add(500 * time.Millisecond)
	if l.Take(alice, address) != 0 {
		t.Error("Alice waits although her bucket has a token again")
	}
	if l.Take(alice, address) == 0 {
		t.Error("refused requests took tokens or gave some back")
	}
}

func TestFailedSignIns(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	l, err := NewRateLimiter(2, 0, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	const here, there = "192.0.2.1", "192.0.2.2"
	for i := range 4 {
		if wait := l.failedTooOften(here); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
		l.failed(here)
	}
	l.failed(here) // one that was on its way already
	if wait := l.failedTooOften(here); wait != 500*time.Millisecond {
		t.Errorf("the address waits %v, want 500ms", wait)
	}
	if l.failedTooOften(there) != 0 {
		t.Error("another address waits")
	}
	if l.Take(dialog.Caller{}, here) != 0 {
		t.Error("callers without credentials wait for failed sign-ins")
	}
	now = now.Add(500 * time.Millisecond)
	if wait := l.failedTooOften(here); wait != 0 {
		t.Errorf("a bucket that has a token again waits %v", wait)
	}
	unlimited, err := NewRateLimiter(0, 0, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if unlimited.failed(here); unlimited.failedTooOften(here) != 0 {
		t.Error("0 is a limit")
	}
}
