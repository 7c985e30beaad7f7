// Package web_test uses the page in a browser as a person would, before the
// real server.
package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

var screenshots = flag.String("screenshots", "", "write pictures of the page into this directory")

// A visit is somebody at the page.
type visit struct {
	*testing.T
	*clienttest.Browser
	server *servertest.Process
	// dialog is the one that the visit is about.
	dialog string
}

// TestPage builds the page and spends a day at it. Each part goes on where the
// one before stopped.
func TestPage(t *testing.T) {
	chromium, ok := clienttest.Chromium()
	if _, err := exec.LookPath("npm"); err != nil || !ok {
		clienttest.NotRun(t, "examples/web in a browser", "chromium and npm")
	}
	clienttest.Install(t, ".")
	clienttest.Run(t, ".", nil, "npm", "run", "--silent", "build")
	server := servertest.Spawn(t, "--dev")
	preview := exec.Command("node", "node_modules/vite/bin/vite.js", "preview", "--port", "0")
	preview.Env = append(preview.Environ(), "DIALOGS_URL="+server.URL, "NO_COLOR=1")
	site := clienttest.Await(t, preview, `Local: +(http://127\.0\.0\.1:\d+)/`)

	v := &visit{T: t, Browser: clienttest.OpenBrowser(t, chromium, site), server: server}
	v.setUp()
	for _, part := range []func(){
		v.signsIn, v.pagesThroughTheList, v.makesAGroup, v.renames, v.changesPeople,
		v.editsCustomData, v.isSlowerThanAnother, v.losesARight, v.leaves, v.followsAStrangersLink,
	} {
		part()
		if trouble := v.Trouble(); len(trouble) > 0 {
			t.Errorf("there was trouble: %q", trouble)
		}
	}
}

// setUp makes twelve dialogs of alice's; the one of the visit has bob as its
// admin, and carol.
func (v *visit) setUp() {
	v.asServer(`mutation { defineCustomClass(input: { name: "Order", fields: [
		{ name: "number", type: INTEGER }, { name: "paid", type: BOOLEAN }, { name: "tags", type: STRING, list: true }
	] }) { customClass { name } } }`)
	v.asServer(`mutation { createDialog(input: { type: PRIVATE, ownerId: "alice", occupantIds: ["erin"] }) { created } }`)
	for i := range 10 {
		v.asServer(fmt.Sprintf(`mutation { createDialog(input: { type: GROUP, ownerId: "alice", name: "Order %d", occupantIds: ["bob"] }) { created } }`, 4701+i))
	}
	v.dialog = "65ba1b4a0000000000000001"
	v.asServer(`mutation { createDialog(input: { id: "65ba1b4a0000000000000001", type: GROUP, ownerId: "alice", name: "Order 4711",
		occupantIds: ["bob", "carol"], adminIds: ["bob"] }) { created } }`)
}

// asServer sends an operation as a back end, and decodes its data.
func (v *visit) asServer(query string) map[string]any {
	v.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		v.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.Context(), http.MethodPost, v.server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "ApiKey "+v.server.DevelopmentKey())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		v.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		v.Fatalf("%s: %v %v", query, err, answer.Errors)
	}
	return answer.Data
}

// update changes the visit's dialog behind the page's back.
func (v *visit) update(input string) {
	v.Helper()
	v.asServer(fmt.Sprintf(`mutation { updateDialog(id: %q, input: {%s}) { dialog { version } } }`, v.dialog, input))
}

// button is the XPath of a button by what it is called.
func button(name string) string {
	return fmt.Sprintf(`//button[not(@aria-label) and normalize-space()=%q or @aria-label=%q]`, name, name)
}

// field is the XPath of an input by what it is called.
func field(name string) string {
	return fmt.Sprintf(`//*[self::input or self::select][@aria-label=%q or parent::label[normalize-space(text())=%q]]`, name, name)
}

// link is the XPath of a dialog in the list.
func link(title string) string { return fmt.Sprintf(`//nav//a[span=%q]`, title) }

