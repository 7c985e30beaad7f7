package edge

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// A connection is one that was accepted. Its fields belong to the mutex of all.
type connection struct {
	net.Conn
	all  *Connections
	home netip.Prefix // what it counts for; invalid for an exempt one

	// requests are being served, and waiting of them wait for the client.
	requests, waiting int
	// streams are those of the requests that came as streams of HTTP/2, also
	// after the client has reset them.
	streams int
	// resting says that net/http knows of no request: those of streams that
	// were reset may still be running.
	resting bool
	// since is when the connection became idle, or the first of the waiting
	// requests began to wait for its client.
	since  time.Time
	in     *lineup // idle, held or nil
	closed bool
	// before and behind are its neighbors there.
	before, behind *connection
	// upgraded says that it became a WebSocket.
	upgraded bool
}

// CloseWrite ends what is sent, and lets the rest of what the client sends arrive.
// net/http does so after a refusal in the middle of a body: otherwise the client
// would see a reset instead of the answer.
func (c *connection) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// SyscallConn lets a WebSocket wait for its client without a buffer.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	raw, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return raw.SyscallConn()
}

// SetWriteBuffer limits what the system keeps for the client of a stream that does not read.
func (c *connection) SetWriteBuffer(bytes int) error {
	buffered, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return buffered.SetWriteBuffer(bytes)
}

// Close closes the connection and makes room for another.
func (c *connection) Close() error {
	err := c.Conn.Close()
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.forget()
	return err
}

// isUpgraded tells whether the connection became a WebSocket.
func (c *connection) isUpgraded() bool {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return c.upgraded
}

// forget no longer counts the connection. The mutex must be held.
func (c *connection) forget() {
	if c.closed {
		return
	}
	c.closed = true
	c.moveTo(nil, time.Time{})
	c.all.open--
	if c.upgraded {
		c.all.upgraded--
	}
	c.leaveHome()
}

// leaveHome no longer counts one for its address. The mutex must be held.
func (c *connection) leaveHome() {
	if !c.home.IsValid() {
		return
	}
	if c.all.perHome[c.home]--; c.all.perHome[c.home] == 0 {
		delete(c.all.perHome, c.home)
	}
}

// moveTo puts the connection at the end of idle or held, or into neither. The
// mutex must be held.
func (c *connection) moveTo(in *lineup, since time.Time) {
	if c.in != nil {
		c.in.leave(c)
	}
	c.since = since
	if in != nil && !c.closed {
		in.join(c)
	}
}

// rest makes the connection idle, unless a request is still running. The mutex must
// be held.
func (c *connection) rest() {
	if !c.resting || c.streams > 0 {
		return
	}
	c.requests, c.waiting = 0, 0
	c.moveTo(&c.all.idle, time.Now())
}
