package edge

import (
	"net"
	"net/http"

	"dialogs/api"
	"dialogs/dialog"
)

// LocalHost refuses every Host header except the names of this machine. So no page can
// reach a development server by resolving its own name to this machine (DNS rebinding).
func LocalHost(refuse api.Refuser) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isLocalName(r.Host) {
				next.ServeHTTP(w, r)
				return
			}
			refuse(w, r, &api.Refusal{
				Code: api.Forbidden, Status: http.StatusMisdirectedRequest, Denial: denial("host"),
				Message: "a development server (--dev) only answers requests for localhost, 127.0.0.1 or [::1]",
			})
		})
	}
}

// isLocalName reports whether a host, with or without a port, is a name by which only this
// machine itself can be reached.
func isLocalName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	switch host {
	case "localhost", "127.0.0.1", "::1", "[::1]":
		return true
	}
	return false
}

// denial returns a denial by a rule of a guard, which is not about a dialog.
func denial(rule string) *dialog.Denial { return &dialog.Denial{Rule: rule} }
