package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

const leaveDialogs = `mutation($ids: [ID!]!) { leaveDialogs(ids: $ids) { leftIds refused { dialogId code message } } }`

// leave makes a user leave dialogs. It returns the ids of those that were left, and "id:
// code" for the others.
func (d *fixture) leave(c dialog.Caller, ids ...string) (left, refused []string) {
	d.Helper()
	a := d.do(c, leaveDialogs, "ids", ids)
	payload, _ := a.Data["leaveDialogs"].(map[string]any)
	if payload == nil || len(a.Errors) > 0 {
		d.Fatalf("got %s", a.Body)
	}
	for _, id := range payload["leftIds"].([]any) { //nolint:errcheck // a panic fails the test as well
		left = append(left, fmt.Sprint(id))
	}
	for _, one := range payload["refused"].([]any) { //nolint:errcheck // the same
		r, _ := one.(map[string]any)
		if r["message"] == "" {
			d.Errorf("%v is refused without a message", r["dialogId"])
		}
		refused = append(refused, fmt.Sprint(r["dialogId"], ": ", r["code"]))
	}
	return left, refused
}

func TestLeaveDialogs(t *testing.T) {
	d := open(t, nil)
	own, joined, stranger := d.group("alice", "bob"), d.group("carol", "alice"), d.group("carol")
	var ids [2]string
	for i, input := range []string{`{type: PRIVATE, occupantIds: ["bob"]}`, `{type: PUBLIC_GROUP, name: "News"}`} {
		a := d.do(user("alice"), `mutation { createDialog(input: `+input+`) { dialog { id } } }`)
		if _, err := fmt.Sscanf(a.Body, `{"data":{"createDialog":{"dialog":{"id":%q}}}}`, &ids[i]); err != nil {
			t.Fatalf("%v: %s", err, a.Body)
		}
	}
	private, public := ids[0], ids[1]
	const missing = "65ba1b4a0000000000000fff"
	left, refused := d.leave(user("alice"), joined, stranger, own, missing, private, public, joined, "nonsense", "nonsense")
	if diff := cmp.Diff([]string{joined, own}, left); diff != "" {
		t.Errorf("left others (-want +got):\n%s", diff)
	}
	want := []string{
		stranger + ": FORBIDDEN", missing + ": NOT_FOUND", private + ": BAD_USER_INPUT", public + ": BAD_USER_INPUT",
		"nonsense: BAD_USER_INPUT",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused others (-want +got):\n%s", diff)
	}
	a := d.do(user("bob"), `query($id: ID!) { dialog(id: $id) { ownerId occupantIds } }`, "id", own)
	heir := map[string]any{"dialog": map[string]any{"ownerId": "bob", "occupantIds": []any{"bob"}}}
	if diff := cmp.Diff(heir, a.Data); diff != "" {
		t.Errorf("the dialog that its owner left (-want +got):\n%s", diff)
	}
	left, refused = d.leave(user("alice"), joined, own)
	if diff := cmp.Diff([]string{joined + ": FORBIDDEN", own + ": FORBIDDEN"}, refused); diff != "" || left != nil {
		t.Errorf("repeated: left %v, refused (-want +got):\n%s", left, diff)
	}
	if left, refused = d.leave(user("bob"), own, own); len(left) != 1 || refused != nil {
		t.Errorf("the last occupant: left %v, refused %v", left, refused)
	}
	if left, refused = d.leave(user("bob"), own); left != nil || !cmp.Equal(refused, []string{own + ": NOT_FOUND"}) {
		t.Errorf("a dialog that was deleted when its last occupant left: left %v, refused %v", left, refused)
	}
}

func TestLeaveDialogsRefused(t *testing.T) {
	d := open(t, nil)
	for _, test := range []struct {
		caller            dialog.Caller
		ids               []string
		code, field, data string
		reason            string
	}{
		{user("alice"), []string{}, "", "", `{"leaveDialogs":{"leftIds":[],"refused":[]}}`, "no ids are nothing to leave"},
		{user("alice"), make([]string, 101), "BAD_USER_INPUT", "ids", `{"leaveDialogs":null}`, "more than 100"},
		{server(), []string{}, "FORBIDDEN", "", `{"leaveDialogs":null}`, "a server is in no dialog"},
		{dialog.Caller{}, []string{}, "UNAUTHENTICATED", "", `{"leaveDialogs":null}`, "no credentials"},
		{dialog.Caller{User: "alice", APIKey: "backend"}, []string{}, "", "", `{"leaveDialogs":{"leftIds":[],"refused":[]}}`, "on behalf of a user"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			a := d.do(test.caller, leaveDialogs, "ids", test.ids)
			if code, field := a.code(t); code != test.code || field != test.field || !strings.Contains(a.Body, `"data":`+test.data) {
				t.Errorf("got %s", a.Body)
			}
		})
	}
}
