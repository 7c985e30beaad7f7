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

// SameOrigin refuses requests by which a page of another origin could change
// something (CSRF), and upgrades to a WebSocket from such a page, which a
// browser makes without asking. Pages of allowed origins may do both.
func SameOrigin(origins *Origins, refuse api.Refuser) Guard {
	protection := http.NewCrossOriginProtection()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			origin := r.Header.Get("Origin")
			if origins.Allows(origin) || protection.Check(asUnsafe(r)) == nil {
				next.ServeHTTP(w, r)
				return
			}
			origins.refused(r.Context(), origin)
			refuse(w, r, &api.Refusal{
				Code: api.Forbidden, Denial: denial("origin"),
				Message: "cross-origin request refused: add this origin to --allow-origins",
			})
		})
	}
}

// asUnsafe is the request as the protection has to judge it: an upgrade is a
// GET, which would pass as one that changes nothing.
func asUnsafe(r *http.Request) *http.Request {
	if !isUpgrade(r) {
		return r
	}
	unsafe := *r
	unsafe.Method = http.MethodPost
	return &unsafe
}

// isUpgrade tells whether a request asks for another protocol.
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

// isLocalOrigin tells whether an origin is a page of this machine: browsers look
// for localhost, and all names under it, nowhere else.
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

// mostOnce bounds what a stranger can make the server remember and log in onceFor.
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
	o.seen[strings.Clone(text)] = true // not all of the header that it is a part of
	return true
}
