package playground_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/playground"
	"dialogs/store/memory"
)

var screenshot = flag.String("screenshot", "", "write a picture of the page to this PNG file")

// The editors of the page.
const (
	operation = "operation.graphql"
	headers   = "request-headers.json"
	response  = "response.json"
)

// TestPage uses the page as a newcomer does, with nothing to reach but its own
// server: looks at the README's recipes tab by tab, runs them, makes a
// mistake, and loads the page again.
func TestPage(t *testing.T) {
	chrome := needChromeAndPage(t)
	site, dev := serve(t, true)
	credentials := &dev.Credentials
	b := start(t, chrome, site.URL)
	b.open(dev.Link())

	recipes := readRecipes(t)
	filledIn := strings.NewReplacer("$KEY", credentials.APIKey, "$TOKEN", credentials.Token)
	for i, r := range recipes {
		b.do(tab(i))
		b.await("the operation that the README has (make build makes the page anew)", valueOf(operation)+` === `+quoted("# "+r.title+"\n\n"+r.operation+"\n"))
		if diff := cmp.Diff(parsedHeaders(filledIn.Replace(r.headers)), decoded(t, b.text(headers))); diff != "" {
			t.Errorf("%s: the tab has other headers (-README +page):\n%s", r.title, diff)
		}
	}

	for i, r := range recipes {
		b.do(tab(i), click(".graphiql-execute-button")) // at once: the editors' debounced handlers come later
		b.await("an answer", valueOf(response)+`.endsWith('}')`)
		got := decoded(t, b.text(response))
		if diff := cmp.Diff(decoded(t, r.answer), got, differing(i)); diff != "" && r.answer != "{}" {
			t.Errorf("%s: another answer than the README's (-README +page):\n%s", r.title, diff)
		}
		if answer, ok := got.(map[string]any); r.answer == "{}" && (!ok || answer["errors"] != nil || answer["data"] == nil) {
			t.Errorf("%s: got %v, want no errors", r.title, got)
		}
		if i == 2 && *screenshot != "" {
			b.photograph(*screenshot)
		}
	}

	// Workers have the page's policy too, and this one knows the schema.
	b.evaluate(modelOf(operation) + `.setValue('{ nowhere }')`)
	b.await("a field to be marked that the schema has not", `__MONACO.editor.getModelMarkers({}).some(m => /"nowhere"/.test(m.message))`)
	b.keptNoSecrets(credentials)

	b.open("/playground/")
	b.do(click(`button[aria-label="Show History"]`), click(".graphiql-history-item-label"))
	b.await("the latest in the history, with its headers", valueOf(headers)+`.includes('erin')`)
	b.keptNoSecrets(credentials)
	b.hadNoTrouble()
}

// differing leaves out what a recipe's answer need not share with the
// README's: each tab has a comment above its operation, and there is no tab
// for the second operation of the seventh recipe, which makes a version.
func differing(recipe int) cmp.Option {
	return cmpopts.IgnoreMapEntries(func(name string, _ any) bool {
		return name == "locations" || name == "version" && recipe > 7
	})
}

// TestPageOutsideOfDevelopment shows where credentials go, and has none.
func TestPageOutsideOfDevelopment(t *testing.T) {
	chrome := needChromeAndPage(t)
	site, _ := serve(t, false)
	b := start(t, chrome, site.URL)
	b.open("/playground")
	b.await("the first recipe's header as a comment", valueOf(headers)+` === `+quoted("{\n  // \"Authorization\": \"ApiKey $KEY\"\n}"))
	b.do(click(".graphiql-execute-button"))
	b.await("the answer to the anonymous", valueOf(response)+`.includes('UNAUTHENTICATED')`)
	b.hadNoTrouble()
}

// serve runs the page and the API behind it. The page has the credentials in
// development mode only.
func serve(t testing.TB, dev bool) (*httptest.Server, *playground.Development) {
	t.Helper()
	store, log := memory.NewStore(), slog.New(slog.DiscardHandler)
	key, record, err := auth.NewAPIKey("development", time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.AddAPIKey(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	secret := []byte(rand.Text() + rand.Text())
	minter, err := auth.NewMinter(secret, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := minter.Mint("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	authenticator, err := auth.New(t.Context(), auth.Config{Secret: secret, Keys: store, Sessions: store, Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(authenticator.Close)
	door := graph.NewHandler(graph.Config{
		Service:       dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader),
		Sessions:      minter,
		Caller:        func(ctx context.Context) dialog.Caller { return auth.FromContext(ctx).Caller },
		Log:           log,
		Introspection: true,
		Limits:        graph.DefaultLimits(),
	})
	development := &playground.Development{Credentials: playground.Credentials{APIKey: key, Token: token}, Token: rand.Text()}
	page := playground.Handler("/graphql", nil)
	if dev {
		page = playground.Handler("/graphql", development)
	}
	mux := http.NewServeMux()
	mux.Handle("/playground", page)
	mux.Handle("/playground/", page)
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		identity, err := authenticator.Authenticate(r.Context(), r.Header)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		door.ServeHTTP(w, r.WithContext(auth.WithIdentity(r.Context(), identity)))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site, development
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

// tab clicks on a tab.
func tab(i int) chromedp.Action[chromedp.Void] {
	return click("#graphiql-session-tab-" + strconv.Itoa(i))
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// parsedHeaders reads HTTP headers, one a line.
func parsedHeaders(text string) any {
	parsed := map[string]any{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		parsed[name] = value
	}
	return parsed
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
