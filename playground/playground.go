// Package playground serves GraphiQL, the page to explore the API in.
//
// The page is made from web/ by npm, and the binary embeds what was built. A
// binary that was built without it serves gqlgen's page instead, which loads
// GraphiQL from a CDN. The package only knows the API's address.
package playground

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
)

// dist/page is there when npm has built it, dist itself always.
//
//go:embed all:dist
var dist embed.FS

// Credentials are filled in for the reader to see, use and change.
type Credentials struct {
	// APIKey is an API key; empty for none.
	APIKey string `json:"apiKey,omitempty"`
	// Token is a user's session token.
	Token string `json:"token,omitempty"`
}

// Config is the configuration of the page.
type Config struct {
	// Endpoint is the path of the API, on the page's own host.
	Endpoint string
	// Introspection tells whether the API shows its schema.
	Introspection bool
	// Development is nil outside of development; otherwise its link opens the
	// page with credentials.
	Development *Development
}

// Handler serves the page at /playground, and below /playground/ what it
// loads.
func Handler(c Config) http.Handler {
	page, err := fs.Sub(dist, "dist/page")
	if err != nil {
		panic(err) // the path above is not one
	}
	return handlerOf(page, c)
}

// policy lets the page run its own files and talk to its own host, and nothing
// else. The editor positions text by style attributes and makes its themes as
// style elements while it runs, so styles need unsafe-inline; it has its
// icons and fonts as data.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageSettings are what the page asks for when it is loaded.
type pageSettings struct {
	Endpoint string `json:"endpoint"`
	// Development is set on a development server. Without Credentials, the
	// page says which link has them.
	Development bool         `json:"development,omitempty"`
	Credentials *Credentials `json:"credentials,omitempty"`
}

// handlerOf serves a page that was built, or the CDN's when it was not.
func handlerOf(page fs.FS, c Config) http.Handler {
	index, err := fs.ReadFile(page, "index.html")
	if err != nil {
		return cdnHandler(c)
	}
	dev := c.Development
	serveIndex := content("text/html; charset=utf-8", "no-cache", index)
	serve := func(w http.ResponseWriter, r *http.Request) {
		if !dev.opened(w, r) {
			serveIndex.ServeHTTP(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /playground", serve)
	mux.HandleFunc("GET /playground/{$}", serve)
	mux.HandleFunc("GET /playground/settings.json", func(w http.ResponseWriter, r *http.Request) {
		settings := pageSettings{Endpoint: c.Endpoint, Development: dev != nil}
		if dev.letsIn(r) {
			settings.Credentials = &dev.Credentials
		}
		body, err := json.Marshal(settings)
		if err != nil {
			panic(err) // strings marshal
		}
		content("application/json", "no-store", body).ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /playground/assets/{file}", func(w http.ResponseWriter, r *http.Request) {
		file := "assets/" + r.PathValue("file")
		if contentType := contentTypeOf(file); contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		// The files have a hash of their content in their names.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, page, file) //nolint:gosec // no name leads out of an fs.FS
	})
	return guarded(policy, mux)
}

// contentTypeOf is the Content-Type that a browser needs to run a file; the
// types that the system knows differ between machines.
func contentTypeOf(file string) string {
	switch path.Ext(file) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return ""
	}
}

// content serves the same to everyone.
func content(contentType, cacheControl string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", cacheControl)
		_, _ = w.Write(body)
	})
}

// guarded adds the security headers to every answer. Files need them as well as
// the page: a worker has the policy of its own script.
func guarded(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
