package e2e_test

import (
	"fmt"
	"testing"

	"dialogs/servertest"
)

// TestLeavingAndQuotas does on every engine what only differs there when it is wrong:
// users leave many dialogs at once, and hand over public groups, by themselves and
// through a server that acts for them.
func TestLeavingAndQuotas(t *testing.T) {
	for name, start := range map[string]func(testing.TB, ...string) server{"SQLite": start, "MongoDB": startOnMongo} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "--rate-limit", "0", "--rate-limit-key", "0", "--quota-public-groups", "2", "--quota-dialogs-per-day", "6")
			key := s.MustCLI("apikey", "create", "backend")
			mallory, alice := servertest.OnBehalf(key, "mallory"), servertest.WithToken(s.MustCLI("token", "alice"))
			malloryHerself := servertest.WithToken(s.MustCLI("token", "mallory"))
			create := func(h servertest.Header, input string) string {
				t.Helper()
				var made struct{ Dialog struct{ ID string } }
				servertest.Decode(t, s.Must(h, `mutation { createDialog(input: {`+input+`}) { dialog { id } } }`, nil).Data["createDialog"], &made)
				return made.Dialog.ID
			}
			refused := func(h servertest.Header, operation, code, reason string) {
				t.Helper()
				reply := s.Post(h, "mutation { "+operation+" }", nil)
				if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != code {
					t.Errorf("%s: got %s, want %s", reason, reply.Body, code)
				}
			}
			handOver := func(id, to string) string {
				return fmt.Sprintf(`updateDialog(id: "%s", input: {newOwnerId: "%s"}) { replayed }`, id, to)
			}

			var groups []string
			for range 2 {
				groups = append(groups, create(mallory, `type: GROUP, name: "x", occupantIds: ["alice"]`))
			}
			kept := create(alice, `type: GROUP, name: "mine", occupantIds: ["mallory"]`)
			ids := append([]string{"65ba1b4a0000000000000fff", groups[0], "nonsense", groups[1]}, groups...)
			reply := s.Must(alice, leaveDialogs, map[string]any{"ids": ids})
			want := fmt.Sprintf(`{"leftIds":["%s","%s"],"refused":[{"dialogId":"65ba1b4a0000000000000fff","code":"NOT_FOUND"},{"dialogId":"nonsense","code":"BAD_USER_INPUT"}]}`, groups[0], groups[1])
			if got := string(reply.Data["leaveDialogs"]); got != want {
				t.Errorf("alice left: got %s, want %s", got, want)
			}
			reply = s.Must(alice, `{ dialogs { nodes { id } } }`, nil)
			if got, want := string(reply.Data["dialogs"]), fmt.Sprintf(`{"nodes":[{"id":"%s"}]}`, kept); got != want {
				t.Errorf("what alice did not leave: got %s, want %s", got, want)
			}
			// An owner who leaves hands over; the last to leave ends the dialog.
			s.Must(servertest.OnBehalf(key, "alice"), leaveDialogs, map[string]any{"ids": []string{kept}})
			reply = s.Must(malloryHerself, `query($id: ID!) { dialog(id: $id) { ownerId occupantIds } }`, map[string]any{"id": kept})
			if got := string(reply.Data["dialog"]); got != `{"ownerId":"mallory","occupantIds":["mallory"]}` {
				t.Errorf("the dialog that its owner left: got %s", got)
			}

			const public = `type: PUBLIC_GROUP, name: "news"`
			first, second := create(mallory, public), create(malloryHerself, public)
			refused(mallory, `createDialog(input: {`+public+`}) { created }`, "BAD_USER_INPUT", "a third public group")
			s.Must(mallory, "mutation { "+handOver(first, "bob")+" }", nil)
			for _, h := range []servertest.Header{mallory, malloryHerself} {
				refused(h, `createDialog(input: {`+public+`}) { created }`, "BAD_USER_INPUT", "a third public group in place of one that was handed over")
			}
			refused(malloryHerself, handOver(second, "bob"), "BAD_USER_INPUT", "a user who owns half of the quota")
			s.Must(malloryHerself, "mutation { "+handOver(second, "carol")+" }", nil)
			create(servertest.OnBehalf(key, "bob"), public)
			create(mallory, `type: GROUP, name: "x"`)
			create(malloryHerself, `type: GROUP, name: "x"`)
			s.Must(servertest.WithKey(key), `mutation { createDialog(input: {`+public+`, ownerId: "mallory"}) { created } }`, nil)
			// bob owns two, mallory one, and mallory has created six dialogs today.
			refused(mallory, handOver(first, "mallory"), "FORBIDDEN", "a public group of another user")
			refused(servertest.OnBehalf(key, "bob"), handOver(first, "mallory"), "BAD_USER_INPUT", "handing back")
			refused(mallory, `createDialog(input: {type: GROUP, name: "x"}) { created }`, "RATE_LIMITED", "a seventh dialog, through a server")
			refused(malloryHerself, `createDialog(input: {type: PRIVATE, occupantIds: ["alice"]}) { created }`, "RATE_LIMITED", "a seventh dialog")
			s.Must(servertest.WithKey(key), `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "mallory"}) { created } }`, nil)
		})
	}
}

const leaveDialogs = `mutation($ids: [ID!]!) { leaveDialogs(ids: $ids) { leftIds refused { dialogId code } } }`
