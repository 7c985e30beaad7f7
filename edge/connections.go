package edge

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
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
	// Refused is told the setting for each connection or stream that is refused; it may be
	// nil, and must not wait.
	Refused func(setting string)

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
	idle, held lineup
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
	for v := range c.idle.all() {
		if may(v) {
			return v
		}
	}
	for v := range c.held.all() {
		if may(v) && now.Sub(v.since) >= patience {
			return v
		}
	}
	return nil
}

// warn counts what is refused, and says so from time to time. c.mu must be held.
func (c *Connections) warn(now time.Time, setting string, most int) {
	if c.Refused != nil {
		c.Refused(strings.TrimPrefix(setting, "--"))
	}
	if c.warned.IsZero() || now.Sub(c.warned) >= warnEvery {
		c.warned = now
		c.Log.Warn("connections refused", "setting", setting, "limit", most, "open", c.open, "streams", c.streams)
	}
}
