package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// testLive opens two pages: what one of them changes, the other one shows without being
// asked, also after the server was restarted.
func testLive(t *testing.T, chromium string) {
	server := servertest.Start(t)
	site := preview(t, server)
	pages := map[string]*visit{}
	for _, user := range []string{"alice", "bob"} {
		pages[user] = &visit{T: t, Browser: clienttest.OpenBrowser(t, chromium, site), server: server}
	}
	alice, bob := pages["alice"], pages["bob"]
	server.Must(servertest.WithToken(server.Token("alice")),
		`mutation { createDialog(input: { type: GROUP, name: "Lunch", occupantIds: ["bob"] }) { created } }`, nil)
	for user, page := range pages {
		page.Go("/")
		page.signInAs(user)
		page.opens("Lunch")
	}
	alice.renamesTo("Dinner")
	bob.titled("Dinner")
	bob.lists("Dinner")
	for _, page := range pages {
		if trouble := page.Trouble(); len(trouble) > 0 {
			t.Errorf("there was trouble: %q", trouble)
		}
	}

	server.Stop()
	server = servertest.StartAt(t, server.Store, "--listen", strings.TrimPrefix(server.URL, "http://"))
	bob.renamesTo("Supper")
	alice.titled("Supper")
	alice.lists("Supper")
	server.Must(servertest.WithToken(server.Token("alice")),
		`mutation { createDialog(input: { type: GROUP, name: "Breakfast", occupantIds: ["bob"] }) { created } }`, nil)
	bob.lists("Breakfast", "Supper")
	alice.lists("Breakfast", "Supper")
	for _, page := range pages {
		page.Trouble() // of when there was no server
	}
}

// renamesTo gives the open dialog another name.
func (v *visit) renamesTo(name string) {
	v.Helper()
	v.Click(button("Rename"))
	v.focused("input", "New name")
	v.Fill(field("New name"), name+kb.Enter)
	v.titled(name)
	v.Await(fmt.Sprintf("%q in the list", name), fmt.Sprintf(`document.querySelector('.list').innerText.includes(%q)`, name))
}
