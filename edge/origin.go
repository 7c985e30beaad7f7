package edge

import (
	"net/http"
	"strings"

	"dialogs/api"
)

// SameOrigin refuses requests by which a page of another origin could change
// something (CSRF), and upgrades to a WebSocket from such a page, which a
// browser makes without asking. Origins in the list may do both; they must be
// well-formed.
func SameOrigin(origins []string, refuse api.Refuser) Guard {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			panic("edge: an origin that was not checked: " + err.Error())
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := protection.Check(asUnsafe(r)); err != nil {
				refuse(w, r, &api.Refusal{
					Code: api.Forbidden, Denial: denial("origin"),
					Message: "cross-origin request refused: add this origin to --allow-origins",
				})
				return
			}
			next.ServeHTTP(w, r)
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
