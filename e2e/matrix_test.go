package e2e_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"

	"dialogs/servertest"
)

// TestTableThroughHTTP sends the decision table through the whole server, with
// real credentials: every cell through GraphQL on SQLite, and a sample of every
// row through each other pair of API and engine (all cells in make test-long).
func TestTableThroughHTTP(t *testing.T) {
	t.Parallel()
	all := dialogtest.Table(t)
	sample := dialogtest.Sample(all)
	if dialogtest.Times(0, 1) == 1 {
		sample = all
	}
	for _, engine := range []struct {
		name      string
		start     func(testing.TB, ...string) server
		graphQL   []dialogtest.Cell
		quickBlox []dialogtest.Cell
	}{{"SQLite", start, all, sample}, {"MongoDB", startOnMongo, sample, sample}} {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			s := engine.start(t, "--rate-limit", "0", "--rate-limit-key", "0")
			key := s.MustCLI("apikey", "create", dialogtest.KeyName)
			s.Must(servertest.WithKey(key), `mutation($in: DefineCustomClassInput!) { defineCustomClass(input: $in) { customClass { name } } }`,
				map[string]any{"in": classInput(dialogtest.Class())})
			for _, api := range []struct {
				name  string
				cells []dialogtest.Cell
				ask   func(*testing.T, servertest.Header, dialog.Change, bool, string) dialogtest.Verdict
			}{{"GraphQL", engine.graphQL, s.asGraphQL}, {"QuickBlox", engine.quickBlox, s.asQuickBlox}} {
				for i, cell := range api.cells {
					t.Run(api.name+"/"+cell.Name(), func(t *testing.T) {
						p := dialogtest.Named(fmt.Sprintf("%s-%d-", api.name, i))
						change, changes := cell.Change(p)
						id := s.createFor(servertest.WithKey(key), p.Creation(cell.Type))
						want := cell.Want
						if api.name == "QuickBlox" {
							want = inQuickBlox(cell, change, p.Owner)
						}
						if diff := cmp.Diff(want, api.ask(t, s.credential(cell, p, key), change, !changes, id)); diff != "" {
							t.Errorf("unexpected verdict (-want +got):\n%s", diff)
						}
					})
				}
			}
		})
	}
}

// inQuickBlox is the verdict of a cell in the QuickBlox API: a denial has only its
// sentence, and the API ignores the name and photo of a private dialog and the
// owner that it already has.
func inQuickBlox(cell dialogtest.Cell, change dialog.Change, owner dialog.UserID) dialogtest.Verdict {
	want := cell.Want
	want.Denial = nil
	ignored := change.Name.Given || change.Photo.Given || change.ClearPhoto || change.NewOwner.Value == owner
	if cell.Type == dialog.Private && ignored && want.Code == dialog.Invalid {
		return dialogtest.Verdict{}
	}
	return want
}

// credential is the credential of the cell's caller.
func (r server) credential(cell dialogtest.Cell, p dialogtest.People, key string) servertest.Header {
	r.Helper()
	user := string(p.With(cell.Standing))
	switch cell.Credential {
	case dialogtest.Session:
		session := r.Must(servertest.WithKey(key), `mutation($id: ID!) { createSession(input: {userId: $id}) { token } }`, map[string]any{"id": user})
		var made struct{ Token string }
		servertest.Decode(r, session.Data["createSession"], &made)
		return servertest.WithToken(made.Token)
	case dialogtest.OnBehalf:
		return servertest.OnBehalf(key, user)
	case dialogtest.Key:
		return servertest.WithKey(key)
	}
	return nil
}

// asGraphQL sends a change, or only reads, and returns the verdict.
func (r server) asGraphQL(t *testing.T, h servertest.Header, change dialog.Change, looks bool, id string) dialogtest.Verdict {
	t.Helper()
	switch {
	case looks:
		return verdictOf(t, r.Post(h, `query($id: ID!) { dialog(id: $id) { id } }`, map[string]any{"id": id}))
	case change.Delete:
		return verdictOf(t, r.Post(h, `mutation($id: ID!) { deleteDialog(id: $id) { deletedId } }`, map[string]any{"id": id}))
	}
	return verdictOf(t, r.Post(h, `mutation($id: ID!, $in: UpdateDialogInput!) { updateDialog(id: $id, input: $in) { replayed } }`,
		map[string]any{"id": id, "in": changeInput(change)}))
}

