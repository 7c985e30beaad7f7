package graph_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/graph"
	"dialogs/store/memory"
)

// loggedOnce checks that a failure was logged once, with its stack.
func (s *streaming) loggedOnce(what string) {
	s.Helper()
	text := s.log.String()
	if n := strings.Count(text, "level=ERROR"); n != 1 || !strings.Contains(text, what) || !strings.Contains(text, "panic_test.go") {
		s.Errorf("the log has %d errors, want one about %q: %s", n, what, text)
	}
}

const failedInside = `"extensions":{"code":"INTERNAL","id":"` + requestID + `","status":500}`

// TestPanicInStreams: a field of an operation panics, and the other fields and operations
// continue.
func TestPanicInStreams(t *testing.T) {
	broken := func(c *graph.Config) {
		store := brokenStore{memory.NewStore(dialogtest.Class()), func() error { panic("the inside") }}
		c.Service = dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	}
	const query = `{ viewer { userId } dialog(id: "65ba1b4a0000000000000001") { id } }`
	t.Run("websocket", func(t *testing.T) {
		s := stream(t, broken)
		c := s.connect("alice")
		c.subscribe("1", watchAll)
		c.subscribe("2", query)
		c.gets(`{"id":"2","type":"next","payload":{"errors":[{"message":"internal error…` + failedInside + `}],"data":{"viewer":{"userId":"alice"},"dialog":null}}}`)
		c.gets(`{"id":"2","type":"complete"}`)
		c.subscribe("2", `{ viewer { userId } }`)
		c.gets(`{"id":"2","type":"next","payload":{"data":{"viewer":{"userId":"alice"}}}}`)
		s.loggedOnce("the inside")
	})
	t.Run("event stream", func(t *testing.T) {
		s := stream(t, broken)
		e := s.events(http.MethodPost, "alice", query)
		e.gets("event: next\ndata: {\"errors\":[{\"message\":\"internal error…" + failedInside + `}],"data":{"viewer":{"userId":"alice"},"dialog":null}}` + "\n")
		e.gets(completed)
		s.loggedOnce("the inside")
	})
}

// TestPanicInEvent: the server panics while it prepares an event for one of two
// subscriptions, and only that one ends.
func TestPanicInEvent(t *testing.T) {
	var due atomic.Bool
	s := stream(t, func(c *graph.Config) {
		caller := c.Caller
		c.Caller = func(ctx context.Context) dialog.Caller {
			who := caller(ctx)
			if who.User == "bob" && due.CompareAndSwap(true, false) {
				panic("the inside")
			}
			return who
		}
	})
	id := s.group("alice", "bob")
	s.rename(user("alice"), id, "Dinner")
	c := s.connect("bob")
	for _, operation := range []string{"a", "b"} {
		c.subscribe(operation, `subscription { dialogChanged(id: "`+id+`", sinceVersion: 1) { dialog { name } } }`)
		c.gets(`{"id":"` + operation + `","type":"next","payload":{"data":{"dialogChanged":{"dialog":{"name":"Dinner"}}}}}`)
	}
	due.Store(true)
	s.rename(user("alice"), id, "Supper")
	first, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first, `"type":"error"`) {
		first, second = second, first
	}
	if want := `{"id":"…","type":"error","payload":[{"message":"internal error…` + failedInside + `}]}`; !matches(first, want) {
		t.Errorf("got %s, want %s", first, want)
	}
	if want := `{"id":"…","type":"next","payload":{"data":{"dialogChanged":{"dialog":{"name":"Supper"}}}}}`; !matches(second, want) {
		t.Errorf("got %s, want %s", second, want)
	}
	s.loggedOnce("the inside")
	s.rename(user("alice"), id, "Tea")
	c.gets(`{"id":"…","type":"next","payload":{"data":{"dialogChanged":{"dialog":{"name":"Tea"}}}}}`)
}

// TestPanicAnywhereInEvent: wherever the server panics while it prepares an event, the
// client gets one error, which is logged once: for the event, or for the subscription, which
// ends if the event was not made.
func TestPanicAnywhereInEvent(t *testing.T) {
	t.Parallel()
	for n := int64(1); ; n++ { // the time at which the server asks who the subscriber is
		var times atomic.Int64
		s := stream(t, func(c *graph.Config) {
			caller := c.Caller
			c.Caller = func(ctx context.Context) dialog.Caller {
				who := caller(ctx)
				if who.User == "bob" && times.Add(-1) == 0 {
					panic("the inside")
				}
				return who
			}
		})
		id := s.group("alice", "bob")
		s.rename(user("alice"), id, "Dinner")
		c := s.connect("bob")
		watch := `subscription { dialogChanged(id: "` + id + `", sinceVersion: 1) { dialog { name viewerCanRename } } }`
		event := func(name string) string {
			return `{"id":"1","type":"next","payload":{"data":{"dialogChanged":{"dialog":{"name":"` + name + `","viewerCanRename":true}}}}}`
		}
		c.subscribe("1", watch)
		c.gets(event("Dinner"))
		times.Store(n)
		s.rename(user("alice"), id, "Supper")
		got, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		times.Store(0)
		if got == event("Supper") {
			if n < 3 {
				t.Errorf("only %d places were tried", n-1)
			}
			return
		}
		s.loggedOnce("the inside")
		if matches(got, `{"id":"1","type":"next","payload":{"errors":[{"message":"internal error…`+failedInside+`}],"data":null}}`) {
			s.rename(user("alice"), id, "Tea") // the event has failed, and the subscription goes on
			c.gets(event("Tea"))
		} else if want := `{"id":"1","type":"error","payload":[{"message":"internal error…` + failedInside + `}]}`; !matches(got, want) {
			t.Fatalf("after a panic at place %d: got %s, want %s", n, got, want)
		}
		c.subscribe("2", `{ viewer { userId } }`)
		c.gets(`{"id":"2","type":"next","payload":{"data":{"viewer":{"userId":"bob"}}}}`)
	}
}
