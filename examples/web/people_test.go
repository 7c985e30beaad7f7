package web_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp/kb"
)

// renames by the keyboard, once the dialog is open.
func (v *visit) renames() {
	v.opens("Order 4711")
	v.Evaluate(`Array.from(document.querySelectorAll('button')).find(button => button.innerText === 'Rename').focus()`)
	v.Press(kb.Enter)
	v.focused("input", "New name")
	v.Press(", urgent" + kb.Enter)
	v.titled("Order 4711, urgent")
	v.focused("button", "Rename")
	v.Await("the list to have it first", `document.querySelector('.list .title').innerText === 'Order 4711, urgent'`)

	v.Press(kb.Enter)
	v.focused("input", "New name")
	v.Press(strings.Repeat("!", 200) + kb.Enter)
	v.sees("Invalid input:")
	v.Press(kb.Escape)
	v.focused("button", "Rename")
	v.titled("Order 4711, urgent")
}

func (v *visit) changesPeople() {
	v.Fill(field("User ids to add"), "dave, frank"+kb.Enter)
	v.has("alice", "bob", "carol", "dave", "frank")
	v.focused("input", "User ids to add")
	v.manages("dave", "Remove")
	v.has("alice", "bob", "carol", "frank")
	v.focused("button", "Manage frank") // who is in dave's place
}

func (v *visit) managesAdmins() {
	v.manages("bob", "Make admin")
	v.Await("bob to be an admin", `document.querySelector('.people').innerText.includes('admin')`)
	v.focused("button", "Manage bob")
	v.Press(kb.Enter)
	v.focused("[popover] button", "Remove as admin")
	v.shot("menu")
	v.Press(kb.Enter)
	v.Await("bob to be an admin no longer", `!document.querySelector('.people').innerText.includes('admin')`)
	v.manages("bob", "Make admin")
	v.Await("bob to be an admin", `document.querySelector('.people').innerText.includes('admin')`)
}

// readsWhatHappened looks for who did what, each with its date.
func (v *visit) readsWhatHappened() {
	for _, story := range []string{
		"You made bob an admin", "You removed bob as admin", "You removed dave", "You added dave and frank",
		"You renamed it to “Order 4711, urgent”", "Your application started it",
	} {
		v.Await(fmt.Sprintf("%q with its date", story), fmt.Sprintf(
			`Array.from(document.querySelectorAll('.history li')).some(li =>
				li.querySelector('span').innerText === %q && /\b20\d\d\b/.test(li.querySelector('time').innerText))`, story,
		))
	}
	v.isReadable("group")
	v.Resize(1180, 1500)
	v.shot("group-tall")
	v.Resize(1180, 860)
}

// readsEarlierChanges asks for those that are not shown at first, and again
// when the request was lost.
func (v *visit) readsEarlierChanges() {
	const begin = `Array.from(document.querySelectorAll('.history span'), story => story.innerText).includes('Your application started it')`
	v.Await("the latest changes alone", `document.querySelectorAll('.history li').length === 8 && !(`+begin+`)`)
	v.failing(neverSent)
	v.Click(button("Show earlier changes"))
	v.offers(history+connectionNote, true)
	v.Await("the latest changes to stay", `document.querySelectorAll('.history li').length === 8`)
	v.succeeding()
	v.retries(history)
	v.Await("the first change", begin)
	v.offers(history+connectionNote, false)
	v.offers(button("Show earlier changes"), false)
	v.Await("the focus to stay in the dialog", `document.activeElement.closest('article') !== null`)
}

// seesEveryone opens a group of so many people that they come in pages.
func (v *visit) seesEveryone() {
	ids := make([]string, 120)
	for i := range ids {
		ids[i] = fmt.Sprintf(`"user%03d"`, i)
	}
	v.asServer(fmt.Sprintf(`mutation { createDialog(input: { type: GROUP, ownerId: "alice", name: "Crowd", occupantIds: [%s] }) { created } }`, strings.Join(ids, ",")))
	v.Go("/")
	v.opens("Crowd")
	v.sees("Group of 121")
	shows := func(n int) {
		v.Await(fmt.Sprintf("%d people", n), fmt.Sprintf(`document.querySelectorAll('.people .title').length === %d`, n))
	}
	shows(50)
	v.Click(button("Show more people"))
	shows(100)
	v.failing(neverSent)
	v.Click(button("Show more people"))
	v.offers(people+connectionNote, true)
	v.succeeding()
	v.retries(people)
	shows(121)
	v.offers(button("Show more people"), false)
	v.manages("user119", "Remove") // the last one
	shows(120)
	v.sees("Group of 120")
}

// handsOver makes bob the owner, and back.
func (v *visit) handsOver() {
	v.manages("bob", "Make owner…")
	v.sees("Make bob the owner?")
	v.isReadable("hand-over")
	v.Click(inModal("Cancel"))
	v.focused("button", "Manage bob")
	v.manages("bob", "Make owner…")
	v.Click(inModal("Make bob the owner"))
	v.sees("You are a member")
	v.sees("You made bob the owner")
	v.offers(button("Delete this group…"), false)
	v.update(`newOwnerId: "alice", addAdmins: ["bob"]`)
}

