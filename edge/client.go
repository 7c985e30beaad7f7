package edge

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the reverse proxies that may tell a client's
// address.
type Proxies []netip.Prefix

// Trust tells whether the address is one of the proxies.
func (p Proxies) Trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// A client is where a request comes from.
type client struct {
	// address is that of the client itself; invalid when the request did not
	// come through TCP, as in a test.
	address netip.Addr
	// proxied says that a trusted proxy sent the request.
	proxied bool
}

// String is the address for the log; empty for none.
func (c client) String() string {
	if !c.address.IsValid() {
		return ""
	}
	return c.address.String()
}

type clientKey struct{}

// From finds out which address a request comes from: that of the connection,
// or behind trusted proxies the right-most address in X-Forwarded-For that is
// not a proxy's. Any other sender of that header is ignored, and so are all
// other headers: a client could write them itself.
func From(proxies Proxies) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(contextOf(r), clientKey{}, proxies.clientOf(r))
			next.ServeHTTP(w, with(r, ctx))
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
			break // the hop before it is the last that is known
		}
		c.address = address
		if !p.Trust(address) {
			break
		}
	}
	return c
}

// parseHop reads one entry of X-Forwarded-For, which some proxies write with a
// port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return plain(withPort.Addr()), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return plain(address), err == nil
}

// peerOf is the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(peer.Addr())
}

// plain is one form for each address, so that none can be written in two ways.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// clientFrom is the client of the context's request.
func clientFrom(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}

// neighborhood is what one client can choose addresses from: the address
// itself, and of IPv6 its network of 64 bits.
func neighborhood(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	n, err := a.Prefix(bits)
	if err != nil { // no address, as in a test
		return netip.Prefix{}
	}
	return n
}
