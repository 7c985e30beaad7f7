package quickblox

import (
	"net"
	"net/http"
	"net/url"
)

// address is how clients reach the server: its public URL, or else where this
// connection has reached it. The header Host comes from the client, and could
// point others to any address.
func (d *handler) address(r *http.Request) *url.URL {
	if d.PublicURL != nil {
		return d.PublicURL
	}
	u := &url.URL{Scheme: "http", Host: "localhost"}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		u.Host = local.String()
	}
	return u
}
