package playground_test

import (
	"fmt"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestSubscription runs a subscription on the page, which shows changes as they happen,
// also after the server was restarted, and until it is stopped.
func TestSubscription(t *testing.T) {
	v := visitTo(t, "--playground")
	v.opens("/playground")
	alice := servertest.WithToken(v.server.Token("alice"))
	create := func(name string) {
		v.server.Must(alice, fmt.Sprintf(`mutation { createDialog(input: { type: GROUP, name: %q }) { created } }`, name), nil)
	}
	v.Evaluate(modelOf(headers) + `.setValue(` + quoted(`{"QB-Token": "nonsense"}`) + `)`)
	v.Evaluate(modelOf(operation) + `.setValue('subscription($after: String) { dialogsChanged(after: $after) { cursor dialog { name } } }')`)
	v.Click(executeButton)
	v.Await("the refusal", valueOf(response)+`.includes('UNAUTHENTICATED')`)
	v.Await("the end of it", `document.querySelector('.graphiql-execute-button').ariaLabel.startsWith('Execute')`)

	v.Evaluate(modelOf(headers) + `.setValue(` + quoted(fmt.Sprintf(`{"QB-Token": %q}`, v.server.Token("alice"))) + `)`)
	var position struct{ Cursor string }
	servertest.Decode(t, v.server.Must(alice, `{ dialogChanges { cursor } }`, nil).Data["dialogChanges"], &position)
	v.Evaluate(modelOf("variables.json") + `.setValue(` + quoted(fmt.Sprintf(`{"after": %q}`, position.Cursor)) + `)`)
	v.Click(executeButton)
	create("Lunch")
	v.Await("the first event", valueOf(response)+`.includes('Lunch')`)
	create("Dinner")
	v.Await("the second event", valueOf(response)+`.includes('Dinner')`)

	v.server.Stop()
	v.server = servertest.StartAt(t, v.server.Store, "--playground", "--listen", strings.TrimPrefix(v.server.URL, "http://"))
	create("while nobody was connected")
	v.Await("what was missed", valueOf(response)+`.includes('while nobody was connected')`)
	v.Click(executeButton) // stops it
	v.Trouble()            // of when there was no server
}
