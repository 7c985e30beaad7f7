package playground

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"regexp"
	"strings"

	"github.com/99designs/gqlgen/graphql/playground"
)

// notice is shown on the page that uses the CDN, with the style that makes room
// for it.
const notice = `<style>body { display: flex; flex-direction: column; height: 100vh; } #graphiql { flex: 1; min-height: 0; }
.notice { margin: 0; padding: 8px 16px; font: 14px system-ui, sans-serif; background: #fff3cd; color: #333; }</style>
<p class="notice">This page loads GraphiQL from cdn.jsdelivr.net; to have it without internet, with the README's recipes as tabs, install npm and run <code>make build</code>.</p>
`

// memoryOnly makes GraphiQL keep nothing in the browser's storage, where
// gqlgen's page would keep headers with credentials.
var memoryOnly = strings.NewReplacer(
	"shouldPersistHeaders: true", "shouldPersistHeaders: false",
	"storage: new PrefixedStorage('')", "storage: null",
)

// locked is shown on the page of a development server that was not opened by
// the link.
const locked = `<p class="notice">To have an API key and a session token filled in, open the link that <code>make run</code> (<code>dialogs serve --dev</code>) printed in its terminal.</p>
`

// schemaless is shown on the page of a server without introspection.
const schemaless = `<p class="notice">There is no documentation and no completion here, because introspection is disabled (start with <code>--introspection</code>, or use <code>schema.graphqls</code>).</p>
`

// cdnHandler serves gqlgen's page. Each outside file on it has an integrity
// hash.
func cdnHandler(c Config) http.Handler {
	dev := c.Development
	closed := cdnPage(c, nil)
	open := closed
	if dev != nil {
		open = cdnPage(c, &dev.Credentials)
	}
	serve := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case dev.opened(w, r):
		case dev.letsIn(r):
			open.ServeHTTP(w, r)
		default:
			closed.ServeHTTP(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /playground", serve)
	mux.HandleFunc("GET /playground/{$}", serve)
	return guarded(policy, mux)
}

// cdnPage is the page with these credentials, nil for none.
func cdnPage(c Config, credentials *Credentials) http.Handler {
	var page recorder
	playground.HandlerWithHeaders("Dialogs: GraphiQL", c.Endpoint, nil, cdnHeaders(credentials)).ServeHTTP(&page, nil)
	notices := notice
	if c.Development != nil && credentials == nil {
		notices += locked
	}
	if !c.Introspection {
		notices += schemaless
	}
	body := memoryOnly.Replace(page.String())
	body = strings.Replace(body, "<body>", "<body>\n"+notices, 1)
	return guarded(cdnPolicy(body), content("text/html; charset=utf-8", "no-store", []byte(body)))
}

// cdnHeaders are in the page's header editor at first.
func cdnHeaders(c *Credentials) map[string]string {
	switch {
	case c == nil:
		return nil
	case c.APIKey != "":
		return map[string]string{"Authorization": "ApiKey " + c.APIKey}
	default:
		return map[string]string{"QB-Token": c.Token}
	}
}

var (
	inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	scriptFile   = regexp.MustCompile(`src="(https://[^"]+)"`)
	styleFile    = regexp.MustCompile(`href="(https://[^"]+)"`)
)

// cdnPolicy allows the page to load exactly its own files and inline scripts,
// and to talk to its own host.
func cdnPolicy(page string) string {
	scripts := []string{"script-src"}
	for _, m := range inlineScript.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(m[1]))
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	for _, m := range scriptFile.FindAllStringSubmatch(page, -1) {
		scripts = append(scripts, html.UnescapeString(m[1]))
	}
	styles := []string{"style-src 'unsafe-inline'"}
	for _, m := range styleFile.FindAllStringSubmatch(page, -1) {
		styles = append(styles, html.UnescapeString(m[1]))
	}
	return "default-src 'none'; " + strings.Join(scripts, " ") + "; " + strings.Join(styles, " ") + "; " +
		"connect-src 'self'; img-src 'self' data:; font-src 'self' data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// recorder keeps what a handler writes.
type recorder struct {
	bytes.Buffer
	header http.Header
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

func (*recorder) WriteHeader(int) {}
