package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// changed is called by net/http when the state of a connection changes
// ([http.Server.ConnState]).
func (c *Connections) changed(conn net.Conn, state http.ConnState) {
	known := connectionOf(conn)
	if known == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateIdle:
		known.resting = true
		known.rest()
	case http.StateActive:
		known.resting = false
		known.moveTo(nil, time.Time{})
	case http.StateHijacked:
		known.upgraded = true
		known.moveTo(&c.unsigned, time.Now())
	case http.StateNew, http.StateClosed:
	}
}

// connectionOf returns the connection inside one of net/http; nil if it is not ours.
func connectionOf(conn net.Conn) *connection {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	known, _ := conn.(*connection)
	return known
}

type connectionKey struct{}

// settle notes that the caller of a WebSocket is known. The connection is not closed
// any more to make room for others.
func settle(ctx context.Context) {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	if c == nil { // not on a server of this package, as in a test
		return
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.settled || c.closed {
		return
	}
	c.settled = true
	c.all.settled++
	c.moveTo(nil, time.Time{})
}

// check notes that the credentials of a WebSocket have arrived and are being checked: it does
// not make room for other connections until checked is called. If the caller is still unknown
// then, it counts as waiting since that moment: others have sent nothing for longer.
func check(ctx context.Context) (checked func()) {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	if c == nil { // not on a server of this package, as in a test
		return func() {}
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.moveTo(nil, time.Time{})
	return func() {
		c.all.mu.Lock()
		defer c.all.mu.Unlock()
		if !c.settled {
			c.moveTo(&c.all.unsigned, time.Now())
		}
	}
}

// withConnection puts the connection into the context of its requests
// ([http.Server.ConnContext]).
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connectionOf(conn))
}
