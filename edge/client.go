package edge

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the reverse proxies that are trusted to tell a client's
// address.
type Proxies []netip.Prefix

// Trust reports whether the address is in one of these networks.
func (p Proxies) Trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// A client is the origin of a request.
type client struct {
	// address is the address of the client itself. It is invalid if the request did not
	// come through TCP, as in a test.
	address netip.Addr
	// proxied means that a trusted proxy has sent the request.
	proxied bool
}

// String returns the address for the log; empty if there is none.
func (c client) String() string {
	if !c.address.IsValid() {
		return ""
	}
	return c.address.String()
}

type clientKey struct{}

// A clientContext carries the client of a request.
type clientContext struct {
	context.Context
	client client
}

func withClient(ctx context.Context, c client) context.Context { return &clientContext{ctx, c} }

// Value returns the client, or a value of the context that it comes from.
func (c *clientContext) Value(key any) any {
	if key == (clientKey{}) {
		return &c.client
	}
	return c.Context.Value(key)
}

// From determines the client address of a request: that of the connection or, behind
// trusted proxies, the right-most address in X-Forwarded-For that is not a proxy's. This
// header is ignored if anyone else has sent it, and so are all similar headers: a client
// could write them itself.
func From(proxies Proxies) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, with(r, withClient(contextOf(r), proxies.clientOf(r))))
		})
	}
}

func (p Proxies) clientOf(r *http.Request) client {
	c := client{address: peerOf(r)}
	if !p.Trust(c.address) {
		return c
	}
	c.proxied = true
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := parseHop(hop)
		if !ok {
			break // the hop before it is the last known one
		}
		c.address = address
		if !p.Trust(address) {
			break
		}
	}
	return c
}

// parseHop parses one entry of X-Forwarded-For. Some proxies add a port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return plain(withPort.Addr()), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return plain(address), err == nil
}

// peerOf returns the address at the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(peer.Addr())
}

// plain returns an address in its only form, so that the same address can't be written in
// two ways.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// clientFrom returns the client of the request that the context belongs to.
func clientFrom(ctx context.Context) client {
	if c, ok := ctx.Value(clientKey{}).(*client); ok {
		return *c
	}
	return client{}
}

// neighborhood returns the addresses that one client can choose from: a single IPv4
// address, or an IPv6 network of 64 bits.
func neighborhood(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	n, err := a.Prefix(bits)
	if err != nil { // there is no address, as in a test
		return netip.Prefix{}
	}
	return n
}
