package graph_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"dialogs/dialog"
	"dialogs/graph"
)

// TestSkippedPingIsNotUnanswered: no ping is sent while an event is being sent. The client
// cannot answer it, and is not disconnected for that.
func TestSkippedPingIsNotUnanswered(t *testing.T) {
	t.Parallel()
	const interval = 800 * time.Millisecond
	s := stream(t, func(c *graph.Config) { c.Streams.PingInterval, c.Streams.WriteTimeout = interval, time.Minute })
	id := s.group("alice")
	photo := strings.Repeat("p", 2000)
	if _, err := s.service.Update(t.Context(), user("alice"), id, dialog.Change{Photo: dialog.Some(photo)}); err != nil {
		t.Fatal(err)
	}
	c := s.dialRaw(masked(ws.OpText, true, initialize))
	c.gets(ws.OpText, ack)
	tcp, ok := c.conn.(*net.TCPConn)
	if !ok || tcp.SetReadBuffer(32<<10) != nil {
		t.Fatalf("the buffer of a %T cannot be set", c.conn)
	}
	var fields strings.Builder
	for n := range 40 { // an event has 80 KB
		fmt.Fprintf(&fields, " p%d: photo", n)
	}
	c.write(masked(ws.OpText, true, `{"id":"1","type":"subscribe","payload":{"query":"subscription { dialogChanged(id: \"`+id+`\", sinceVersion: 2) { dialog {`+fields.String()+` } } }"}}`))
	for n := range 40 { // 3 MB: more than the buffers of both ends
		s.rename(user("alice"), id, fmt.Sprint(n))
	}
	time.Sleep(interval + interval/2) // a ping is due while an event waits for the client
	for pings := 0; pings < 3; {      // now the client reads, and answers every ping
		h, err := ws.ReadHeader(c.read)
		if err != nil {
			t.Fatalf("%v; the log says %q", err, s.notes()["reason"])
		}
		if _, err := c.read.Discard(int(h.Length)); err != nil {
			t.Fatal(err)
		}
		switch h.OpCode {
		case ws.OpPing:
			pings++
			c.write(masked(ws.OpPong, true, ""))
		case ws.OpClose:
			t.Fatalf("the connection was closed; the log says %q", s.notes()["reason"])
		}
		_ = c.conn.SetDeadline(time.Now().Add(patience))
	}
}
