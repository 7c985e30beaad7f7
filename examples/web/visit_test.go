package web_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

var screenshots = flag.String("screenshots", "", "write pictures of the page into this directory")

// A visit is somebody using the page.
type visit struct {
	*testing.T
	*clienttest.Browser
	server *servertest.Server
	// dialog is the one that the visit is about.
	dialog string
}

// asServer sends an operation as a back end.
func (v *visit) asServer(query string) servertest.Reply {
	v.Helper()
	return v.server.Must(servertest.WithKey(v.server.DevelopmentKey()), query, nil)
}

// update changes the visit's dialog behind the page's back, once the page has asked for
// everything that it reads by itself.
func (v *visit) update(input string) {
	v.Helper()
	v.settles()
	v.asServer(fmt.Sprintf(`mutation { updateDialog(id: %q, input: {%s}) { dialog { version } } }`, v.dialog, input))
}

// read returns one field of the visit's dialog as the server has it.
func (v *visit) read(field string) any {
	v.Helper()
	var dialog struct{ Field any }
	servertest.Decode(v, v.asServer(fmt.Sprintf(`{ dialog(id: %q) { field: %s } }`, v.dialog, field)).Data["dialog"], &dialog)
	return dialog.Field
}

// button is the XPath of a button by its name.
func button(name string) string {
	return fmt.Sprintf(`//button[not(@aria-label) and normalize-space()=%q or @aria-label=%q]`, name, name)
}

// modal is the XPath of the open modal.
const modal = `//dialog[@open]`

// inModal is the XPath of a button of the open modal.
func inModal(name string) string { return modal + button(name) }

// field is the XPath of an input by its name.
func field(name string) string {
	return fmt.Sprintf(`//*[self::input or self::select][@aria-label=%q or parent::label[normalize-space(text())=%q]]`, name, name)
}

// link is the XPath of a dialog in the list.
func link(title string) string {
	return fmt.Sprintf(`//nav//a[span[contains(@class,"title") and .=%q]]`, title)
}

