package web_test

import (
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// editsCustomData finds a form for the class that the dialog has data of, and
// for no other.
func (v *visit) editsCustomData() {
	v.offers(field("carrier"), false)
	v.Fill(field("number"), "4712")
	v.Fill(field("tags"), "urgent")
	v.Press(kb.Enter)
	v.sees(`Invalid input: write “tags” like ["text"].`)
	v.focused("input", "urgent")
	v.Fill(field("tags"), `["urgent"]`)
	v.Click(button("Save"))
	v.offers(button("Save"), false)
	v.sees("You changed its data")
	v.Await("the focus to stay in the form", `document.activeElement.closest('.fields') !== null`)
	v.hasData(map[string]any{"className": "Order", "fields": map[string]any{"number": 4712.0, "tags": []any{"urgent"}}})
	v.Fill(field("number"), "1e999")
	v.Press(kb.Enter)
	v.sees(`Invalid input: write “number” like 42.`)
	v.Click(button("Discard"))
	v.offers(button("Discard"), false)
}

// isSlowerThanAnother is told what was saved meanwhile, and decides.
func (v *visit) isSlowerThanAnother() {
	v.Fill(field("number"), "1")
	v.update(`customData: [{ className: "Order", fields: { number: 4713 } }]`)
	v.Click(button("Save"))
	v.sees("Changed by someone else")
	v.sees("number: 4713")
	v.Await("the reason to be in view", `document.querySelector('.note').getBoundingClientRect().bottom <= innerHeight`)
	v.isReadable("conflict")
	v.Await("what was typed to be still there", `Array.from(document.querySelectorAll('input')).some(input => input.value === '1')`)
	v.Click(button("Use what is saved"))
	v.Await("the other's value", `Array.from(document.querySelectorAll('input')).some(input => input.value === '4713')`)
	v.offers(button("Save"), false)

	v.Fill(field("number"), "2")
	v.update(`customData: [{ className: "Order", fields: { number: 4714 } }]`)
	v.Click(button("Save"))
	v.sees("number: 4714")
	v.Click(button("Save mine instead"))
	v.offers(button("Save"), false)
	v.hasData(map[string]any{"className": "Order", "fields": map[string]any{"number": 2.0, "tags": []any{"urgent"}}})

	v.Fill(field("number"), "3")
	v.update(`removeAdmins: ["bob"]`)
	v.Click(button("Save"))
	v.sees("Your fields are as you saw them.")
	v.Click(button("Save again"))
	v.offers(button("Save"), false)
	v.hasData(map[string]any{"className": "Order", "fields": map[string]any{"number": 3.0, "tags": []any{"urgent"}}})
}

func (v *visit) addsCustomData() {
	v.chooses(field("Add data"), "Delivery")
	v.Await("the focus in the new form", `document.activeElement.closest('label').innerText.includes('carrier')`)
	v.Press("Bike" + kb.Enter)
	v.offers(button("Save"), false)
	order := map[string]any{"className": "Order", "fields": map[string]any{"number": 3.0, "tags": []any{"urgent"}}}
	v.hasData(map[string]any{"className": "Delivery", "fields": map[string]any{"carrier": "Bike"}}, order)
	v.offers(field("Add data"), false)

	v.Fill(field("carrier"), kb.Backspace+kb.Enter)
	v.offers(field("carrier"), false) // a class without values is gone
	v.offers(field("Add data"), true)
	v.hasData(order)
}

// hasData compares the dialog's custom data as the server has it.
func (v *visit) hasData(want ...any) {
	v.Helper()
	if diff := cmp.Diff(want, v.read("customData { className fields }")); diff != "" {
		v.Errorf("custom data (-want +got):\n%s", diff)
	}
}
