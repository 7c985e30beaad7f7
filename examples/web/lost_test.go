package web_test

import (
	"fmt"

	"github.com/chromedp/chromedp/kb"
)

// Parts of the page that can be tried again, and the note that offers it.
const (
	heading        = `//header[.//*[@aria-label="New name"]]`
	addPeople      = `//form[.//*[@aria-label="User ids to add"]]`
	history        = `//section[h2="What happened"]`
	people         = `//section[h2[starts-with(., "People")]]`
	orderData      = `//section[.//label[.="number"]]`
	connectionNote = `//*[@role="alert" and starts-with(., "No connection:")]`
)

// losesRequests keeps the page, and what was typed, while the server can't be
// reached.
func (v *visit) losesRequests() {
	v.failing(neverSent)
	v.Fill(field("User ids to add"), "gus"+kb.Enter)
	v.offers(addPeople+connectionNote, true)
	v.Await("what was typed to be still there", `Array.from(document.querySelectorAll('input')).some(input => input.value === 'gus')`)
	v.focused("input", "User ids to add")
	v.isReadable("no-connection")
	v.Fill(field("number"), "99")
	v.Click(button("Save"))
	v.offers(orderData+connectionNote, true)
	v.offers(addPeople+connectionNote, true) // the first note is still there
	v.succeeding()
	v.retries(orderData)
	v.offers(button("Save"), false)
	v.retries(addPeople)
	v.has("alice", "bob", "carol", "frank", "gus")
	v.misses("No connection:")
	v.manages("gus", "Remove")
	v.has("alice", "bob", "carol", "frank")

	v.failing(neverSent)
	v.Click(button("Older ›"))
	v.Click(link("Order 4710"))
	v.Await("a note for the dialog", `document.querySelector('main .note').innerText.includes('No connection:')`)
	v.Await("a note for the list", `document.querySelector('nav .note').innerText.includes('This may be out of date.')`)
	v.Await("the list to stay", `document.querySelectorAll('.list li').length === 8`)
	v.isReadable("nothing-loads")
	v.succeeding()
	v.retries(`//main`)
	v.titled("Order 4710")
	v.retries(`//nav`)
	v.lists("Order 4705", "Order 4704", "Order 4703", "Order 4702", "Order 4701", "erin")
	v.misses("out of date")
	v.Click(button("‹ Newer"))
	v.lists("Order 4711, urgent", "Picnic", "grace", "Order 4710", "Order 4709", "Order 4708", "Order 4707", "Order 4706")
	v.opens("Order 4711, urgent")
}

// getsNoAnswer renames while nothing, or something else, answers.
func (v *visit) getsNoAnswer() {
	// Without this, the test would have to wait as long as the page does.
	v.Evaluate(`AbortSignal.timeout = wait => {
		window.wait = wait;
		const controller = new AbortController();
		setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), 50);
		return controller.signal;
	}`)
	for _, way := range []string{neverAnswered, badGateway} {
		v.failing(way)
		v.Click(button("Rename"))
		v.focused("input", "New name")
		v.Press("?" + kb.Enter)
		v.offers(heading+connectionNote, true)
		v.focused("input", "Order 4711, urgent?")
		v.succeeding()
		v.Press(kb.Escape)
		v.focused("button", "Rename")
		v.titled("Order 4711, urgent")
	}
	v.Await("the page to wait for 20 s", `wait === 20000`)
	v.Go("/") // with the browser's own clock again
	v.opens("Order 4711, urgent")
}

// losesAnAnswer tries again what has already happened: it happens once.
func (v *visit) losesAnAnswer() {
	before, _ := v.read("version").(float64)
	v.failing(answerLost)
	v.Click(button("Rename"))
	v.focused("input", "New name")
	v.Press("!" + kb.Enter)
	v.offers(heading+connectionNote, true)
	v.succeeding()
	v.retries(heading)
	v.titled("Order 4711, urgent!")
	if after, ok := v.read("version").(float64); !ok || after != before+1 {
		v.Errorf("the version went from %v to %v", before, after)
	}
	v.Click(button("Rename"))
	v.focused("input", "New name")
	v.Press(kb.Backspace + kb.Enter)
	v.titled("Order 4711, urgent")

	v.failing(answerLost)
	v.Click(button("New group"))
	v.focused("input", "")
	v.Press("Book club" + kb.Enter)
	v.offers(modal+connectionNote, true)
	v.succeeding()
	v.focused("input", "Book club")
	v.Press(kb.Enter) // the same again, from the input
	v.titled("Book club")
	v.Fill(field("Search groups by name"), "book")
	v.lists("Book club")
	v.Fill(field("Search groups by name"), kb.Backspace)
	v.opens("Order 4711, urgent")
}

// outlivesTheSession signs in again in the middle of something.
func (v *visit) outlivesTheSession() {
	v.failing(tokenEnded)
	v.Fill(field("User ids to add"), "heidi"+kb.Enter)
	v.sees("Your session has ended")
	v.succeeding()
	v.isReadable("session-ended")
	v.Await("the focus in the modal", `document.activeElement.matches('dialog input')`)
	v.Press(v.server.Token("alice") + kb.Enter)
	v.Await("the modal to close", `document.querySelector('dialog') === null`)
	v.Await("what was typed to be still there", `Array.from(document.querySelectorAll('input')).some(input => input.value === 'heidi')`)
	v.retries(addPeople)
	v.has("alice", "bob", "carol", "frank", "heidi")
	v.manages("heidi", "Remove")
	v.has("alice", "bob", "carol", "frank")
	v.expects("401")
}

// losesTheStoredSession signs in again: what is damaged is not there.
func (v *visit) losesTheStoredSession() {
	v.Evaluate(`sessionStorage.setItem('dialogs-session', '{')`)
	v.Go("/")
	v.signInAs("alice")
	v.opens("Order 4711, urgent")
}

// crashes in one part of the page: the rest stays usable.
func (v *visit) crashes() {
	v.Evaluate(fmt.Sprintf(`location.hash = '#/dialogs/%024x'`, 0xabc))
	v.sees("Not found:")
	v.failing(nonsense)
	v.Evaluate(fmt.Sprintf(`location.hash = '#/dialogs/%024x'`, 0xabd))
	v.sees("This part of the page has crashed.")
	v.isReadable("crash")
	v.expects("")
	v.succeeding()
	v.opens("Order 4710")
	v.Evaluate(fmt.Sprintf(`location.hash = '#/dialogs/%024x'`, 0xabd))
	v.sees("This part of the page has crashed.") // the answer is in the cache
	v.expects("")
	v.Click(`//main` + button("Try again"))
	v.sees("Not found:")
	v.opens("Order 4711, urgent")
}