// stepsDown is bob, who is an admin and no longer wants to be one.
func (v *visit) stepsDown() {
	v.becomes("bob")
	v.titled("Order 4711, urgent")
	v.sees("You are an admin")
	v.Click(button("Step down"))
	v.sees("You are a member")
	v.sees("You stepped down as admin")
	v.offers(button("Step down"), false)
	v.offers(button("Manage carol"), false)
	v.focused("button", "Leave this group") // which is in its place
	v.update(`addAdmins: ["bob"]`)
	v.becomes("alice")
	v.titled("Order 4711, urgent")
	v.sees("bob stepped down as admin")
}

// losesARight tries to remove carol as bob, who is no longer an admin by then.
func (v *visit) losesARight() {
	v.becomes("bob")
	v.titled("Order 4711, urgent")
	v.sees("You are an admin")
	v.offers(button("Manage carol"), true)
	v.offers(button("Manage alice"), false)
	v.update(`removeAdmins: ["bob"]`)
	v.manages("carol", "Remove")
	v.sees("You can’t do this:")
	v.Click(`//summary`)
	for _, part := range []string{"removeOthers", "OCCUPANT", "OWNER, ADMIN"} {
		v.Await("the denial to tell "+part, fmt.Sprintf(`Array.from(document.querySelectorAll('.note dd')).some(dd => dd.innerText === %q)`, part))
	}
	v.offers(button("Manage carol"), false)
	v.sees("You are a member")
	v.isReadable("denial")
}

func (v *visit) leaves() {
	v.Click(button("Leave this group"))
	v.sees("You won’t see this group any more")
	v.isReadable("leave")
	v.Click(inModal("Stay"))
	v.focused("button", "Leave this group")
	v.Press(kb.Enter)
	v.Click(inModal("Leave"))
	v.sees("Pick a conversation")
	v.Await("the list to be without it", `!document.querySelector('.list').innerText.includes('Order 4711')`)
}

// leavesAsOwner chooses who takes over.
func (v *visit) leavesAsOwner() {
	v.becomes("alice")
	v.opens("Order 4711, urgent")
	v.has("alice", "carol", "frank")
	v.sees("bob left")
	v.Click(button("Leave this group"))
	v.chooses(field("Who takes over as the owner?"), "frank")
	v.shot("leave-as-owner")
	v.Click(inModal("Leave"))
	v.sees("Pick a conversation")
	if owner := v.read("ownerId"); owner != "frank" {
		v.Errorf("%v is the owner, want frank", owner)
	}
}

// leavesAsTheLast is asked first, also when the others have left meanwhile.
func (v *visit) leavesAsTheLast() {
	v.becomes("frank")
	v.opens("Order 4711, urgent")
	v.Click(button("Leave this group"))
	v.sees("Who takes over as the owner?")
	v.update(`removeOccupants: ["carol"]`)
	v.Click(inModal("Leave"))
	v.sees("Changed by someone else:")
	v.sees("You are the last one here.")
	v.shot("leave-as-the-last")
	v.Click(inModal("Stay"))
	if occupants := v.read("occupantCount"); occupants != 1.0 {
		v.Errorf("the group has %v occupants, want frank", occupants)
	}
	v.Click(button("Leave this group"))
	v.Click(inModal("Leave and delete"))
	v.sees("No conversations yet.")
}

func (v *visit) deletes() {
	v.becomes("alice")
	v.opens("Picnic")
	v.Click(button("Delete this group…"))
	v.sees("It disappears for everyone")
	v.isReadable("delete")
	v.Click(inModal("Keep it"))
	v.focused("button", "Delete this group…")
	v.Press(kb.Enter)
	v.failing(answerLost)
	v.Click(inModal("Delete"))
	v.offers(modal+connectionNote, true)
	v.succeeding()
	v.retries(modal)
	v.sees("Pick a conversation")
	v.Await("the list to be without it", `!document.querySelector('.list').innerText.includes('Picnic')`)
}

func (v *visit) runsAPublicGroup() {
	v.asServer(`mutation { createDialog(input: { type: PUBLIC_GROUP, ownerId: "alice", name: "News" }) { created } }`)
	v.Go("/")
	v.opens("News")
	v.sees("Public group, open to everyone · You are the owner")
	v.Fill(field("User ids of new admins"), "bob"+kb.Enter)
	v.has("alice", "bob")
	v.isReadable("public-group")
	v.manages("bob", "Remove as admin")
	v.has("alice")
}

// followsAForeignLink opens a dialog that the user may not see, and one that
// does not exist.
func (v *visit) followsAForeignLink() {
	v.asServer(`mutation { createDialog(input: { id: "65ba1b4a00000000000000fe", type: GROUP, ownerId: "mallory", name: "Secret" }) { created } }`)
	v.Go("/#/dialogs/65ba1b4a00000000000000fe")
	v.sees("You can’t do this:")
	v.Go("/#/dialogs/65ba1b4a00000000000000ff")
	v.sees("Not found:")
	v.offers(button("Try again"), false)
}

func (v *visit) usesATelephone() {
	v.Resize(390, 844)
	v.Go("/#/")
	v.sees("Conversations")
	v.shot("telephone-list")
	v.opens("Order 4710")
	v.Await("the list to make room", `!document.querySelector('nav').checkVisibility()`)
	v.Await("the focus in the dialog", `document.activeElement.tagName === 'ARTICLE'`)
	v.shot("telephone")
	v.Await("nothing to be wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
	v.Click(button("Manage bob"))
	v.shot("telephone-menu")
	v.Click(`//a[@class="back"]`)
	v.Await("the list to be back", `document.querySelector('nav').checkVisibility()`)
}
