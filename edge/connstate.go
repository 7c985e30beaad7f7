package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// changed is the [http.Server.ConnState] hook.
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

// connectionOf is the connection below what net/http has; nil for a foreign one.
func connectionOf(conn net.Conn) *connection {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	known, _ := conn.(*connection)
	return known
}

type connectionKey struct{}

// withConnection is the [http.Server.ConnContext] hook.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connectionOf(conn))
}
