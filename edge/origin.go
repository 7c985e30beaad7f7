package edge

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"dialogs/api"
)

// SameOrigin refuses requests with which a page of another origin could change something
// (CSRF), and upgrades to a WebSocket from such a page, for which browsers do not ask for
// permission. Pages of allowed origins may do both.
func SameOrigin(origins *Origins, refuse api.Refuser) Guard {
	protection := http.NewCrossOriginProtection()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			origin := r.Header.Get("Origin")
			if origins.Allows(origin) || protection.Check(asUnsafe(r)) == nil {
				next.ServeHTTP(w, r)
				return
			}
			api.Quiet(r.Context()) // each origin is logged once an hour
			origins.refused(r.Context(), origin)
			refuse(w, r, &api.Refusal{
				Code: api.Forbidden, Denial: denial("origin"),
				Message: "cross-origin request refused: add this origin to --allow-origins",
			})
		})
	}
}

// asUnsafe returns the request to be checked. An upgrade is a GET request, which would be
// accepted because it does not change anything: so it is checked as a POST request.
func asUnsafe(r *http.Request) *http.Request {
	if !isUpgrade(r) {
		return r
	}
	unsafe := *r
	unsafe.Method = http.MethodPost
	return &unsafe
}

// isUpgrade reports whether a request asks for another protocol.
func isUpgrade(r *http.Request) bool {
	for _, line := range r.Header.Values("Connection") {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}

// isSocket reports whether a request asks for a WebSocket.
func isSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && isUpgrade(r) && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// isLocalOrigin reports whether an origin is a page of this machine. Browsers always
// resolve localhost, and all names under it, to this machine.
func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	name := u.Hostname()
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || net.ParseIP(name).IsLoopback()
}

// A onceEach reports whether a text is seen for the first time in an hour, for a limited
// number of texts.
type onceEach struct {
	mu    sync.Mutex
	seen  map[string]bool
	since time.Time
}

// These limit what a stranger can make the server remember and log: mostOnce texts within
// onceFor.
const (
	mostOnce = 100
	onceFor  = time.Hour
)

func (o *onceEach) first(text string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if passed := now.Sub(o.since); passed >= onceFor || passed < 0 {
		o.seen, o.since = nil, now
	}
	if o.seen[text] || len(o.seen) == mostOnce {
		return false
	}
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	o.seen[strings.Clone(text)] = true // a copy, to not keep the whole header in memory
	return true
}
