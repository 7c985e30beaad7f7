package web_test

import "github.com/chromedp/chromedp/kb"

func (v *visit) signsIn() {
	v.Go("/")
	v.isReadable("sign-in")
	v.Await("the input to have the focus", `document.activeElement.tagName === 'INPUT'`)
	v.Press("two words" + kb.Enter)
	v.sees("This is not a session token")
	v.Fill(field("Session token"), "nonsense"+kb.Enter)
	v.sees("The server does not accept this token")
	v.expects("401") // the browser itself complains about it
	v.failing(neverSent)
	v.Press(kb.Enter)
	v.sees("The server can’t be reached")
	v.succeeding()
	v.Await("the token to be still there", `document.querySelector('input').value === 'nonsense'`)
	v.Evaluate(`document.querySelector('input').select()`)
	v.signInAs("alice")
	v.Go("/")
	v.sees("Pick a conversation") // and nobody had to sign in again
}

func (v *visit) pagesThroughTheList() {
	newer := []string{"Order 4711", "Order 4710", "Order 4709", "Order 4708", "Order 4707", "Order 4706", "Order 4705", "Order 4704"}
	v.lists(newer...)
	v.sees("12 in all")
	v.offers(button("‹ Newer")+`[@aria-disabled="true"]`, true)
	v.Click(button("Older ›"))
	v.lists("Order 4703", "Order 4702", "Order 4701", "erin")
	v.offers(button("Older ›")+`[@aria-disabled="true"]`, true)
	v.focused("button", "Older ›") // on the last page too
	v.opens("erin")
	v.sees("Private chat")
	for _, what := range []string{button("Rename"), button("Manage erin"), button("Leave this group"), field("User ids to add")} {
		v.offers(what, false)
	}
	v.Click(button("‹ Newer"))
	v.lists(newer...)
}

func (v *visit) searches() {
	v.Click(button("Older ›"))
	v.Fill(field("Search groups by name"), "order 470")
	v.lists("Order 4709", "Order 4708", "Order 4707", "Order 4706", "Order 4705", "Order 4704", "Order 4703", "Order 4702")
	v.sees("9 in all")
	v.Click(button("Older ›"))
	v.lists("Order 4701")
	v.Fill(field("Search groups by name"), "7b")
	v.sees("No group matches “7b”.")
	v.Fill(field("Search groups by name"), kb.Backspace)
	v.sees("12 in all")
}

// startsAChat finds the chat that there is, and starts one with somebody new.
func (v *visit) startsAChat() {
	v.Click(button("New chat"))
	v.focused("input", "")
	v.Press("erin" + kb.Enter)
	v.offers("//dialog", false)
	v.titled("erin")
	v.sees("12 in all")
	v.Click(button("New chat"))
	v.Press("alice" + kb.Enter)
	v.sees("Invalid input:")
	v.isReadable("new-chat-refused")
	v.Fill(field("Who do you want to talk to?"), "grace"+kb.Enter)
	v.titled("grace")
	v.sees("13 in all")
}

func (v *visit) startsAGroup() {
	v.Click(button("New group"))
	v.isReadable("new-group")
	v.Press(kb.Escape)
	v.focused("button", "New group")
	v.offers("//dialog", false) // the page learns of the end a moment after the browser
	v.Press(kb.Enter)
	v.focused("input", "")
	v.Press("Picnic" + kb.Tab + "bob, dave" + kb.Enter)
	v.titled("Picnic")
	v.has("alice", "bob", "dave")
	v.sees("Group of 3 · You are the owner")
	v.sees("14 in all")
	v.Await("the list to say which is open", `document.querySelector('[aria-current=page] .title').innerText === 'Picnic'`)
}
