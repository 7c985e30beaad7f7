package edge_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/edge"
)

func TestFrontPage(t *testing.T) {
	everything := edge.FrontPage{QuickBlox: true, Playground: true, Development: true}
	const browser, sdk = "text/html,application/xhtml+xml,*/*;q=0.8", "application/json, text/plain, */*"
	for _, test := range []struct {
		page                  edge.FrontPage
		accept                string
		contentType, has, not string
		reason                string
	}{
		{everything, browser, "text/html", `<a href="/playground">`, "--playground", "a person"},
		{everything, browser, "text/html", "link that the server printed", "is off", "without the link there are no credentials"},
		{everything, browser, "text/html", "/chat/Dialog.json", "is off", "both APIs"},
		{everything, "*/*", "text/html", "POST /graphql", "is off", "curl"},
		{everything, "", "text/html", `<a href="/readyz">`, "is off", "no preference"},
		{edge.FrontPage{}, browser, "text/html", "<code>--playground</code> turns it on", `"/playground"`, "no dead link"},
		{edge.FrontPage{}, browser, "text/html", "POST /graphql", "/chat/", "an API that is off"},
		{edge.FrontPage{Playground: true}, browser, "text/html", `<a href="/playground">`, "printed", "outside of development no link was printed"},
		{everything, sdk, "application/json", `{"graphql":"/graphql","playground":"/playground","quickblox":"/chat/Dialog.json","ready":"/readyz","service":"dialogs"}`, "<", "a program"},
		{edge.FrontPage{}, "application/json", "application/json", `{"graphql":"/graphql","ready":"/readyz","service":"dialogs"}`, "<", "a program, with one API"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept", test.accept)
			w := httptest.NewRecorder()
			test.page.Handler().ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), test.contentType) || !strings.Contains(body, test.has) || strings.Contains(body, test.not) {
				t.Errorf("got %d %s, want it with %q and without %q:\n%s", w.Code, w.Header().Get("Content-Type"), test.has, test.not, body)
			}
			if regexp.MustCompile(`https?://|<script|\son\w+=|\sstyle=`).MatchString(body) {
				t.Errorf("it has scripts, or leads to another host:\n%s", body)
			}
			if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("got the policy %q", policy)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Vary") != "Accept" || w.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("got the headers %v", w.Header())
			}
		})
	}
}

// TestFrontPageVaries checks that the Vary header names everything that the answer depends
// on.
func TestFrontPageVaries(t *testing.T) {
	w := httptest.NewRecorder()
	edge.Compress()(edge.FrontPage{}.Handler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if diff := cmp.Diff([]string{"Accept-Encoding", "Accept"}, w.Header().Values("Vary")); diff != "" {
		t.Errorf("Vary (-want +got):\n%s", diff)
	}
}
