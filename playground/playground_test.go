package playground_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"dialogs/playground"
)

// built is a page as npm builds one, only smaller.
var built = fstest.MapFS{
	"index.html":          {Data: []byte("<!doctype html>")},
	"assets/main-1a.js":   {Data: []byte("run()")},
	"assets/look-2b.css":  {Data: []byte("body {}")},
	"assets/icon-3c.svg":  {Data: []byte("<svg/>")},
	"assets/icons-4d.ttf": {Data: []byte("\x00\x01\x00\x00")},
}

// handlerOf shows its schema.
func handlerOf(page fs.FS, dev *playground.Development) http.Handler {
	return playground.HandlerOf(page, playground.Config{Endpoint: "/graphql", Introspection: true, Development: dev})
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	return ask(h, path, "localhost:8080")
}

// getOpened is get from a browser that opened the page by its link.
func getOpened(h http.Handler, dev *playground.Development, path string) *httptest.ResponseRecorder {
	if dev == nil {
		return get(h, path)
	}
	return ask(h, path, "localhost:8080", get(h, dev.Link()).Result().Cookies()...)
}

// developmentOf has these credentials behind a link.
func developmentOf(c playground.Credentials) *playground.Development {
	return &playground.Development{Credentials: c, Token: "t"}
}

func TestFiles(t *testing.T) {
	h := handlerOf(built, &playground.Development{Credentials: playground.Credentials{APIKey: "key"}, Token: "t"})
	const page, forever = "text/html; charset=utf-8", "public, max-age=31536000, immutable"
	for _, c := range []struct {
		path, contentType, cacheControl, reason string
		status                                  int
	}{
		{"/playground", page, "no-cache", "a new build has other files", 200},
		{"/playground/", page, "no-cache", "also what people type", 200},
		{"/playground/settings.json", "application/json", "no-store", "credentials", 200},
		{"/playground/assets/main-1a.js", "text/javascript; charset=utf-8", forever, "its name has its hash", 200},
		{"/playground/assets/look-2b.css", "text/css; charset=utf-8", forever, "", 200},
		{"/playground/assets/icon-3c.svg", "image/svg+xml", forever, "", 200},
		{"/playground/assets/icons-4d.ttf", "font/ttf", forever, "", 200},
		{"/playground/assets/other.js", "text/plain; charset=utf-8", "", "what is missing now may be there later", 404},
		{"/playground/assets/", "text/plain; charset=utf-8", "", "no listing", 404},
		{"/playground/index.html", "text/plain; charset=utf-8", "", "one address is enough", 404},
		{"/playground/assets/..%2findex.html", "text/plain; charset=utf-8", "", "nothing but assets", 400},
	} {
		t.Run(c.path, func(t *testing.T) {
			w := get(h, c.path)
			got := []any{w.Code, w.Header().Get("Content-Type"), w.Header().Get("Cache-Control")}
			if diff := cmp.Diff([]any{c.status, c.contentType, c.cacheControl}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
			policy := w.Header().Get("Content-Security-Policy")
			for _, part := range []string{
				"default-src 'none'", "script-src 'self'", "connect-src 'self'",
				"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
			} {
				if !strings.Contains("; "+policy+";", "; "+part+";") {
					t.Errorf("the policy lacks %q: %s", part, policy)
				}
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("got the headers %v", w.Header())
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		dev          *playground.Development
		want, reason string
	}{
		{nil, `{"endpoint":"/graphql"}`, "no credentials outside of development"},
		{
			developmentOf(playground.Credentials{APIKey: "k", Token: "t"}),
			`{"endpoint":"/graphql","development":true,"credentials":{"apiKey":"k","token":"t"}}`, "both",
		},
		{
			developmentOf(playground.Credentials{Token: "t"}),
			`{"endpoint":"/graphql","development":true,"credentials":{"token":"t"}}`, "a store that others share has no key to give away",
		},
	} {
		got := getOpened(handlerOf(built, c.dev), c.dev, "/playground/settings.json").Body.String()
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.reason, diff)
		}
	}
}

// TestWithoutNPM looks at the page from the CDN, of which the policy must
// allow each thing that is on it and nothing else.
func TestWithoutNPM(t *testing.T) {
	dev := developmentOf(playground.Credentials{APIKey: "the-key", Token: "the-token"})
	h := handlerOf(fstest.MapFS{}, dev)
	if page := get(h, "/playground").Body.String(); !strings.Contains(page, "open the link that") || strings.Contains(page, "the-key") {
		t.Error("without the link, the page has the key, or does not say where the link is")
	}
	w := getOpened(h, dev, "/playground")
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got the status %d and Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
	page := w.Body.String()
	for _, part := range []string{
		"make build", `"Authorization":"ApiKey the-key"`, "shouldPersistHeaders: false", "storage: null",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page, "the-token") || strings.Contains(page, "shouldPersistHeaders: true") {
		t.Error("the page has two credentials, or keeps them")
	}
	policy := map[string][]string{}
	for directive := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), "; ") {
		words := strings.Fields(directive)
		policy[words[0]] = words[1:]
	}
	var scripts []string
	for _, m := range regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`).FindAllStringSubmatch(page, -1) {
		if m[2] != "" {
			sum := sha256.Sum256([]byte(m[2]))
			scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
	}
	if len(scripts) != 1 {
		t.Fatalf("the page has %d inline scripts", len(scripts))
	}
	files := regexp.MustCompile(`(?s)<(script|link)\s([^>]*)>`).FindAllStringSubmatch(page, -1)
	styles := []string{"'unsafe-inline'"}
	for _, m := range files {
		url := regexp.MustCompile(`"(https://cdn\.jsdelivr\.net/npm/[^"]+)"`).FindStringSubmatch(m[2])
		if url == nil || !strings.Contains(m[2], `integrity="sha256-`) {
			t.Fatalf("a file of another host, or without a hash: %s", m[0])
		}
		if m[1] == "script" {
			scripts = append(scripts, url[1])
		} else {
			styles = append(styles, url[1])
		}
	}
	want := map[string][]string{
		"default-src": {"'none'"}, "script-src": scripts, "style-src": styles, "connect-src": {"'self'"},
		"img-src": {"'self'", "data:"}, "font-src": {"'self'", "data:"},
		"base-uri": {"'none'"}, "form-action": {"'none'"}, "frame-ancestors": {"'none'"},
	}
	if diff := cmp.Diff(want, policy); diff != "" {
		t.Errorf("another policy (-want +got):\n%s", diff)
	}
}

