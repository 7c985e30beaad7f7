package playground_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"dialogs/playground"
)

// development is a page whose link is known.
var development = &playground.Development{Credentials: playground.Credentials{APIKey: "the-key", Token: "the-session"}, Token: "the-token"}

// ask sends a request for the page with these cookies.
func ask(h http.Handler, path, host string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestLink opens the page by its link, and by everything that is not its link:
// credentials are only shown to a browser that opened it.
func TestLink(t *testing.T) {
	const host = "127.0.0.1:8080"
	for name, h := range map[string]http.Handler{
		"built by npm": handlerOf(built, development),
		"from the CDN": handlerOf(fstest.MapFS{}, development),
	} {
		t.Run(name, func(t *testing.T) {
			shows := func(host string, cookies ...*http.Cookie) bool {
				var all strings.Builder
				for _, path := range []string{"/playground", "/playground/", "/playground/settings.json"} {
					all.WriteString(ask(h, path, host, cookies...).Body.String())
				}
				return strings.Contains(all.String(), "the-key")
			}
			if shows(host) {
				t.Error("the key is shown to anyone")
			}

			opened := ask(h, development.Link(), host)
			if opened.Code != http.StatusSeeOther || opened.Header().Get("Location") != "/playground" || opened.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the link: got %d and %v, want it to lead to the page", opened.Code, opened.Header())
			}
			cookies := opened.Result().Cookies()
			if len(cookies) != 1 {
				t.Fatalf("got the cookies %v, want one", cookies)
			}
			c := cookies[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/playground" || c.Domain != "" || c.MaxAge != 0 || strings.Contains(c.Value, "the-token") {
				t.Errorf("got the cookie %v", c)
			}
			if !shows(host, c) {
				t.Error("the key is not shown after the link was opened")
			}
			if shows("127.0.0.1:8081", c) {
				t.Error("the cookie counts on another port")
			}
			stale := *c
			stale.Value = strings.Repeat("0", len(c.Value))
			if shows(host, &stale) {
				t.Error("another server's cookie is accepted")
			}
			if !shows(host, &stale, c) {
				t.Error("a stale cookie hides the valid one")
			}

			for _, path := range []string{"/playground?token=other", "/playground?token=the-token%00", "/playground/?token=the-toke"} {
				w := ask(h, path, host)
				if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) > 0 {
					t.Errorf("%s: got %d and cookies %v, want none", path, w.Code, w.Result().Cookies())
				}
			}
		})
	}
}

// TestLinkOutsideOfDevelopment has no link and no credentials.
func TestLinkOutsideOfDevelopment(t *testing.T) {
	h := handlerOf(built, nil)
	if w := ask(h, "/playground?token=", "localhost:1"); w.Code != http.StatusOK {
		t.Errorf("got status %d", w.Code)
	}
	if w := ask(h, "/playground?token=x", "localhost:1"); w.Code != http.StatusSeeOther || len(w.Result().Cookies()) > 0 {
		t.Errorf("got status %d and cookies %v", w.Code, w.Result().Cookies())
	}
}

// TestLinkOverHTTPS keeps the cookie away from plain HTTP.
func TestLinkOverHTTPS(t *testing.T) {
	w := ask(handlerOf(built, development), "https://localhost"+development.Link(), "localhost")
	if cookies := w.Result().Cookies(); len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("got the cookies %v", cookies)
	}
}
