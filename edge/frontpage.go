package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"dialogs/api"
)

// A FrontPage is the page at the root of a server. It links to everything that the server
// offers.
type FrontPage struct {
	// QuickBlox tells whether the QuickBlox API is served.
	QuickBlox bool
	// Playground tells whether the playground is served.
	Playground bool
	// Development means that a link to the playground was printed at the start.
	Development bool
}

const frontStyle = `:root{color-scheme:light dark}body{max-width:40rem;margin:12vh auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}li{margin:.5rem 0}`

var frontPage = template.Must(template.New("front page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dialogs</title>
<link rel="icon" href="data:,">
<style>{{.Style}}</style>
</head>
<body>
<h1>Dialogs</h1>
<p>This server stores chat conversations: their members, owners, admins and custom data. It is running.</p>
<ul>
{{- if .Playground}}
<li><a href="/playground">Playground</a>: try the API in the browser.{{if .Development}} The link that the server printed when it started opens it with credentials filled in.{{end}}</li>
{{- else}}
<li>The playground is off. <code>--playground</code> turns it on, and so does <code>make run</code> on your own machine.</li>
{{- end}}
<li><code>POST /graphql</code>: the GraphQL API. <code>schema.graphqls</code> describes it.</li>
{{- if .QuickBlox}}
<li><code>/chat/Dialog.json</code>: the QuickBlox API. <code>docs/quickblox.md</code> describes it.</li>
{{- end}}
<li><a href="/readyz">/readyz</a>: whether the server can answer requests.</li>
</ul>
<p>Start with <code>README.md</code> in the server's source: it has a first request, and a recipe for each update of a dialog.</p>
</body>
</html>
`))

// Handler serves the page as HTML, or as JSON if the client accepts JSON but not HTML.
func (p FrontPage) Handler() http.Handler {
	var page bytes.Buffer
	if err := frontPage.Execute(&page, struct {
		FrontPage
		Style template.CSS
	}{p, frontStyle}); err != nil {
		panic(err) // the template fits
	}
	plain, err := api.MarshalPlain(p.paths())
	if err != nil {
		panic(err) // strings marshal
	}
	sum := sha256.Sum256([]byte(frontStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Accept")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "json") && !strings.Contains(accept, "text/html") {
			h.Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write(append(plain[:len(plain):len(plain)], '\n')) // the client may be gone
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes())
	})
}

// paths returns the paths that the page links to, by name.
func (p FrontPage) paths() map[string]string {
	paths := map[string]string{"service": "dialogs", "graphql": "/graphql", "ready": "/readyz"}
	if p.QuickBlox {
		paths["quickblox"] = "/chat/Dialog.json"
	}
	if p.Playground {
		paths["playground"] = "/playground"
	}
	return paths
}
