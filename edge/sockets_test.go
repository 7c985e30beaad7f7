package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"dialogs/auth"
	"dialogs/dialog"
)

// room is the room for connections of one address, which is full when there are three.
type room struct {
	*testing.T
	all *Connections
}

func newRoom(t *testing.T) room {
	return room{t, &Connections{Most: 10, MostPerAddress: 3, Log: slog.New(slog.DiscardHandler), perHome: map[netip.Prefix]int{}}}
}

// connect opens a connection whose client has sent only a part of its headers.
func (r room) connect() *connection {
	r.Helper()
	client, server := net.Pipe()
	r.Cleanup(func() { _ = client.Close() })
	c, setting := r.all.admit(addressed{server})
	if setting != "" {
		r.Fatalf("a connection is refused by %s", setting)
	}
	return c
}

// socket opens a WebSocket.
func (r room) socket() (*connection, context.Context) {
	r.Helper()
	c := r.connect()
	r.all.changed(c, http.StateActive)
	r.all.changed(c, http.StateHijacked)
	return c, withConnection(context.Background(), c)
}

// TestHalfSentHeadersLeaveSockets: connections without a request make room for each other,
// and not a WebSocket that is about to sign in.
func TestHalfSentHeadersLeaveSockets(t *testing.T) {
	r := newRoom(t)
	socket, _ := r.socket()
	first := r.connect()
	for range 5 {
		r.connect()
	}
	if socket.closed || !first.closed {
		t.Errorf("closed: the WebSocket %v, the oldest of the others %v", socket.closed, first.closed)
	}
}

// TestSocketsBeingChecked: a WebSocket makes room for others while it waits for credentials,
// but not while these are checked, nor afterwards if they are valid.
func TestSocketsBeingChecked(t *testing.T) {
	r := newRoom(t)
	first, ctx := r.socket()
	second, _ := r.socket()
	third, _ := r.socket()
	checked := check(ctx)
	r.socket()
	if first.closed || !second.closed {
		t.Errorf("closed: the one that is checked %v, the next one %v", first.closed, second.closed)
	}
	checked()
	if first.since.Before(third.since) {
		t.Error("the one whose credentials are not known counts as waiting for longer than those before it")
	}
	r.socket() // the one that was checked comes last again
	if first.closed || !third.closed {
		t.Errorf("closed: the one whose credentials are not known %v, one that has sent none for longer %v", first.closed, third.closed)
	}
	checked = check(ctx)
	settle(ctx)
	checked()
	for range 5 {
		r.socket()
	}
	if first.closed {
		t.Error("the WebSocket of a caller who has signed in was closed")
	}
}

// TestSocketWithCredentials: a WebSocket whose upgrade request has valid credentials does not
// make room for others.
func TestSocketWithCredentials(t *testing.T) {
	r := newRoom(t)
	known, ctx := r.socket()
	stranger, unknown := r.socket()
	handlers := &running{base: context.Background()}
	handlers.carry(auth.WithIdentity(ctx, auth.Identity{Caller: dialog.Caller{User: "a"}}))
	handlers.carry(auth.WithIdentity(unknown, auth.Identity{}))
	for range 5 {
		r.socket()
	}
	if known.closed || !stranger.closed {
		t.Errorf("closed: the one with credentials %v, the one without %v", known.closed, stranger.closed)
	}
}