// sees waits until the page shows the text, whatever its letters' case.
func (v *visit) sees(text string) {
	v.Helper()
	v.Await(fmt.Sprintf("the text %q", text), fmt.Sprintf(`document.body.innerText.toLowerCase().includes(%q)`, strings.ToLower(text)))
}

// lists waits until the list has these dialogs.
func (v *visit) lists(titles ...string) {
	v.Helper()
	v.Await(fmt.Sprintf("the list to be %q", titles), fmt.Sprintf(
		`Array.from(document.querySelectorAll('.list .title'), title => title.innerText).join('\n') === %q`, strings.Join(titles, "\n"),
	))
}

// offers waits until there is, or is not, something to use.
func (v *visit) offers(xpath string, want bool) {
	v.Helper()
	v.Await(fmt.Sprintf("%s to be there: %v", xpath, want), fmt.Sprintf(`document.evaluate(%q, document, null, 3).booleanValue === %v`, xpath, want))
}

// shot takes a picture for whoever wants to look.
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

func (v *visit) signsIn() {
	v.Go("/")
	v.shot("sign-in")
	v.Await("the input to have the focus", `document.activeElement.tagName === 'INPUT'`)
	v.Press("nonsense" + kb.Enter)
	v.sees("The server does not take this token")
	// The browser itself complains of HTTP 401, once for each of two requests.
	for _, trouble := range v.Trouble() {
		if !strings.Contains(trouble, "401") {
			v.Errorf("there was trouble: %s", trouble)
		}
	}
	v.signInAs("alice")
	v.Go("/")
	v.sees("Choose a dialog") // and nobody had to sign in again
}

func (v *visit) pagesThroughTheList() {
	newer := []string{"Order 4711", "Order 4710", "Order 4709", "Order 4708", "Order 4707", "Order 4706", "Order 4705", "Order 4704"}
	v.lists(newer...)
	v.sees("12 in all")
	v.offers(button("Newer")+"[@disabled]", true)
	v.Click(button("Older"))
	v.lists("Order 4703", "Order 4702", "Order 4701", "erin")
	v.offers(button("Older")+"[@disabled]", true)
	v.Click(link("erin"))
	v.Await("the private dialog to be open", `document.querySelector('h1').innerText === 'erin'`)
	for _, what := range []string{button("Rename"), button("Remove erin"), button("Leave this dialog"), field("User ids to add")} {
		v.offers(what, false)
	}
	v.Click(button("Newer"))
	v.lists(newer...)
}

func (v *visit) makesAGroup() {
	v.Fill(field("Name of a new group"), "Picnic"+kb.Enter)
	v.Await("the group to be open", `document.querySelector('h1').innerText === 'Picnic'`)
	v.sees("You are the owner")
	v.sees("13 in all")
	v.Await("the list to say which is open", `document.querySelector('[aria-current=page] .title').innerText === 'Picnic'`)
}

// renames by the keyboard, once the dialog is open.
func (v *visit) renames() {
	v.Click(link("Order 4711"))
	v.Await("the dialog to be open", `document.querySelector('h1').innerText === 'Order 4711'`)
	v.Evaluate(`Array.from(document.querySelectorAll('button')).find(button => button.innerText === 'Rename').focus()`)
	v.Press(kb.Enter)
	v.Await("the input to have the focus", `document.activeElement.getAttribute('aria-label') === 'New name'`)
	v.Press(", urgent" + kb.Enter)
	v.Await("the new name", `document.querySelector('h1').innerText === 'Order 4711, urgent'`)
	v.Await("the list to have it first", `document.querySelector('.list .title').innerText === 'Order 4711, urgent'`)
	v.sees("version 2")

	v.Click(button("Rename"))
	v.Press(strings.Repeat("!", 200) + kb.Enter)
	v.sees("Check “name”: a name has at most 200 characters")
	v.Press(kb.Escape)
	v.Await("the focus to be where it was", `document.activeElement.innerText === 'Rename'`)
	v.Await("the name as it was", `document.querySelector('h1').innerText === 'Order 4711, urgent'`)
}

