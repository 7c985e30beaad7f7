package playground_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dialogs/playground"
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// needChromeAndPage returns the browser's path.
func needChromeAndPage(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("dist/page/index.html"); err == nil {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if path, err := exec.LookPath(name); err == nil {
				return path
			}
		}
	}
	const notRun = "NOT RUN: playground in a browser: needs chromium and npm"
	if os.Getenv("CI") == "true" {
		t.Fatal(notRun)
	}
	t.Skip(notRun)
	return ""
}

// A browser has one tab, and keeps what went wrong in it.
type browser struct {
	testing.TB
	ctx  context.Context
	site string

	mu      sync.Mutex
	trouble []string
}

// watch runs before the scripts of every page: it keeps what the page's policy
// kept from happening, and whatever was put into the browser's storage.
const watch = `
	window.violations = [];
	addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ': ' + e.blockedURI));
	window.stored = [];
	const setItem = Storage.prototype.setItem;
	Storage.prototype.setItem = function (key, value) { stored.push(key + ': ' + value); setItem.call(this, key, value); };
`

// start runs a browser for which only the site has an address.
func start(t testing.TB, chrome, site string) *browser {
	t.Helper()
	b := &browser{TB: t, site: site}
	allocator, closeBrowser := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), slices.Concat(
		chromedp.DefaultExecAllocatorOptions[:],
		[]chromedp.ExecAllocatorOption{
			chromedp.ExecPath(chrome),
			chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		},
	)...)
	t.Cleanup(closeBrowser)
	ctx, closeTab := chromedp.NewContext(allocator, chromedp.WithListener(b.listen))
	t.Cleanup(closeTab)
	err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 720), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	b.ctx = ctx
	return b
}

// listen keeps complaints, and requests that leave the site.
func (b *browser) listen(event any) {
	var what string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if !slices.Contains([]runtime.ConsoleAPICalledType{"error", "warning", "assert"}, e.Type) {
			return
		}
		what = "console: "
		for _, arg := range e.Args {
			what += fmt.Sprintf("%s%s ", arg.Value, arg.Description)
		}
	case *runtime.EventExceptionThrown:
		what = fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		what = fmt.Sprintf("log: %s %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		what = "request: " + e.Request.URL
		if strings.HasPrefix(e.Request.URL, b.site+"/") || strings.HasPrefix(e.Request.URL, "data:") {
			return
		}
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = append(b.trouble, what)
}

// run bounds an action by the test's patience.
func run[T any](b *browser, what string, action chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.Fatalf("%s: %v; so far: %q", what, err, b.trouble)
	}
	return v
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	run(b, "using the page", chromedp.Steps(steps...))
}

// evaluate runs JavaScript for what it does.
func (b *browser) evaluate(script string) {
	b.Helper()
	run(b, script, chromedp.Evaluate[bool](script+`; true`))
}

// await waits until JavaScript is true. The page's policy forbids the way in
// which chromedp polls.
func (b *browser) await(what, condition string) {
	b.Helper()
	run(b, "waiting for "+what, chromedp.Evaluate[bool](`new Promise(done => {
		const look = () => {
			let found = false;
			try { found = `+condition+`; } catch { /* what it looks at is not there yet */ }
			found ? done(true) : setTimeout(look, 10);
		};
		look();
	})`, chromedp.EvalAwaitPromise))
}

// open loads the page and waits until it can be used.
func (b *browser) open(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.site + path))
	b.await("the page", valueOf(operation)+` !== '' && document.querySelector('.graphiql-execute-button') !== null`)
}

// text is what an editor of the page holds.
func (b *browser) text(editor string) string {
	b.Helper()
	return run(b, "reading "+editor, chromedp.Evaluate[string](valueOf(editor)))
}

// photograph writes a picture of the page.
func (b *browser) photograph(path string) {
	b.Helper()
	picture := run(b, "photographing", chromedp.CaptureScreenshot())
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		b.Fatal(err)
	}
}

// keptNoSecrets looks at all that was put into the browser's storage since the
// page was loaded, by when GraphiQL has stored what it puts off: half a second.
// Timers run in the order in which they are due.
func (b *browser) keptNoSecrets(c *playground.Credentials) {
	b.Helper()
	stored := run(b, "reading what was stored", chromedp.Evaluate[string](
		`new Promise(done => setTimeout(() => done(stored.concat(Object.entries(localStorage), Object.entries(sessionStorage)).join('\n')), 600))`,
		chromedp.EvalAwaitPromise,
	))
	if !strings.Contains(stored, "graphiql:queries") {
		b.Errorf("nothing that was run is in the browser's storage: %s", stored)
	}
	for _, secret := range []string{c.APIKey, c.Token, "ApiKey", "QB-Token", "Authorization"} {
		if strings.Contains(stored, secret) {
			b.Errorf("%q is in the browser's storage: %s", secret, stored)
		}
	}
}

// hadNoTrouble fails the test for whatever went wrong since the start.
func (b *browser) hadNoTrouble() {
	b.Helper()
	violations := run(b, "reading violations", chromedp.Evaluate[[]string](`violations`))
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, what := range append(violations, b.trouble...) {
		b.Error(what)
	}
}
