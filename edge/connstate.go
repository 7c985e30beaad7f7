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
		known.moveTo(nil, time.Time{})
		known.upgraded = true
		c.upgraded++
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

// withConnection puts the connection into the context of its requests
// ([http.Server.ConnContext]).
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connectionOf(conn))
}
