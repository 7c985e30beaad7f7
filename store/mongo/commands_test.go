package mongo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"dialogs/dialog"
)

// These are the commands that different changes send.
const (
	once      = "findAndModify"
	long      = "find findAndModify"
	notAtOnce = "findAndModify find findAndModify"
	refused   = "findAndModify find"
)

// An ordinary change sends exactly one command. Other changes send exactly the commands
// that are listed here.
func TestCommandsOfEachKindOfChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	owner, admin, occupant := dialog.Caller{User: "owner"}, dialog.Caller{User: "admin"}, dialog.Caller{User: "b"}
	server := dialog.Caller{APIKey: "backend"}
	name, photo := dialog.Some("new name"), dialog.Some("new photo")
	custom := []dialog.CustomInput{{Class: "C", Fields: map[string]any{"text": "new", "count": 2}}}
	many := make([]dialog.UserID, 100)
	for i := range many {
		many[i] = dialog.UserID(fmt.Sprint("new", i))
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, test := range []struct {
		kind   string
		typ    dialog.Type
		caller dialog.Caller
		change dialog.Change
		want   string
	}{
		{"name", dialog.Group, owner, dialog.Change{Name: name}, once},
		{"name, by an occupant", dialog.Group, occupant, dialog.Change{Name: name}, once},
		{"name, by a server", dialog.Group, server, dialog.Change{Name: name}, once},
		{"name, on behalf of a user", dialog.Group, dialog.Caller{User: "b", APIKey: "backend"}, dialog.Change{Name: name}, once},
		{"photo", dialog.Group, owner, dialog.Change{Photo: photo}, once},
		{"photo cleared", dialog.Group, owner, dialog.Change{ClearPhoto: true}, once},
		{"name and photo of a public group", dialog.PublicGroup, owner, dialog.Change{Name: name, Photo: photo}, once},
		{"name of a public group, by an admin", dialog.PublicGroup, admin, dialog.Change{Name: name}, once},
		{"custom data", dialog.Group, owner, dialog.Change{Custom: custom}, once},
		{"custom data of a private dialog", dialog.Private, owner, dialog.Change{Custom: custom}, once},
		{"custom data, one field as it is", dialog.Group, owner, dialog.Change{Custom: []dialog.CustomInput{{Class: "C", Fields: map[string]any{"text": "old", "count": 2}}}}, once},
		{"custom data removed", dialog.Group, owner, dialog.Change{Custom: []dialog.CustomInput{{Class: "C", Fields: map[string]any{"text": nil}}}}, once},
		{"one occupant added", dialog.Group, occupant, dialog.Change{AddOccupants: many[:1]}, once},
		{"100 occupants added", dialog.Group, owner, dialog.Change{AddOccupants: many}, once},
		{"one occupant removed", dialog.Group, admin, dialog.Change{RemoveOccupants: []dialog.UserID{"b"}}, once},
		{"several removed, in the dialog's order", dialog.Group, owner, dialog.Change{RemoveOccupants: []dialog.UserID{"b", "c"}}, once},
		{"leaving", dialog.Group, occupant, dialog.Change{RemoveOccupants: []dialog.UserID{"b"}}, once},
		{"name, photo, custom data, added", dialog.Group, owner, dialog.Change{Name: name, Photo: photo, Custom: custom, AddOccupants: many}, once},
		{"name, photo, custom data, removed", dialog.Group, owner, dialog.Change{Name: name, Photo: photo, Custom: custom, RemoveOccupants: []dialog.UserID{"b"}}, once},
		{"the same, with key and ifVersion", dialog.Group, owner, dialog.Change{Name: name, Photo: photo, Custom: custom, RemoveOccupants: []dialog.UserID{"b"}, IfVersion: dialog.Some[int64](1), IdempotencyKey: dialog.Some("k")}, once},
		{"deletion", dialog.Group, owner, dialog.Change{Delete: true}, once},
		{"deletion of a private dialog", dialog.Private, dialog.Caller{User: "b"}, dialog.Change{Delete: true}, once},

		{"added and removed at once", dialog.Group, owner, dialog.Change{AddOccupants: many, RemoveOccupants: []dialog.UserID{"b"}}, long},
		{"an admin named", dialog.Group, owner, dialog.Change{AddAdmins: []dialog.UserID{"b"}}, long},
		{"an admin dismissed", dialog.Group, owner, dialog.Change{RemoveAdmins: []dialog.UserID{"admin"}}, long},
		{"an admin stepping down", dialog.Group, admin, dialog.Change{RemoveAdmins: []dialog.UserID{"admin"}}, long},
		{"another owner", dialog.Group, owner, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("b")}, long},
		{"the owner leaving", dialog.Group, owner, dialog.Change{RemoveOccupants: []dialog.UserID{"owner"}}, notAtOnce},
		{"an admin removed", dialog.Group, owner, dialog.Change{RemoveOccupants: []dialog.UserID{"admin"}}, notAtOnce},
		{"several removed, in another order", dialog.Group, owner, dialog.Change{RemoveOccupants: []dialog.UserID{"c", "b"}}, once},
		{"one removed who is not in", dialog.Group, owner, dialog.Change{RemoveOccupants: []dialog.UserID{"b", "x"}}, notAtOnce},
		{"one added who is in", dialog.Group, owner, dialog.Change{AddOccupants: []dialog.UserID{"b", "x"}}, notAtOnce},
		{"a new photo, the name as it is", dialog.Group, owner, dialog.Change{Name: dialog.Some("old name"), Photo: photo}, notAtOnce},

		{"nothing to change", dialog.Group, owner, dialog.Change{Name: dialog.Some("old name")}, refused},
		{"not allowed", dialog.Group, dialog.Caller{User: "x"}, dialog.Change{Name: name}, refused},
		{"another version", dialog.Group, owner, dialog.Change{Name: name, IfVersion: dialog.Some[int64](7)}, refused},
		{"not of this type", dialog.Private, owner, dialog.Change{Name: name}, refused},
		{"of no type", dialog.PublicGroup, owner, dialog.Change{Photo: photo, AddOccupants: many[:1]}, refused},
	} {
		id := f.create(test.typ)
		ctx, record := recorded(t.Context())
		_, err := f.service.Update(ctx, test.caller, string(id), test.change)
		if failed := err != nil; failed && test.want != refused {
			t.Errorf("%s: %v", test.kind, err)
		}
		if got := record.sent(); got != test.want {
			t.Errorf("%s: sent %s, want %s", test.kind, got, test.want)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", test.kind, record.sent())
	}
	f.others(table)
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("commands of each kind of change:\n%s", out.String())
}