// sees waits until the page shows the text.
func (v *visit) sees(text string) {
	v.Helper()
	v.Await(fmt.Sprintf("the text %q", text), fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}

// misses waits until the page does not show the text.
func (v *visit) misses(text string) {
	v.Helper()
	v.Await(fmt.Sprintf("the text %q to be gone", text), fmt.Sprintf(`!document.body.innerText.includes(%q)`, text))
}

// lists waits until the list has these dialogs.
func (v *visit) lists(titles ...string) {
	v.Helper()
	v.Await(fmt.Sprintf("the list to be %q", titles), fmt.Sprintf(
		`Array.from(document.querySelectorAll('.list .title'), title => title.innerText).join('\n') === %q`, strings.Join(titles, "\n"),
	))
}

// has waits until the open dialog has these people.
func (v *visit) has(people ...string) {
	v.Helper()
	v.Await(fmt.Sprintf("the people to be %q", people), fmt.Sprintf(
		`Array.from(document.querySelectorAll('.people .title'), title => title.innerText).join('\n') === %q`, strings.Join(people, "\n"),
	))
}

// opens opens a dialog by its link in the list.
func (v *visit) opens(title string) {
	v.Helper()
	v.Click(link(title))
	v.titled(title)
}

// titled waits until the dialog of this title is open.
func (v *visit) titled(title string) {
	v.Helper()
	v.Await(fmt.Sprintf("%q to be open", title), fmt.Sprintf(`document.querySelector('h1').innerText === %q`, title))
}

// focused waits until what matches the CSS selector, and has the text or value
// or label, has the focus.
func (v *visit) focused(selector, text string) {
	v.Helper()
	v.Await(fmt.Sprintf("the focus on %s %q", selector, text), fmt.Sprintf(
		`document.activeElement.matches(%q) && [document.activeElement.ariaLabel, document.activeElement.value, document.activeElement.innerText].includes(%q)`,
		selector, text,
	))
}

// offers waits until there is, or is not, something to use.
func (v *visit) offers(xpath string, want bool) {
	v.Helper()
	v.Await(fmt.Sprintf("%s to be there: %v", xpath, want), fmt.Sprintf(`document.evaluate(%q, document, null, 3).booleanValue === %v`, xpath, want))
}

// chooses selects an option as a person would, for which a headless browser
// shows no list.
func (v *visit) chooses(xpath, option string) {
	v.Helper()
	v.Click(xpath)
	v.Press(kb.Escape)
	v.Evaluate(fmt.Sprintf(`{
		const select = document.evaluate(%q, document, null, 9).singleNodeValue;
		Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(select, %q);
		select.dispatchEvent(new Event('change', { bubbles: true }));
	}`, xpath, option))
}

// manages chooses from the menu of a person.
func (v *visit) manages(person, what string) {
	v.Helper()
	v.Click(button("Manage " + person))
	v.Click(`//*[@popover and button]` + button(what) + `[ancestor::li[.//span[contains(@class,"title") and .=` + fmt.Sprintf("%q", person) + `]]]`)
}

// shot takes a screenshot for people to look at.
func (v *visit) shot(name string) {
	v.Helper()
	if *screenshots != "" {
		v.Photograph(filepath.Join(*screenshots, name+".png"))
	}
}

// signInAs signs in with a session token, by the keyboard alone: the input has
// the focus from the start.
func (v *visit) signInAs(user string) {
	v.Helper()
	v.Await("the input to have the focus", `document.activeElement.tagName === 'INPUT'`)
	v.Press(v.server.Token(user) + kb.Enter)
	v.sees("Sign out")
}

// becomes signs in as another user.
func (v *visit) becomes(user string) {
	v.Helper()
	v.Click(button("Sign out"))
	v.signInAs(user)
}

// Ways in which a request can fail, as JavaScript in the place of fetch.
const (
	// neverSent is a request that does not reach the server.
	neverSent = `() => Promise.reject(new TypeError('Failed to fetch'))`
	// answerLost is a request that the server executes, and whose answer is lost.
	answerLost = `(...request) => sent(...request).then(() => { throw new TypeError('Failed to fetch'); })`
	// neverAnswered is a request that gets no answer until the page gives up.
	neverAnswered = `(url, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))`
	// badGateway is a proxy's answer in the place of the server's.
	badGateway = `async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } })`
	// tokenEnded is a request whose token is no longer accepted.
	tokenEnded = `(url, options) => sent(url, { ...options, headers: { ...options.headers, 'qb-token': 'ended' } })`
	// nonsense is an answer about one dialog that does not follow the schema.
	nonsense = `(url, options) => String(url).includes('OpenDialog')
		? Promise.resolve(Response.json({ data: { dialog: { __typename: 'Dialog', type: 'GROUP', occupants: 7 } } }))
		: sent(url, options)`
)

// failing has every request fail in this way until succeeding is called. What
// the page has asked for before is answered first.
func (v *visit) failing(way string) {
	v.Helper()
	v.settles()
	v.Evaluate(`window.sent ??= window.fetch; window.fetch = ` + way)
}

// settles waits until the page has shown all answers, and waits for no other.
func (v *visit) settles() {
	v.Helper()
	v.Await("the page to be up to date", `document.querySelector('[aria-busy=true]') === null`)
	v.Idle()
}

// retries tries again what failed in one part of the page.
func (v *visit) retries(part string) {
	v.Helper()
	v.Click(part + `//*[contains(@class, "note")]` + button("Try again"))
}

func (v *visit) succeeding() {
	v.Helper()
	v.Evaluate(`window.fetch = window.sent`)
}

// expects drops the troubles that say so; others stay an error.
func (v *visit) expects(text string) {
	v.Helper()
	for _, trouble := range v.Trouble() {
		if !strings.Contains(trouble, text) {
			v.Errorf("there was trouble: %s", trouble)
		}
	}
}
