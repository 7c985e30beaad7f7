package e2e_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestPreflight asks as browsers do for pages of allowed origins: headers of
// widespread front-end libraries pass, and those that an operator adds.
func TestPreflight(t *testing.T) {
	s := start(t, "--allow-origins", "https://app.example", "--allow-headers", "x-tenant")
	for _, test := range []struct {
		headers string
		allowed bool
	}{
		{"content-type,qb-token", true},
		{"baggage,sentry-trace,traceparent,tracestate", true},
		{"apollographql-client-name,apollographql-client-version,content-type", true},
		{"x-requested-with", true},
		{"x-tenant", true},
		{"x-other", false},
	} {
		for _, path := range []string{"/graphql", "/chat/Dialog.json"} {
			answer := s.Do(http.MethodOptions, path, servertest.Header{
				"Origin", "https://app.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", test.headers,
			}, nil)
			if got := answer.Header.Get("Access-Control-Allow-Headers") != ""; got != test.allowed {
				t.Errorf("%s with %s: allowed %v, want %v", path, test.headers, got, test.allowed)
			}
		}
	}
	for path, want := range map[string]bool{"/graphql": false, "/chat/Dialog/5d75393ba28f9a17e1cb0f9e.json": true} {
		answer := s.Do(http.MethodOptions, path, servertest.Header{"Origin", "https://app.example", "Access-Control-Request-Method", "DELETE"}, nil)
		if got := strings.Contains(answer.Header.Get("Access-Control-Allow-Methods"), "DELETE"); got != want {
			t.Errorf("%s with DELETE: allowed %v, want %v", path, got, want)
		}
	}
}

