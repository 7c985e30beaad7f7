package edge

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Connections limits how many connections are open, in total and for each address. When
// there is no room for a new one, the server closes the connection that has been idle the
// longest. If none is idle, it closes a WebSocket without credentials, or else a connection
// whose client has been slow to send or read for 5 seconds. If there is none of these
// either, it refuses the new one.
type Connections struct {
	// Most and MostPerAddress are the limits, at least 1. IPv6 addresses are counted by
	// networks of 64 bits.
	Most, MostPerAddress int
	// Exempt are addresses that are only limited by Most.
	Exempt Proxies
	Log    *slog.Logger
	// Refused is called with the setting for each connection or stream that is refused. It
	// is optional, and must not block.
	Refused func(setting string)

	mu   sync.Mutex
	open int
	// streams is how many HTTP/2 requests run at the same time as another one on their
	// connection. Each of them counts like a connection.
	streams int
	// settled is how many connections became WebSockets whose callers have signed in.
	settled int
	perHome map[netip.Prefix]int
	// idle are the connections that wait for a request, or for the rest of its headers.
	// unsigned are WebSockets that wait for the credentials of their callers. held are those
	// whose requests all wait for the client to send or to read. Those that wait the longest
	// are first.
	idle, unsigned, held lineup
	// bodies are those of HTTP/2 that wait for their client to send.
	bodies   map[*watchedBody]struct{}
	warned   seldom
	refusals chan struct{} // has a place for each refusal that is being sent
}

const (
	// mostRefusals is how many refusals are explained at the same time. Further
	// connections are closed without an answer. Each of them takes an open file.
	mostRefusals = 4
)

// OpenFilesBeside is how many files [Connections] may have open in addition to the maximum
// number of connections.
const OpenFilesBeside = mostRefusals + 1

// admit counts a new connection, if necessary after it has closed another one. If there is
// no room, it returns the setting that is the limit.
func (c *Connections) admit(inner net.Conn) (admitted *connection, setting string) {
	admitted = &connection{Conn: inner, all: c}
	if peer, err := netip.ParseAddrPort(inner.RemoteAddr().String()); err == nil && !c.Exempt.Trust(plain(peer.Addr())) {
		admitted.home = neighborhood(plain(peer.Addr()))
	}
	var evicted []*connection
	defer func() { // not while the mutex is held, because Close also locks it
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

// warn reports a refusal, and logs one per minute. c.mu must be held.
func (c *Connections) warn(now time.Time, setting string, most int) {
	if c.Refused != nil {
		c.Refused(strings.TrimPrefix(setting, "--"))
	}
	if leftOut, ok := c.warned.pass(now); ok {
		c.Log.Warn("connections refused", "setting", setting, "limit", most, "open", c.open, "streams", c.streams, "left_out", leftOut)
	}
}
