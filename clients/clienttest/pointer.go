package clienttest

import (
	"context"
	"fmt"

	"github.com/chromedp/chromedp"
)

// Click clicks on the only visible element that an XPath finds. Like
// Playwright, it waits until the element is enabled, stands still for two
// animation frames and is not covered, and tries again when the page moved it
// away from the pointer: no other element ever receives the click.
func (b *Browser) Click(xpath string) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for why := "the page does not answer"; ; {
		miss, err := click(ctx, xpath)
		switch {
		case ctx.Err() != nil:
			b.fail("clicking on "+xpath, fmt.Errorf("gave up after %v: %s", patience, why))
		case err != nil:
			why = err.Error() // another page may be loading
		case miss == "":
			return
		default:
			why = miss
		}
	}
}

// click tries once, and tells why the element was not clicked on.
func click(ctx context.Context, xpath string) (miss string, err error) {
	at, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
		X   float64 `json:"x"`
		Y   float64 `json:"y"`
		Why string  `json:"why"`
	}](fmt.Sprintf(`harness.aim(%q)`, xpath), chromedp.EvalAwaitPromise))
	if err != nil || at.Why != "" {
		return at.Why, err
	}
	if err := chromedp.Do(ctx, chromedp.MouseClickXY(at.X, at.Y)); err != nil {
		return "", err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[string](`harness.missed()`))
}

// Fill types text in the place of what an input holds.
func (b *Browser) Fill(xpath, text string) {
	b.tb.Helper()
	b.Click(xpath)
	b.Await("the focus in "+xpath, fmt.Sprintf(`harness.found(%q)[0] === document.activeElement`, xpath))
	b.Evaluate(`document.activeElement.select()`)
	b.Press(text)
}
