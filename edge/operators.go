package edge

import (
	"net/http"
)

// Operators refuses requests of web pages to paths that only operators should use: pages
// of other sites, and, on loopback, pages whose own name resolves to this machine (DNS
// rebinding).
func Operators(loopback bool) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			site := r.Header.Get("Sec-Fetch-Site")
			switch {
			case loopback && !isLocalName(r.Host):
				http.Error(w, "the admin listener only answers requests for localhost, 127.0.0.1 or [::1]", http.StatusMisdirectedRequest)
				return
			case site != "" && site != "same-origin" && site != "none":
				http.Error(w, "cross-site request refused", http.StatusForbidden)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			next.ServeHTTP(w, r)
		})
	}
}
