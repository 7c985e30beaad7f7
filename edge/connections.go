package edge

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Connections bounds how many connections are open, in all and from one
// address. When there is no room, the server closes one that waits for its next
// request, the one that waits longest first; then one whose client has been
// slow for a while; and when there is none of those either, it refuses the new
// one.
type Connections struct {
	// Most and MostPerAddress are at least 1. IPv6 counts by networks of 64
	// bits.
	Most, MostPerAddress int
	// Exempt may have any number of connections in all that there are.
	Exempt Proxies
	Log    *slog.Logger

	mu   sync.Mutex
	open int
	// streams are the requests that run beside another one on their connection
	// (HTTP/2). Each counts like a connection.
	streams int
	// upgraded are those that became WebSockets.
	upgraded int
	perHome  map[netip.Prefix]int
	// idle are the connections that wait for a request, and held those whose
	// requests all wait for their client to send or to read. The longest
	// waiting are in front.
	idle, held list.List
	warned     time.Time
	refusals   chan struct{} // a place for each refusal that is being said
}

const (
	// patience is how long a client that is slow keeps its connection when
	// others need the room.
	patience = 5 * time.Second
	// mostRefusals is how many refusals are explained at a time; a connection
	// beyond that is only closed. Each takes an open file.
	mostRefusals = 4
	// warnEvery is the least time between two warnings about full connections.
	warnEvery = time.Minute
)

// OpenFilesBeside is how many files [Connections] may have open beside the most
// connections.
const OpenFilesBeside = mostRefusals + 1

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
	in     *list.List // idle, held or nil
	place  *list.Element
	closed bool
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

// listener accepts within the bounds. Connections that are refused get an
// answer, unless they would not understand it (TLS).
func (c *Connections) listener(inner net.Listener, secure bool) net.Listener {
	c.perHome = map[netip.Prefix]int{}
	c.refusals = make(chan struct{}, mostRefusals)
	return &boundedListener{inner, c, secure}
}

type boundedListener struct {
	net.Listener
	all    *Connections
	secure bool
}

// Accept returns the next connection for which there is room.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		admitted, setting := l.all.admit(inner)
		if setting == "" {
			return admitted, nil
		}
		l.all.refuse(inner, setting, l.secure)
	}
}

// admit makes room for a connection and counts it. Without room it returns the
// setting that is in the way.
func (c *Connections) admit(inner net.Conn) (admitted *connection, setting string) {
	admitted = &connection{Conn: inner, all: c}
	if peer, err := netip.ParseAddrPort(inner.RemoteAddr().String()); err == nil && !c.Exempt.Trust(plain(peer.Addr())) {
		admitted.home = neighborhood(plain(peer.Addr()))
	}
	var evicted []*connection
	defer func() { // not under the lock: closing takes it
		for _, e := range evicted {
			_ = e.Close()
		}
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if admitted.home.IsValid() && c.perHome[admitted.home] >= c.MostPerAddress {
		victim := c.victim(now, func(v *connection) bool { return v.home == admitted.home })
		if victim == nil {
			c.warn(now, "--max-connections-per-address", c.MostPerAddress)
			return nil, "--max-connections-per-address"
		}
		evicted = append(evicted, victim)
		victim.forget()
	}
	if c.open+c.streams >= c.Most {
		victim := c.victim(now, func(*connection) bool { return true })
		if victim == nil {
			c.warn(now, "--max-connections", c.Most)
			return nil, "--max-connections"
		}
		evicted = append(evicted, victim)
		victim.forget()
	}
	c.open++
	if admitted.home.IsValid() {
		c.perHome[admitted.home]++
	}
	admitted.moveTo(&c.idle, now)
	return admitted, ""
}

// victim is the connection to close for another; nil for none. c.mu must be
// held.
func (c *Connections) victim(now time.Time, may func(*connection) bool) *connection {
	for e := c.idle.Front(); e != nil; e = e.Next() {
		if v, ok := e.Value.(*connection); ok && may(v) {
			return v
		}
	}
	for e := c.held.Front(); e != nil; e = e.Next() {
		if v, ok := e.Value.(*connection); ok && may(v) && now.Sub(v.since) >= patience {
			return v
		}
	}
	return nil
}

// warn says from time to time that connections are refused. c.mu must be held.
func (c *Connections) warn(now time.Time, setting string, most int) {
	if c.warned.IsZero() || now.Sub(c.warned) >= warnEvery {
		c.warned = now
		c.Log.Warn("connections refused", "setting", setting, "limit", most, "open", c.open, "streams", c.streams)
	}
}

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
func (c *connection) moveTo(in *list.List, since time.Time) {
	if c.place != nil {
		c.in.Remove(c.place)
	}
	c.in, c.place, c.since = in, nil, since
	if in != nil && !c.closed {
		c.place = in.PushBack(c)
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

// begins counts a request. A stream beside others needs room like another
// connection; without room, begins counts nothing and returns the setting that
// is in the way.
func (c *connection) begins(stream bool) (setting string) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if stream {
		if c.streams > 0 {
			if setting := c.addStream(); setting != "" {
				return setting
			}
		}
		c.streams++
	}
	c.requests++
	if c.in == &c.all.held {
		c.moveTo(nil, time.Time{})
	}
	return ""
}

// addStream counts a stream beside others, if there is room. The mutex must be
// held.
func (c *connection) addStream() (setting string) {
	all := c.all
	if c.home.IsValid() && all.perHome[c.home] >= all.MostPerAddress {
		all.warn(time.Now(), "--max-connections-per-address", all.MostPerAddress)
		return "--max-connections-per-address"
	}
	if all.open+all.streams >= all.Most {
		all.warn(time.Now(), "--max-connections", all.Most)
		return "--max-connections"
	}
	all.streams++
	if c.home.IsValid() {
		all.perHome[c.home]++
	}
	return ""
}

// ends no longer counts a request that was a stream.
func (c *connection) ends() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.streams--; c.streams > 0 {
		c.all.streams--
		c.leaveHome()
	}
	c.requests = max(0, c.requests-1)
	if c.in == nil && c.requests > 0 && c.waiting >= c.requests {
		c.moveTo(&c.all.held, time.Now())
	}
	c.rest()
}

// waits says that a request waits for its client, and has done so, with pauses,
// since some time.
func (c *connection) waits(since time.Time) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.waiting++; c.waiting >= c.requests {
		c.moveTo(&c.all.held, since)
	}
}

// goesOn says that a request no longer waits for its client.
func (c *connection) goesOn() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.waiting = max(0, c.waiting-1)
	if c.in == &c.all.held {
		c.moveTo(nil, time.Time{})
	}
}

// cut closes every connection that waits for its client and has done so for as
// long, counted from a start at the earliest.
func (c *Connections) cut(start time.Time, after time.Duration) {
	now := time.Now()
	var late []*connection
	c.mu.Lock()
	for _, l := range []*list.List{&c.idle, &c.held} {
		for e := l.Front(); e != nil; e = e.Next() {
			v, ok := e.Value.(*connection)
			if ok && now.Sub(v.since) >= after && now.Sub(start) >= after {
				late = append(late, v)
			}
		}
	}
	c.mu.Unlock()
	for _, v := range late {
		_ = v.Close()
	}
}

// wait waits for the refusals that are being said.
func (c *Connections) wait() {
	for range mostRefusals {
		c.refusals <- struct{}{}
	}
}

// busy tells whether a request is being executed: it waits for the server, and
// not for its client.
func (c *Connections) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > c.idle.Len()+c.held.Len()+c.upgraded
}
