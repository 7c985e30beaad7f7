package graph_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"dialogs/dialog"
	"dialogs/graph"
)

// A slowCallers checks callers when the test allows it, and reports which callers it
// checks.
type slowCallers struct {
	*fakeCallers
	checks chan []dialog.UserID
	permit chan struct{}
	over   <-chan struct{}
}

func (s *slowCallers) Check(contexts []context.Context) []error {
	var who []dialog.UserID
	for _, ctx := range contexts {
		c, _ := ctx.Value(callerKey{}).(dialog.Caller)
		who = append(who, c.User)
	}
	select {
	case s.checks <- who:
	case <-s.over:
		return make([]error, len(contexts))
	}
	select {
	case <-s.permit:
	case <-s.over:
	}
	return s.fakeCallers.Check(contexts)
}

// checking returns a streaming whose callers are checked when the test allows it.
func checking(t *testing.T, change func(*graph.Config)) (*streaming, *slowCallers) {
	t.Helper()
	over, end := context.WithCancel(context.Background())
	slow := &slowCallers{checks: make(chan []dialog.UserID), permit: make(chan struct{}), over: over.Done()}
	s := stream(t, func(c *graph.Config) {
		slow.fakeCallers, _ = c.Streams.Callers.(*fakeCallers)
		c.Streams.Callers = slow
		change(c)
	})
	t.Cleanup(end)
	return s, slow
}

// TestChecks: the callers of all streams are checked together, except those who have not
// signed in, and the next check does not start before the last one has ended. In the
// meantime, streams are kept alive.
func TestChecks(t *testing.T) {
	s, slow := checking(t, func(c *graph.Config) { c.Streams.PingInterval, c.Streams.InitTimeout = time.Second, time.Hour })
	alice, unknown := s.dialRaw(masked(ws.OpText, true, initialize)), s.dialRaw(nil)
	alice.gets(ws.OpText, ack)
	if who := <-slow.checks; len(who) != 1 || who[0] != "alice" {
		t.Errorf("these callers were checked: %q, want alice", who)
	}
	for range 2 { // while the check is waiting
		for _, c := range []*raw{alice, unknown} {
			c.gets(ws.OpPing, "")
			c.write(masked(ws.OpPong, true, ""))
		}
	}
	s.callers.revoked.Store(true)
	slow.permit <- struct{}{}
	for {
		h, err := ws.ReadHeader(alice.read)
		if err != nil {
			t.Fatal(err)
		}
		if h.OpCode == ws.OpClose {
			break
		}
	}
	unknown.gets(ws.OpPing, "")
}

// TestLateCheck: a stream that has ended during its check is left alone.
func TestLateCheck(t *testing.T) {
	s, slow := checking(t, func(*graph.Config) {})
	s.connect("bob") // so that there are further checks
	alice := s.connect("alice")
	for !slices.Contains(<-slow.checks, "alice") {
		slow.permit <- struct{}{}
	}
	_ = alice.ws.CloseNow()
	s.await("the end", func() bool { return s.notes()["reason"] != "" })
	s.callers.revoked.Store(true)
	slow.permit <- struct{}{}
	if got := s.notes(); got["close_code"] != "1006" || got["reason"] != "connection lost" {
		t.Errorf("got the notes %v", got)
	}
}