func verdictOf(t *testing.T, answer servertest.Reply) dialogtest.Verdict {
	t.Helper()
	if len(answer.Errors) == 0 {
		return dialogtest.Verdict{}
	}
	e := answer.Errors[0].Extensions
	v := dialogtest.Verdict{Message: answer.Errors[0].Message, Field: e.Field}
	for code, want := range map[dialog.Code]struct {
		code   string
		status int
	}{
		dialog.Invalid: {"BAD_USER_INPUT", 400}, dialog.Unauthenticated: {"UNAUTHENTICATED", 401}, dialog.Forbidden: {"FORBIDDEN", 403},
	} {
		if e.Code == want.code && e.Status == want.status {
			v.Code = code
		}
	}
	if v.Code == 0 {
		t.Fatalf("got %s", answer.Body)
	}
	if v.Code == dialog.Forbidden {
		v.Denial = &dialog.Denial{Rule: e.Rule, Standing: standingNamed(e.Standing)}
		for _, name := range e.Allowed {
			v.Denial.Allowed = append(v.Denial.Allowed, standingNamed(name))
		}
	}
	return v
}

func standingNamed(name string) dialog.Standing {
	for s := dialog.StandingServer; s <= dialog.StandingOutsider; s++ {
		if s.String() == name {
			return s
		}
	}
	return 0
}

// createFor makes a dialog as a server and returns its id.
func (r server) createFor(h servertest.Header, c dialog.Creation) string {
	r.Helper()
	input := map[string]any{
		"type":    map[dialog.Type]string{dialog.PublicGroup: "PUBLIC_GROUP", dialog.Group: "GROUP", dialog.Private: "PRIVATE"}[c.Type],
		"ownerId": c.Owner.Value, "occupantIds": append([]dialog.UserID{}, c.Occupants...), "adminIds": append([]dialog.UserID{}, c.Admins...),
		"customData": customInput(c.Custom),
	}
	if c.Name.Given {
		input["name"], input["photo"] = c.Name.Value, c.Photo.Value
	}
	answer := r.Must(h, `mutation($in: CreateDialogInput!) { createDialog(input: $in) { dialog { id } } }`, map[string]any{"in": input})
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(r, answer.Data["createDialog"], &made)
	return made.Dialog.ID
}

func customInput(in []dialog.CustomInput) []map[string]any {
	out := []map[string]any{}
	for _, c := range in {
		out = append(out, map[string]any{"className": c.Class, "fields": c.Fields})
	}
	return out
}

// changeInput is a change as UpdateDialogInput, with nothing that it does not
// ask for.
func changeInput(c dialog.Change) map[string]any {
	in := map[string]any{}
	if c.Name.Given {
		in["name"] = c.Name.Value
	}
	if c.Photo.Given {
		in["photo"] = c.Photo.Value
	}
	if c.ClearPhoto {
		in["photo"] = nil
	}
	for name, list := range map[string][]dialog.UserID{
		"addOccupants": c.AddOccupants, "removeOccupants": c.RemoveOccupants, "addAdmins": c.AddAdmins, "removeAdmins": c.RemoveAdmins,
	} {
		if len(list) > 0 {
			in[name] = list
		}
	}
	if c.NewOwner.Given {
		in["newOwnerId"] = c.NewOwner.Value
	}
	if len(c.Custom) > 0 {
		in["customData"] = customInput(c.Custom)
	}
	return in
}

func classInput(c dialog.Class) map[string]any {
	fields := []map[string]any{}
	types := map[dialog.FieldType]string{
		dialog.Boolean: "BOOLEAN", dialog.Integer: "INTEGER", dialog.Float: "FLOAT",
		dialog.String: "STRING", dialog.DateTime: "DATETIME", dialog.Location: "LOCATION",
	}
	for _, f := range c.Fields {
		fields = append(fields, map[string]any{"name": f.Name, "type": types[f.Type], "list": f.List})
	}
	return map[string]any{"name": c.Name, "fields": fields}
}
