package clienttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/clients/clienttest"
)

// restless has a Go button that is hard to click on, each time for another
// reason, and a Stop button that must not be clicked on.
const restless = `<!doctype html><link rel="icon" href="data:,">
<style>button { position: absolute; left: 0; width: 100px; height: 30px; top: 0 } #stop { top: 100px } input { position: absolute; top: 150px } #cover { position: fixed; inset: 0 }</style>
<button id="go">Go</button><button id="stop">Stop</button><input aria-label="Name" value="old">
<script>
	window.clicks = [];
	for (const button of document.querySelectorAll('button')) button.onclick = () => clicks.push(button.id);
	const [go, stop] = document.querySelectorAll('button');
	const later = (frames, act) => frames === 0 ? act() : requestAnimationFrame(() => later(frames - 1, act));
	const ways = {
		moves() { let y = 0; const step = () => { go.style.top = ++y + 'px'; if (y < 30) requestAnimationFrame(step); }; step(); },
		isCovered() { const cover = document.body.appendChild(document.createElement('div')); cover.id = 'cover'; later(20, () => cover.remove()); },
		isDisabled() { go.disabled = true; later(20, () => { go.disabled = false; }); },
		isBusy() { go.ariaDisabled = true; later(20, () => { go.ariaDisabled = null; }); },
		isHidden() { go.style.display = 'none'; later(20, () => { go.style.display = ''; }); },
		isTwice() { const twin = document.body.appendChild(go.cloneNode(true)); twin.style.top = '200px'; later(20, () => twin.remove()); },
		isFarAway() { go.style.top = '5000px'; },
		isReplaced() { const old = go.cloneNode(true); old.style.top = '300px'; go.hidden = true; document.body.append(old); later(1, () => { old.remove(); go.hidden = false; }); },
		// What is aimed at changes places with the other button before the click arrives.
		isSwapped() {
			const { aim } = harness;
			harness.aim = async (xpath) => {
				const at = await aim(xpath);
				harness.aim = aim;
				[go.style.top, stop.style.top] = ['100px', '0'];
				return at;
			};
		},
		movesWhilePressed() { addEventListener('pointerdown', () => { go.style.top = '400px'; }, { once: true }); },
	};
	ways[location.search.slice(1)]?.();
</script>`

// TestClick clicks on what is not there yet, or no longer where it was: the
// element is clicked on once, and no other is.
func TestClick(t *testing.T) {
	b := open(t, restless)
	for _, way := range []string{
		"stays", "moves", "isCovered", "isDisabled", "isBusy", "isHidden", "isTwice", "isFarAway", "isReplaced", "isSwapped", "movesWhilePressed",
	} {
		b.Go("/?" + way)
		b.Click(`//button[.="Go"]`)
		if diff := cmp.Diff("go", b.Read(`clicks.join()`)); diff != "" {
			t.Errorf("the button %s (-want +got):\n%s", way, diff)
		}
	}
	b.Go("/")
	b.Fill(`//input`, "new")
	b.Await("the text", `document.querySelector('input').value === 'new'`)
	if trouble := b.Trouble(); len(trouble) > 0 {
		t.Errorf("there was trouble: %q", trouble)
	}
}

// TestIdle waits for an answer, and for what follows from it.
func TestIdle(t *testing.T) {
	b := open(t, `<!doctype html><link rel="icon" href="data:,"><script>
		const ask = () => fetch('/slow').then(answer => answer.text());
		window.shown = '';
		ask().then(first => ask().then(second => { shown = first + second; }));
	</script>`)
	b.Go("/")
	b.Idle()
	if shown := b.Read(`shown`); shown != "slowslow" {
		t.Errorf("got %q before both answers were shown", shown)
	}
}

// open serves one page, and something slow, to a browser.
func open(t *testing.T, page string) *clienttest.Browser {
	t.Helper()
	chromium, ok := clienttest.Chromium()
	if !ok {
		clienttest.NotRun(t, "the browser harness", "chromium")
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_, _ = io.WriteString(w, "slow")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(site.Close)
	return clienttest.OpenBrowser(t, chromium, site.URL)
}
