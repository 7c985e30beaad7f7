// Package web_test uses the page in a browser as a person would, with the real
// server behind it.
package web_test

import (
	"fmt"
	"os/exec"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// TestPage builds the page, and uses it.
func TestPage(t *testing.T) {
	chromium, ok := clienttest.Chromium()
	if _, err := exec.LookPath("npm"); err != nil || !ok {
		clienttest.NotRun(t, "examples/web in a browser", "chromium and npm")
	}
	clienttest.Install(t, ".")
	clienttest.Run(t, ".", nil, "npm", "run", "--silent", "build")
	t.Run("day", func(t *testing.T) {
		t.Parallel()
		testDay(t, chromium)
	})
	t.Run("live", func(t *testing.T) {
		t.Parallel()
		testLive(t, chromium)
	})
}

// testDay spends a day with the page. Each part continues where the one before it stopped.
func testDay(t *testing.T, chromium string) {
	server := servertest.Start(t, "--dev")
	v := &visit{T: t, Browser: clienttest.OpenBrowser(t, chromium, preview(t, server)), server: server}
	v.InEveryPage(unreachable)
	v.setUp()
	for _, part := range []func(){
		v.signsIn,
		v.pagesThroughTheList, v.searches, v.startsAChat, v.startsAGroup,
		v.renames, v.changesPeople, v.managesAdmins, v.readsWhatHappened,
		v.editsCustomData, v.isSlowerThanAnother, v.addsCustomData,
		v.losesRequests, v.losesAnAnswer, v.getsNoAnswer, v.outlivesTheSession, v.losesTheStoredSession, v.crashes,
		v.readsEarlierChanges, v.handsOver, v.stepsDown, v.losesARight, v.leaves, v.leavesAsOwner, v.leavesAsTheLast, v.deletes,
		v.runsAPublicGroup, v.seesEveryone, v.followsAForeignLink, v.usesATelephone,
	} {
		part()
		if trouble := v.Trouble(); len(trouble) > 0 {
			t.Errorf("there was trouble: %q", trouble)
		}
	}
}

// unreachable is a network without WebSockets: most parts are about pages that don't
// know yet what others have changed.
const unreachable = `window.WebSocket = class extends EventTarget { close() {} };`

// preview serves the page that was built, before the server, and returns its address.
func preview(t *testing.T, server *servertest.Server) string {
	t.Helper()
	command := exec.Command("node", "node_modules/vite/bin/vite.js", "preview", "--port", "0")
	command.Env = append(command.Environ(), "DIALOGS_URL="+server.URL, "NO_COLOR=1")
	return clienttest.Await(t, command, `Local: +(http://127\.0\.0\.1:\d+)/`)
}

// setUp makes twelve dialogs of alice's; the one that the visit is about has
// bob and carol too. Their ids rise, because dialogs of the same millisecond are
// listed by id.
func (v *visit) setUp() {
	v.asServer(`mutation { defineCustomClass(input: { name: "Order", fields: [
		{ name: "number", type: INTEGER }, { name: "paid", type: BOOLEAN }, { name: "tags", type: STRING, list: true }
	] }) { customClass { name } } }`)
	v.asServer(`mutation { defineCustomClass(input: { name: "Delivery", fields: [
		{ name: "carrier", type: STRING }, { name: "due", type: DATETIME }
	] }) { customClass { name } } }`)
	v.asServer(`mutation { createDialog(input: { id: "65ba1b49000000000000125c", type: PRIVATE, ownerId: "alice", occupantIds: ["erin"] }) { created } }`)
	for i := range 10 {
		v.asServer(fmt.Sprintf(`mutation { createDialog(input: { id: "65ba1b49%016x", type: GROUP, ownerId: "alice", name: "Order %[1]d",
			occupantIds: ["bob"] }) { created } }`, 4701+i))
	}
	v.dialog = "65ba1b4a0000000000000001"
	v.asServer(`mutation { createDialog(input: { id: "65ba1b4a0000000000000001", type: GROUP, ownerId: "alice", name: "Order 4711",
		occupantIds: ["bob", "carol"], customData: [{ className: "Order", fields: { number: 4711 } }] }) { created } }`)
}
