package edge

import (
	"net"
	"net/netip"
	"time"
)

// A connection is a connection that was accepted. The mutex of all connections guards its
// fields.
type connection struct {
	net.Conn
	all  *Connections
	home netip.Prefix // what it counts for; invalid for an exempt one

	// requests is how many requests are being served, and waiting is how many of them wait
	// for the client.
	requests, waiting int
	// streams is how many of the requests are streams of HTTP/2, including those that the
	// client has reset but which still run.
	streams int
	// resting means that net/http has no request on the connection. Streams that were
	// reset may still be running.
	resting bool
	// since is when the connection became idle, or when the first of the waiting requests
	// began to wait for its client.
	since  time.Time
	in     *lineup // idle, unsigned, held or nil
	closed bool
	// before and behind are its neighbors in that lineup.
	before, behind *connection
	// upgraded means that it became a WebSocket, and settled that its caller has signed in.
	// Until then, it makes room for other connections while it waits for credentials.
	upgraded, settled bool
}

// Close closes the connection and makes room for another one.
func (c *connection) Close() error {
	err := c.Conn.Close()
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.forget()
	return err
}

// isUpgraded reports whether the connection became a WebSocket.
func (c *connection) isUpgraded() bool {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return c.upgraded
}

// forget stops counting the connection. The mutex must be held.
func (c *connection) forget() {
	if c.closed {
		return
	}
	c.closed = true
	c.moveTo(nil, time.Time{})
	c.all.open--
	if c.settled {
		c.all.settled--
	}
	c.leaveHome()
}

// leaveHome counts one connection or stream less for the address. The mutex must be held.
func (c *connection) leaveHome() {
	if !c.home.IsValid() {
		return
	}
	if c.all.perHome[c.home]--; c.all.perHome[c.home] == 0 {
		delete(c.all.perHome, c.home)
	}
}

// moveTo moves the connection to the end of a lineup, or out of all of them. The mutex must
// be held.
func (c *connection) moveTo(in *lineup, since time.Time) {
	if c.in != nil {
		c.in.leave(c)
	}
	c.since = since
	if in != nil && !c.closed {
		in.join(c)
	}
}

// rest makes the connection idle, unless a request is still running. The mutex must be
// held.
func (c *connection) rest() {
	if !c.resting || c.streams > 0 {
		return
	}
	c.requests, c.waiting = 0, 0
	c.moveTo(&c.all.idle, time.Now())
}
