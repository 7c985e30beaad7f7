package clienttest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed page.js
var harness string

// Chromium is the browser's path, and false without one.
func Chromium() (string, bool) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// A Browser has one tab, is used like a person would use it, and records what
// went wrong.
type Browser struct {
	tb   testing.TB
	ctx  context.Context
	site string

	mu      sync.Mutex
	trouble []string
}

// OpenBrowser runs a browser that can reach the site and nothing else. It is
// closed with the test.
func OpenBrowser(tb testing.TB, chromium, site string) *Browser {
	tb.Helper()
	b := &Browser{tb: tb, site: site}
	allocator, closeBrowser := chromedp.NewExecAllocator(context.WithoutCancel(tb.Context()), slices.Concat(
		chromedp.DefaultExecAllocatorOptions[:],
		[]chromedp.ExecAllocatorOption{
			chromedp.ExecPath(chromium),
			chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		},
	)...)
	tb.Cleanup(closeBrowser)
	ctx, closeTab := chromedp.NewContext(allocator, chromedp.WithListener(b.listen))
	tb.Cleanup(closeTab)
	// The browser lives as long as the context of the first action.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1180, 860)); err != nil {
		tb.Fatalf("starting the browser: %v", err)
	}
	b.ctx = ctx
	b.InEveryPage(harness)
	return b
}

// InEveryPage runs JavaScript in each page that is loaded from now on, before
// the page's own.
func (b *Browser) InEveryPage(script string) {
	b.tb.Helper()
	run(b, "adding a script to every page", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// listen keeps complaints, and requests that leave the site.
func (b *Browser) listen(event any) {
	var what string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if !slices.Contains([]runtime.ConsoleAPICalledType{"error", "warning", "assert"}, e.Type) {
			return
		}
		what = "console:"
		for _, arg := range e.Args {
			what += fmt.Sprintf(" %s%s", arg.Value, arg.Description)
		}
	case *runtime.EventExceptionThrown:
		what = fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		what = fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(e.Request.URL, b.site+"/") || strings.HasPrefix(e.Request.URL, "data:") {
			return
		}
		what = "request: " + e.Request.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = append(b.trouble, what)
}

// Trouble is what went wrong since the last look at it.
func (b *Browser) Trouble() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	trouble := b.trouble
	b.trouble = nil
	return trouble
}

// run bounds an action by the test's patience.
func run[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.fail(what, err)
	}
	return v
}

// fail ends the test with what the page shows.
func (b *Browser) fail(what string, err error) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	b.tb.Fatalf("%s: %v\ntrouble so far: %q\nthe page shows:\n%s", what, err, b.Trouble(), shown)
}

// Resize sets the size of the page, in CSS pixels.
func (b *Browser) Resize(width, height int64) {
	b.tb.Helper()
	run(b, "resizing", chromedp.EmulateViewport(width, height))
}

// Prefer sets the color scheme that the user prefers: "light" or "dark".
func (b *Browser) Prefer(scheme string) {
	b.tb.Helper()
	run(b, "preferring "+scheme, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Go loads a page of the site.
func (b *Browser) Go(path string) {
	b.tb.Helper()
	run(b, "going to "+path, chromedp.Navigate(b.site+path))
}

// Press types text, and keys of package kb, wherever the focus is.
func (b *Browser) Press(keys string) {
	b.tb.Helper()
	run(b, fmt.Sprintf("typing %q", keys), chromedp.KeyEvent(keys))
}

// Evaluate runs JavaScript for what it does.
func (b *Browser) Evaluate(script string) {
	b.tb.Helper()
	run(b, script, chromedp.Evaluate[bool](script+`; true`))
}

// Read returns the text that JavaScript evaluates to, or promises.
func (b *Browser) Read(expression string) string {
	b.tb.Helper()
	return run(b, "reading "+expression, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
}

// Await waits until JavaScript is true.
func (b *Browser) Await(what, condition string) {
	b.tb.Helper()
	run(b, "waiting for "+what, chromedp.Evaluate[bool](`new Promise(done => {
		const look = () => {
			let found = false;
			try { found = `+condition+`; } catch { /* what it looks at is not there yet */ }
			found ? done(true) : setTimeout(look, 10);
		};
		look();
	})`, chromedp.EvalAwaitPromise))
}

// Idle waits until none of the page's requests is running, and the page has
// shown the answers.
func (b *Browser) Idle() {
	b.tb.Helper()
	run(b, "waiting for requests to end", chromedp.Evaluate[bool](`harness.idle().then(() => true)`, chromedp.EvalAwaitPromise))
}

// Texts are those of the elements that a CSS selector finds.
func (b *Browser) Texts(selector string) []string {
	b.tb.Helper()
	return run(b, "reading "+selector, chromedp.Evaluate[[]string](
		fmt.Sprintf(`Array.from(document.querySelectorAll(%q), element => element.innerText)`, selector),
	))
}

// Photograph writes a picture of the page to a PNG file.
func (b *Browser) Photograph(path string) {
	b.tb.Helper()
	if err := os.WriteFile(path, run(b, "photographing", chromedp.CaptureScreenshot()), 0o600); err != nil {
		b.tb.Fatal(err)
	}
}