// others checks the commands of calls that do not update a dialog.
func (f *fixture) others(table *tabwriter.Writer) {
	f.t.Helper()
	owner := dialog.Caller{User: "owner"}
	id := f.create(dialog.Group)
	creation := dialog.Creation{Type: dialog.Group, Name: dialog.Some("x")}
	keyed := creation
	keyed.IdempotencyKey = dialog.Some("k")
	private := dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"someone"}}
	create := func(c dialog.Creation) func(context.Context) error {
		return func(ctx context.Context) error { _, err := f.service.Create(ctx, owner, c); return err }
	}
	for _, test := range []struct {
		kind string
		call func(ctx context.Context) error
		want string
	}{
		{"read", func(ctx context.Context) error { _, err := f.service.Dialog(ctx, owner, string(id), true); return err }, "find"},
		{"a page of a list", func(ctx context.Context) error {
			_, err := f.service.List(ctx, owner, dialog.ListRequest{Scope: dialog.Visible, Order: dialog.Order{Field: dialog.ByUpdatedAt}})
			return err
		}, "find"},
		{"creation", create(creation), "update"},
		{"creation with a key", create(keyed), "insert update"},
		{"creation with a key again", create(keyed), "insert find find"},
		{"creation of a private dialog", create(private), "insert update"},
		{"creation of a private dialog again", create(private), "insert find find"},
	} {
		ctx, record := recorded(f.t.Context())
		if err := test.call(ctx); err != nil {
			f.t.Errorf("%s: %v", test.kind, err)
		}
		if got := record.sent(); got != test.want {
			f.t.Errorf("%s: sent %s, want %s", test.kind, got, test.want)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", test.kind, record.sent())
	}
}

// TestCatchUpReadsLatestRecords: for a catch-up, the database does not send whole histories,
// nor who has left the dialogs.
func TestCatchUpReadsLatestRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	q := dialog.ChangesQuery{User: "b", WithHistory: true, Latest: true, Limit: 10, Kept: dialog.DefaultSyncKept}
	page, err := f.store.ChangesSince(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	f.create(dialog.Group)
	ctx, record := recorded(t.Context())
	q.After = page.Next
	if page, err = f.store.ChangesSince(ctx, q); err != nil || len(page.Dialogs) != 1 {
		t.Fatalf("%d changes, %v", len(page.Dialogs), err)
	}
	latest := 0
	for _, command := range record.commands {
		if collection, ok := command.Lookup("find").StringValueOK(); !ok || collection != "dialogs" {
			continue
		}
		fields := command.Lookup("projection").Document()
		elements, err := fields.Elements()
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := fields.Lookup("history", "$slice").AsInt64OK(); ok && n == -1 {
			latest++
		} else if len(elements) > 1 { // the dialogs that the user has left are found by their place alone
			t.Errorf("a query for %s", fields)
		}
	}
	if latest != 1 {
		t.Errorf("%d queries for latest records, of %s", latest, record.sent())
	}
}
