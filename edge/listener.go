package edge

import (
	"net"
	"net/netip"
)

// listener returns a listener that enforces the limits. Refused connections get an answer,
// except with TLS, where the client would not understand it.
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

// Accept returns the next connection that is admitted.
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