func TestWithoutNPMHeaders(t *testing.T) {
	for _, c := range []struct {
		dev          *playground.Development
		want, reason string
	}{
		{nil, "const uiHeaders = undefined;", "no credentials outside of development"},
		{developmentOf(playground.Credentials{Token: "the-token"}), `const uiHeaders = {"QB-Token":"the-token"};`, "a token where there is no key"},
	} {
		page := getOpened(handlerOf(fstest.MapFS{}, c.dev), c.dev, "/playground/").Body.String()
		if !strings.Contains(page, c.want) {
			t.Errorf("%s: the page lacks %q", c.reason, c.want)
		}
	}
}

// TestWithoutNPMNotices looks for what the page says about itself.
func TestWithoutNPMNotices(t *testing.T) {
	for _, c := range []struct {
		config playground.Config
		hidden bool
	}{
		{playground.Config{Endpoint: "/graphql", Introspection: true}, false},
		{playground.Config{Endpoint: "/graphql"}, true},
	} {
		page := get(playground.HandlerOf(fstest.MapFS{}, c.config), "/playground").Body.String()
		if got := strings.Contains(page, "no documentation and no completion here, because introspection is disabled"); got != c.hidden || strings.Contains(page, "open the link") {
			t.Errorf("%+v: got these notices: %s", c.config, page)
		}
	}
	if w := get(handlerOf(fstest.MapFS{}, development), development.Link()); w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the link's answer has the headers %v", w.Header())
	}
}
