package playground

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
)

// Development is what the page of a development server has in addition to the
// endpoint.
type Development struct {
	// Credentials are filled in for a browser that opened the page by its link.
	Credentials Credentials
	// Token is the secret part of that link. It must be random, and is only
	// valid for this process.
	Token string
}

// Link is the address, on this server, that opens the page with its
// credentials. A browser that opened it once has them until it is closed.
func (d *Development) Link() string {
	return "/playground?" + url.Values{"token": {d.Token}}.Encode()
}

// letsIn reports whether the request comes from a browser that opened the link.
func (d *Development) letsIn(r *http.Request) bool {
	if d == nil {
		return false
	}
	for _, cookie := range r.CookiesNamed(cookieName(r)) {
		if same(cookie.Value, d.cookie()) {
			return true
		}
	}
	return false
}

// opened turns the token of a link into a cookie and redirects to the page, so
// that the token is neither in the address bar nor in the history. It does
// nothing for a request without a token.
func (d *Development) opened(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("token")
	if token == "" {
		return false
	}
	if d != nil && same(token, d.Token) {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the server serves HTTPS; browsers would drop it on plain HTTP
			Name: cookieName(r), Value: d.cookie(), Path: "/playground",
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/playground", http.StatusSeeOther)
	return true
}

// cookie shows that the token was known, and does not contain it.
func (d *Development) cookie() string {
	sum := sha256.Sum256([]byte("playground cookie " + d.Token))
	return hex.EncodeToString(sum[:])
}

// cookieName has the port in it: servers on other ports of a host share its
// cookies.
func cookieName(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "default"
	}
	return "dialogs-playground-" + port
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
