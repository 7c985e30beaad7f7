package graph_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"dialogs/graph"
)

// TestPatientSignIn: a client waits for an unavailable store while it signs in. In that
// time, its pongs are not read.
func TestPatientSignIn(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.PingInterval = 20 * time.Millisecond })
	s.callers.away.Store(true)
	c := s.dial("graphql-transport-ws")
	c.send(`{"type":"connection_init","payload":{"user":"alice"}}`)
	s.await("attempts to sign in", func() bool { return s.callers.asked.Load() > 2 })
	s.callers.away.Store(false)
	c.gets(ack)
}

// TestPatience: subscriptions wait for an unavailable store when they start. Their clients
// do not have to connect again.
func TestPatience(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	first := s.connect("alice")
	first.subscribe("0", watchAll)
	first.send(asking)
	first.gets(told)
	first.gets(`{"id":"1","type":"complete"}`)
	query := `subscription { dialogsChanged(after: "` + first.cursor() + `") { dialogId } }`

	c := s.connect("alice")
	s.store.overloaded.Store(true)
	c.subscribe("2", query)
	events := make(chan *eventClient)
	go func() { events <- s.events("POST", "alice", query) }()
	stream := <-events
	s.await("attempts to start both", func() bool { return s.store.refused.Load() > 4 })
	s.store.overloaded.Store(false)
	s.rename(user("alice"), s.group("alice"), "Dinner")
	c.gets(`{"id":"2","type":"next"…`)
	stream.gets(`event: next…`)
	if notes := s.notes(); notes["reason"] != "" {
		t.Errorf("the log says %q of a stream that goes on", notes["reason"])
	}
}

// TestImpatience: a client that has waited for too long is disconnected.
func TestImpatience(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.Patience = time.Millisecond })
	s.callers.away.Store(true)
	c := s.dial("graphql-transport-ws")
	c.send(`{"type":"connection_init","payload":{"user":"alice"}}`)
	c.ends("1013 the store did not answer in time: try again")
}

// TestStopWhileWaiting: stopping the server ends a connection whose sign-in is waiting for
// the store.
func TestStopWhileWaiting(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	s.callers.away.Store(true)
	c := s.dial("graphql-transport-ws")
	c.send(`{"type":"connection_init","payload":{"user":"alice"}}`)
	s.await("an attempt to sign in", func() bool { return s.callers.asked.Load() > 0 })
	s.stop()
	c.ends("1012 Service restart: connect again")
}

// TestGoneWhileWaiting: when its client is gone, a wait for the store ends.
func TestGoneWhileWaiting(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	first := s.connect("alice")
	first.subscribe("0", watchAll)
	first.send(asking)
	first.gets(told)
	first.gets(`{"id":"1","type":"complete"}`)
	query := `subscription { dialogsChanged(after: "` + first.cursor() + `") { dialogId } }`
	s.store.overloaded.Store(true)
	c := s.connect("alice")
	socket := s.request.Load()
	c.subscribe("2", query)
	stream := s.events("POST", "alice", query)
	s.await("attempts to start both", func() bool { return s.store.refused.Load() > 4 })
	_ = stream.Body.Close()
	_ = c.ws.CloseNow()
	s.await("the end of the event stream", func() bool { return s.notes()["reason"] == "connection lost" })
	s.await("the end of the WebSocket", func() bool {
		return slices.ContainsFunc(socket.Notes(), func(note slog.Attr) bool { return note.Key == "close_code" })
	})
}