// TestExposedHeaders: pages of allowed origins can read what the documents tell clients to
// read from the headers of an answer.
func TestExposedHeaders(t *testing.T) {
	s := start(t, "--allow-origins", "https://app.example")
	for path, want := range map[string]string{
		"/graphql?query={viewer{kind}}": "retry-after, x-request-id",
		"/chat/Dialog.json":             "qb-ignored, qb-token-expirationdate, retry-after, status, x-request-id",
	} {
		header := s.Do(http.MethodGet, path, servertest.Header{"Origin", "https://app.example"}, nil).Header
		names := strings.Split(strings.ToLower(header.Get("Access-Control-Expose-Headers")), ", ")
		slices.Sort(names)
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestRefusedOriginIsLoggedOnce looks for the setting in the log. Browsers ask
// first, and send no call when they are refused.
func TestRefusedOriginIsLoggedOnce(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/graphql", "/chat/Dialog.json"} {
		s.Do(http.MethodOptions, path, servertest.Header{"Origin", "https://page.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}, nil)
	}
	for range 3 {
		s.Do(http.MethodPost, "/graphql", servertest.Header{"Origin", "https://evil.example", "Content-Type", "application/json"}, []byte(`{"query":"{ viewer { kind } }"}`))
	}
	s.Stop()
	for _, origin := range []string{"https://page.example", "https://evil.example"} {
		if n := strings.Count(s.Stderr.String(), `"origin":"`+origin+`","setting":"--allow-origins"`); n != 1 {
			t.Errorf("%s is logged %d times: %s", origin, n, s.Stderr)
		}
	}
}

// TestLocalPagesInDevelopment calls as the pages of a front end's own
// development server do.
func TestLocalPagesInDevelopment(t *testing.T) {
	for _, test := range []struct {
		args   []string
		origin string
		status int
	}{
		{[]string{"--dev"}, "http://localhost:5173", 200},
		{[]string{"--dev"}, "http://127.0.0.1:3000", 200},
		{[]string{"--dev"}, "https://evil.example", 403},
		{nil, "http://localhost:5173", 403},
	} {
		s := start(t, test.args...)
		answer := s.Do(http.MethodPost, "/graphql", servertest.Header{"Origin", test.origin, "Content-Type", "application/json"}, []byte(`{"query":"{ viewer { kind } }"}`))
		if answer.Status != test.status || (answer.Header.Get("Access-Control-Allow-Origin") == test.origin) != (test.status == 200) {
			t.Errorf("%v from %s: got status %d and %v", test.args, test.origin, answer.Status, answer.Header)
		}
	}
}

// TestFrontPage opens the server's address in every mode: each page leads on,
// and no link of it is dead.
func TestFrontPage(t *testing.T) {
	for _, test := range []struct {
		args              []string
		shows, showsNever string
	}{
		{nil, "/chat/Dialog.json", `href="/playground"`},
		{[]string{"--playground"}, `href="/playground"`, "when it started"},
		{[]string{"--quickblox=false"}, "The playground is off", "/chat/Dialog.json"},
		{[]string{"--dev"}, "when it started", "The playground is off"},
	} {
		args := test.args
		s := start(t, args...)
		page := s.Do(http.MethodGet, "/", servertest.Header{"Accept", "text/html"}, nil)
		if page.Status != http.StatusOK || !strings.Contains(string(page.Body), "POST /graphql") || page.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v: got status %d and %v:\n%s", args, page.Status, page.Header, page.Body)
		}
		if body := string(page.Body); !strings.Contains(body, test.shows) || strings.Contains(body, test.showsNever) {
			t.Errorf("%v: want %q and never %q in\n%s", args, test.shows, test.showsNever, body)
		}
		for _, link := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllSubmatch(page.Body, -1) {
			if answer := s.Do(http.MethodGet, string(link[1]), nil, nil); answer.Status != http.StatusOK {
				t.Errorf("%v: %s leads to status %d", args, link[1], answer.Status)
			}
		}
		if head := s.Do(http.MethodHead, "/", servertest.Header{"Accept", "text/html"}, nil); head.Status != http.StatusOK || len(head.Body) > 0 || head.Header.Get("Content-Type") != page.Header.Get("Content-Type") {
			t.Errorf("%v: HEAD: got status %d, %v and %q", args, head.Status, head.Header, head.Body)
		}
		if post := s.Do(http.MethodPost, "/", servertest.Header{"Content-Type", "application/json"}, []byte(`{}`)); post.Status != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%v: POST: got status %d and %v", args, post.Status, post.Header)
		}
		if missing := s.Do(http.MethodGet, "/nowhere", nil, nil); missing.Status != http.StatusNotFound {
			t.Errorf("%v: /nowhere: got status %d", args, missing.Status)
		}
	}
}

// TestPathsAndEncodings sends requests in ways that people expect to work.
func TestPathsAndEncodings(t *testing.T) {
	s := start(t, "--introspection")
	s.Client.Transport = &http.Transport{DisableCompression: true}
	const small, large = `{"query":"{ viewer { kind } }"}`, `{"query":"{ __schema { types { name fields { name } } } }"}`
	post := servertest.Header{"Content-Type", "application/json"}
	if answer := s.Do(http.MethodPost, "/graphql/", post, []byte(small)); answer.Status != 200 {
		t.Errorf("/graphql/: got status %d: %s", answer.Status, answer.Body)
	}
	if answer := s.Do(http.MethodHead, "/graphql?query=%7Bviewer%7Bkind%7D%7D", servertest.Header{"GraphQL-Require-Preflight", "1"}, nil); answer.Status != 200 || len(answer.Body) > 0 {
		t.Errorf("HEAD: got status %d: %s", answer.Status, answer.Body)
	}
	gzipped := append(post, "Accept-Encoding", "gzip")
	if answer := s.Do(http.MethodPost, "/graphql", gzipped, []byte(small)); answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("a small answer is compressed: %v", answer.Header)
	}
	plain := s.Do(http.MethodPost, "/graphql", post, []byte(large))
	answer := s.Do(http.MethodPost, "/graphql", gzipped, []byte(large))
	if answer.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(answer.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("a large answer is not compressed: %v", answer.Header)
	}
	r, err := gzip.NewReader(bytes.NewReader(answer.Body))
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(unzipped, plain.Body) {
		t.Errorf("got %d bytes and error %v, want the %d of the plain answer", len(unzipped), err, len(plain.Body))
	}
}
