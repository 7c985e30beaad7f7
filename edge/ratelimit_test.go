package edge

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

var here, there = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

// A stopped clock only moves when the test moves it.
type stopped struct{ at time.Time }

func stoppedClock() *stopped { return &stopped{time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)} }

func (c *stopped) now() time.Time { return c.at }

// waits returns how long a refusal says to wait; 0 if there is none.
func waits(r *api.Refusal) time.Duration {
	if r == nil {
		return 0
	}
	return r.RetryAfter
}

func TestRateLimiter(t *testing.T) {
	clock := stoppedClock()
	l := NewRateLimiter(2, 0, clock.now)
	alice, behalf, bob := dialog.Caller{User: "alice"}, dialog.Caller{User: "alice", APIKey: "backend"}, dialog.Caller{User: "bob"}
	for i := range 4 {
		if wait := waits(l.Take(alice, here, 1)); wait != 0 {
			t.Fatalf("the burst's request %d waits %v", i+1, wait)
		}
	}
	if wait := waits(l.Take(alice, here, 1)); wait != 500*time.Millisecond {
		t.Errorf("the request after the burst waits %v, want 500ms", wait)
	}
	if l.Take(behalf, here, 1) == nil {
		t.Error("a user is another one when an API key acts for them")
	}
	if l.Take(bob, here, 1) != nil || l.Take(dialog.Caller{}, here, 1) != nil || l.Take(dialog.Caller{APIKey: "alice"}, here, 1) != nil {
		t.Error("others wait for Alice")
	}
	for range 1000 {
		if l.Take(dialog.Caller{APIKey: "backend"}, here, 1) != nil {
			t.Fatal("a key waits that has no limit")
		}
	}
	clock.at = clock.at.Add(500 * time.Millisecond)
	if l.Take(alice, here, 1) != nil {
		t.Error("Alice waits although there is a token in the bucket again")
	}
	if l.Take(alice, here, 1) == nil {
		t.Error("refused requests took tokens or gave some back")
	}
}

// TestUnits takes several units at a time, and more than a bucket can hold.
func TestUnits(t *testing.T) {
	clock := stoppedClock()
	l := NewRateLimiter(10, 0, clock.now) // holds 20
	alice := dialog.Caller{User: "alice"}
	if l.Take(alice, here, 15) != nil {
		t.Error("a full bucket has no 15 tokens")
	}
	if wait := waits(l.Take(alice, here, 10)); wait != 500*time.Millisecond {
		t.Errorf("10 tokens of 5 wait %v, want 500ms", wait)
	}
	clock.at = clock.at.Add(2 * time.Second)
	if l.Take(alice, here, 100) != nil {
		t.Error("an operation that is larger than the bucket can never be executed")
	}
	if wait := waits(l.Take(alice, here, 1)); wait != 8100*time.Millisecond {
		t.Errorf("after 100 of 20 tokens the next waits %v, want 8.1s", wait)
	}
}

// TestLargerThanTheBurst: an operation that counts for more than a full bucket is allowed
// if the bucket is full, although its request was counted before.
func TestLargerThanTheBurst(t *testing.T) {
	clock, alice := stoppedClock(), dialog.Caller{User: "alice"}
	l := NewRateLimiter(10, 0, clock.now) // the burst is 20
	request := func(units int) time.Duration {
		if wait := waits(l.Take(alice, here, 1)); wait != 0 {
			return wait
		}
		return waits(l.charger(alice, here).After(1)(units, 0))
	}
	if wait := request(50); wait != 0 {
		t.Fatalf("a full bucket: wait %s", wait)
	}
	if wait := request(1); wait != 3100*time.Millisecond {
		t.Errorf("after 50 of 20: wait %s, want until one is there", wait)
	}
	clock.at = clock.at.Add(4 * time.Second) // 10 are there
	if wait := request(50); wait != time.Second {
		t.Errorf("half a bucket: wait %s, want until it is full", wait)
	}
	clock.at = clock.at.Add(1100 * time.Millisecond) // and the refused request was counted
	if wait := request(50); wait != 0 {
		t.Errorf("a full bucket again: wait %s", wait)
	}
}

// TestOnBehalfOf: one API key acts for more and more users.
func TestOnBehalfOf(t *testing.T) {
	clock := stoppedClock()
	l := NewRateLimiter(2, 5, clock.now)
	for i := range 10 {
		if l.Take(dialog.Caller{User: dialog.UserID(fmt.Sprint("user ", i)), APIKey: "backend"}, here, 1) != nil {
			t.Fatalf("user %d waits", i)
		}
	}
	refusal := l.Take(dialog.Caller{User: "another", APIKey: "backend"}, here, 1)
	if refusal == nil || refusal.Message != "too many requests: try again in 1 s (limit --rate-limit-key)" {
		t.Errorf("got %v", refusal)
	}
	for range 4 {
		if l.Take(dialog.Caller{User: "another", APIKey: "other"}, here, 1) != nil {
			t.Error("a refused request took tokens of its user, or another key has to wait")
		}
	}
}

func TestFailedSignIns(t *testing.T) {
	clock := stoppedClock()
	l := NewRateLimiter(2, 0, clock.now)
	for i := range 4 {
		if wait := waits(l.failed(here)); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
	}
	if wait := waits(l.failed(here)); wait != 500*time.Millisecond {
		t.Errorf("the address waits %v, want 500ms", wait)
	}
	if l.failed(there) != nil {
		t.Error("another address waits")
	}
	if l.Take(dialog.Caller{}, here, 1) != nil {
		t.Error("callers without credentials wait for failed sign-ins")
	}
	clock.at = clock.at.Add(500 * time.Millisecond)
	if wait := waits(l.failed(here)); wait != 0 {
		t.Errorf("a bucket that has a token again waits %v", wait)
	}
	unlimited := NewRateLimiter(0, 0, time.Now)
	for range 10 {
		if unlimited.failed(here) != nil {
			t.Error("0 is a limit")
		}
	}
}

// TestNeighborhoods: clients use different addresses of one network.
func TestNeighborhoods(t *testing.T) {
	for _, test := range []struct {
		a, b   string
		same   bool
		reason string
	}{
		{"192.0.2.1", "192.0.2.1", true, "one address"},
		{"192.0.2.1", "192.0.2.2", false, "IPv4 counts by address"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true, "one network of 64 bits"},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false, "two networks of 64 bits"},
	} {
		l := NewRateLimiter(1, 0, stoppedClock().now)
		for range 2 {
			_ = l.failed(netip.MustParseAddr(test.a))
		}
		if waited := l.failed(netip.MustParseAddr(test.b)) != nil; waited != test.same {
			t.Errorf("%s: %s waits for %s: %t", test.reason, test.b, test.a, waited)
		}
	}
}

// TestBucketsAreBounded: strangers fill a table. A caller who has to wait is not
// forgotten, and the table accepts new callers.
func TestBucketsAreBounded(t *testing.T) {
	clock := stoppedClock()
	b := newBuckets(clock.at)
	b.most = 100
	take := func(name string, units int) time.Duration {
		wait, _ := b.take(clock.at, units, 0, withdrawal{nameOf(b, name), 1, ""})
		return wait
	}
	take("penalized", 1000)
	for i := range 100_000 {
		if take(fmt.Sprint("stranger ", i), 1) != 0 {
			t.Fatalf("stranger %d waits", i)
		}
		if len(b.fullAt) > b.most {
			t.Fatalf("the table has %d buckets", len(b.fullAt))
		}
	}
	if take("penalized", 1) == 0 {
		t.Error("strangers made the server forget somebody who has to wait")
	}
}