func (v *visit) changesPeople() {
	v.Fill(field("User ids to add"), "dave, frank"+kb.Enter)
	v.sees("frank")
	v.Click(button("Remove dave"))
	v.offers(button("Remove dave"), false)
	if diff := cmp.Diff([]string{"alice", "bob", "carol", "frank"}, v.Texts(".people .title")); diff != "" {
		v.Errorf("the page's people (-want +got):\n%s", diff)
	}
	v.offers(button("Leave this dialog"), true)
}

// customData is what the server has of the visit's dialog.
func (v *visit) customData() any {
	v.Helper()
	data := v.asServer(fmt.Sprintf(`{ dialog(id: %q) { customData { fields } } }`, v.dialog))
	dialog, _ := data["dialog"].(map[string]any)
	return dialog["customData"]
}

func (v *visit) editsCustomData() {
	v.Fill(field("number"), "4711")
	v.Fill(field("tags"), "urgent")
	v.Click(button("Save"))
	v.sees(`Check “tags”: write it like ["text"]`)
	v.Fill(field("tags"), `["urgent"]`)
	v.Click(button("Save"))
	v.offers(button("Save"), false)
	v.sees("alice: custom data")
	want := []any{map[string]any{"fields": map[string]any{"number": 4711.0, "tags": []any{"urgent"}}}}
	if diff := cmp.Diff(want, v.customData()); diff != "" {
		v.Errorf("custom data (-want +got):\n%s", diff)
	}
}

func (v *visit) isSlowerThanAnother() {
	v.Fill(field("number"), "1")
	v.update(`customData: [{ className: "Order", fields: { number: 4712 } }]`)
	v.Click(button("Save"))
	v.sees("Somebody was faster")
	v.sees("You edited version 5; the dialog is at version 6 now.")
	v.Await("the reason to be in view", `document.querySelector('.refusal').getBoundingClientRect().bottom <= innerHeight`)
	v.shot("conflict")
	v.Click(button("Load version 6"))
	v.Await("the other's value", `Array.from(document.querySelectorAll('input')).some(input => input.value === '4712')`)
	v.offers(button("Save"), false)
}

// losesARight removes carol as bob, who is no admin any more when he tries.
func (v *visit) losesARight() {
	v.Click(button("Sign out"))
	v.signInAs("bob")
	v.sees("You are an admin")
	v.offers(button("Remove carol"), true)
	v.offers(button("Remove alice"), false)
	v.update(`removeAdmins: ["bob"]`)
	v.Click(button("Remove carol"))
	v.sees("You may not do this")
	for _, part := range []string{"removeOthers", "occupant", "owner, admin"} {
		v.Await("the denial to tell "+part, fmt.Sprintf(`Array.from(document.querySelectorAll('.refusal dd')).some(dd => dd.innerText === %q)`, part))
	}
	v.offers(button("Remove carol"), false)
	v.sees("You are an occupant")
	v.shot("denial")
}

func (v *visit) leaves() {
	v.Click(button("Leave this dialog"))
	v.sees("Choose a dialog")
	v.sees("10 in all")
	if slices.Contains(v.Texts(".list .title"), "Order 4711, urgent") {
		v.Error("the list still has what bob left")
	}
}

// followsAStrangersLink opens a dialog that one may not see, and one that is
// not there, on a telephone.
func (v *visit) followsAStrangersLink() {
	v.Resize(390, 780)
	v.Go("/#/dialogs/" + v.dialog)
	for _, part := range []string{"see", "outsider", "owner, admin, occupant"} {
		v.Await("the denial to tell "+part, fmt.Sprintf(`Array.from(document.querySelectorAll('.refusal dd')).some(dd => dd.innerText === %q)`, part))
	}
	v.Await("the list to make room", `document.querySelector('nav').offsetParent === null`)
	v.shot("telephone")
	v.Go("/#/dialogs/65ba1b4a00000000000000ff")
	v.sees("Not here: dialog not found")
	v.Await("nothing to be wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
}
