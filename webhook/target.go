package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"dialogs/dialog"
)

// maxURL is the longest URL of a webhook, in bytes.
const maxURL = 2048

// inside are networks that webhooks must not connect to: somebody who may add a webhook
// could otherwise explore the operator's network. They are the networks in IANA's
// special-purpose registries that do not lead to a public host, and IPv6 networks whose
// addresses contain an IPv4 address.
var inside = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
	"3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Targets are the addresses that webhooks may have: public ones, and the exceptions of the
// operator.
type Targets struct {
	networks []netip.Prefix
	hosts    []string
}

// ParseTargets reads the operator's exceptions: networks (10.0.0.0/8), single addresses,
// and host names. They may also be reached by plain http.
func ParseTargets(exceptions []string) (Targets, error) {
	var t Targets
	for _, text := range exceptions {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			if prefix != prefix.Masked() {
				return Targets{}, fmt.Errorf("%s has bits after its prefix: use %s", text, prefix.Masked())
			}
			t.networks = append(t.networks, prefix)
			continue
		}
		if addr, err := netip.ParseAddr(text); err == nil {
			t.networks = append(t.networks, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		if text == "" || text != strings.ToLower(text) || strings.ContainsAny(text, "/:@*% ") {
			return Targets{}, errors.New("must be networks, for example 10.0.0.0/8, or host names in lower case")
		}
		t.hosts = append(t.hosts, text)
	}
	return t, nil
}

// String lists the exceptions, separated by commas.
func (t Targets) String() string {
	var all []string
	for _, n := range t.networks {
		all = append(all, n.String())
	}
	return strings.Join(append(all, t.hosts...), ",")
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// reachable reports whether a webhook may connect to an address.
func (t Targets) reachable(addr netip.Addr) bool {
	addr = addr.WithZone("")
	return contains(t.networks, addr) || contains(t.networks, addr.Unmap()) ||
		!contains(inside, addr) && !contains(inside, addr.Unmap())
}

// named reports whether the host of a URL is one of the exceptions.
func (t Targets) named(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return contains(t.networks, addr.Unmap())
	}
	return slices.Contains(t.hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
}

// Check rejects a URL that is invalid in itself: for example, one that is not https, or
// whose host is an address or a name that is not public, unless it is an exception. The
// addresses of a host name are checked at each connection.
func (t Targets) Check(text string) error {
	invalid := func(format string, args ...any) error {
		return dialog.InvalidInput("url", fmt.Sprintf(format, args...))
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return invalid("the URL is too long: %d bytes (limit %d)", len(text), maxURL)
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return invalid("invalid URL %s: use the form https://example.com/hooks", dialog.Quote(text))
	case u.User != nil:
		return invalid("the URL must not contain a user name or password: deliveries are signed instead")
	case u.Fragment != "":
		return invalid("the URL must not contain a fragment (#)")
	case u.Scheme != "https" && (u.Scheme != "http" || !t.named(u.Hostname())):
		return invalid("the URL must start with https://, unless --webhook-allow contains its host")
	}
	if port := u.Port(); strings.HasSuffix(u.Host, ":") || port == "0" {
		return invalid("invalid port in the URL %s", dialog.Quote(text))
	}
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil && !t.reachable(addr) {
		return invalid("%s is not a public address: add it to --webhook-allow to allow it", addr)
	}
	if !t.named(host) && isLocalName(host) {
		return invalid("%s is not a public host: add it to --webhook-allow to allow it", dialog.Quote(host))
	}
	return nil
}

// isLocalName reports whether a name can only be an internal host: a name that is reserved
// for that (RFC 6761, RFC 6762, RFC 9476), or a number in a form that some resolvers
// accept as an address.
func isLocalName(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if slices.Contains([]string{"localhost", "local", "internal", "home", "lan", "alt", "invalid"}, last) || strings.HasSuffix(host, "home.arpa") {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	return last == "" || last[0] >= '0' && last[0] <= '9'
}

// errTarget is the reason why a connection is refused.
var errTarget = errors.New("not a public address: add it to --webhook-allow to allow it")

// dial connects, and checks the address of the actual connection: the same name could
// resolve to another address a moment later.
func (t Targets) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	if !t.named(host) {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !t.reachable(to.Addr()) {
				return fmt.Errorf("%s is %w", to.Addr(), errTarget)
			}
			return nil
		}
	}
	return d.DialContext(ctx, network, address)
}
