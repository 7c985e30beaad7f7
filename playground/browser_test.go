package playground_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// A visit is somebody using the page.
type visit struct {
	*testing.T
	*clienttest.Browser
	server *servertest.Server
}

// visitTo runs a server and a browser for which only the server has an address.
func visitTo(t *testing.T, args ...string) *visit {
	t.Helper()
	chromium, ok := clienttest.Chromium()
	if _, err := os.Stat("dist/page/index.html"); err != nil || !ok {
		clienttest.NotRun(t, "playground in a browser", "chromium and npm")
	}
	server := servertest.Start(t, args...)
	v := &visit{T: t, Browser: clienttest.OpenBrowser(t, chromium, server.URL), server: server}
	v.InEveryPage(watch)
	return v
}

// watch keeps whatever was put into the browser's storage.
const watch = `
	window.stored = [];
	const setItem = Storage.prototype.setItem;
	Storage.prototype.setItem = function (key, value) { stored.push(key + ': ' + value); setItem.call(this, key, value); };
`

// The editors of the page.
const (
	operation = "operation.graphql"
	headers   = "request-headers.json"
	response  = "response.json"
)

const executeButton = `//button[contains(@class, "graphiql-execute-button")]`

// opens loads the page and waits until it can be used.
func (v *visit) opens(path string) {
	v.Helper()
	v.Go(path)
	v.Await("the page", valueOf(operation)+` !== '' && document.querySelector('.graphiql-execute-button') !== null`)
}

// link is the path of the page that a development server prints.
func (v *visit) link() string {
	v.Helper()
	return v.server.Stdout.Await(v, `Playground:? +https?://[^/\s]+(/playground\S*)`)
}

// switches shows another tab.
func (v *visit) switches(tab int) {
	v.Helper()
	v.Click(fmt.Sprintf(`//button[@id="graphiql-session-tab-%d"]`, tab))
	v.Await("the tab", fmt.Sprintf(`document.querySelector('.graphiql-tab-active button').id.endsWith('-%d')`, tab))
}

// text is what an editor of the page holds.
func (v *visit) text(editor string) string {
	v.Helper()
	return v.Read(valueOf(editor))
}

// says waits until the page shows the text.
func (v *visit) says(text string) {
	v.Helper()
	v.Await(fmt.Sprintf("the text %q", text), `document.body.innerText.includes(`+quoted(text)+`)`)
}

// keptNoSecrets looks at all that was put into the browser's storage since the
// page was loaded, by when GraphiQL has stored what it puts off: half a second.
// Timers run in the order in which they are due.
func (v *visit) keptNoSecrets(secrets ...string) {
	v.Helper()
	stored := v.Read(`new Promise(done => setTimeout(() => done(stored.concat(Object.entries(localStorage), Object.entries(sessionStorage)).join('\n')), 600))`)
	if !strings.Contains(stored, "graphiql:queries") {
		v.Errorf("nothing that was run is in the browser's storage: %s", stored)
	}
	for _, secret := range append(secrets, "ApiKey", "QB-Token", "Authorization") {
		if strings.Contains(stored, secret) {
			v.Errorf("%q is in the browser's storage: %s", secret, stored)
		}
	}
}

// hadNoTrouble fails the test for whatever went wrong, except for troubles that
// say what is expected.
func (v *visit) hadNoTrouble(expected ...string) {
	v.Helper()
	for _, trouble := range v.Trouble() {
		isExpected := false
		for _, part := range expected {
			isExpected = isExpected || strings.Contains(trouble, part)
		}
		if !isExpected {
			v.Errorf("there was trouble: %s", trouble)
		}
	}
}

// modelOf is JavaScript for what an editor of the page holds.
func modelOf(editor string) string {
	return `__MONACO.editor.getModels().find(m => m.uri.path.endsWith(` + quoted(editor) + `))`
}

func valueOf(editor string) string { return modelOf(editor) + `.getValue()` }

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings marshal
	}
	return string(text)
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
