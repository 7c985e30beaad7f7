package dialog_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestOrderOfChecks breaks two neighbors of the documented order at once, and
// looks which of them answers: credentials, shape, the idempotency key, is
// there such a dialog, may they, does its type allow it, ifVersion, what needs
// the dialog.
func TestOrderOfChecks(t *testing.T) {
	people := dialogtest.Named("")
	store := newStore(t)
	service := newService(store, dialog.DefaultLimits())
	create := func(kind dialog.Type) string {
		made, err := service.Create(t.Context(), server(), people.Creation(kind))
		if err != nil {
			t.Fatal(err)
		}
		return string(made.Dialog.ID)
	}
	update := func(c dialog.Caller, id string, change dialog.Change) (dialog.Outcome, error) {
		return service.Update(t.Context(), c, id, change)
	}
	mustUpdate := func(c dialog.Caller, id string, change dialog.Change) {
		if _, err := update(c, id, change); err != nil {
			t.Fatal(err)
		}
	}
	owner, occupant, outsider := user(people.Owner), user(people.Occupant), user(people.Outsider)
	key := dialog.Some("once")
	group, public, private := create(dialog.Group), create(dialog.PublicGroup), create(dialog.Private)
	missing := "ffffffffffffffffffffffff"

	// The occupant leaves with the key, and can't see the group any more;
	// another group is deleted after the owner had used the key in it.
	mustUpdate(occupant, group, dialog.Change{RemoveOccupants: ids(people.Occupant), IdempotencyKey: key})
	deleted := create(dialog.Group)
	mustUpdate(owner, deleted, dialog.Change{Name: dialog.Some("Dinner"), IdempotencyKey: key})
	mustUpdate(owner, deleted, dialog.Change{Delete: true})

	rename, nameless := dialog.Change{Name: dialog.Some("x")}, dialog.Change{Name: dialog.Some("")}
	wrongVersion := dialog.Some[int64](99)
	for _, tt := range []struct {
		reason string
		caller dialog.Caller
		id     string
		change dialog.Change
		code   dialog.Code
		field  string
	}{
		{"credentials before shape", dialog.Caller{}, "no id", nameless, dialog.Unauthenticated, ""},
		{"credentials before 404", dialog.Caller{}, missing, rename, dialog.Unauthenticated, ""},
		{"shape before a replay", occupant, group, dialog.Change{Name: dialog.Some(""), IdempotencyKey: key}, dialog.Invalid, "name"},
		{"classes, which need a store, before a replay", occupant, group, dialog.Change{Custom: custom("Nothing", nil), IdempotencyKey: key}, dialog.Invalid, "customData"},
		{"shape before 404", owner, missing, nameless, dialog.Invalid, "name"},
		{"classes before 404", owner, missing, dialog.Change{Custom: custom("Nothing", nil)}, dialog.Invalid, "customData"},
		{"shape before 403", outsider, group, nameless, dialog.Invalid, "name"},
		{"a key used for another input before 404", owner, deleted, dialog.Change{Name: dialog.Some("x"), IdempotencyKey: key}, dialog.Invalid, "idempotencyKey"},
		{"a key used for another input before 403", occupant, group, dialog.Change{Name: dialog.Some("x"), IdempotencyKey: key}, dialog.Invalid, "idempotencyKey"},
		{"404 before 403", outsider, missing, rename, dialog.NotFound, ""},
		{"404 of a deleted one before 403", outsider, deleted, rename, dialog.NotFound, ""},
		{"404 before 409", owner, deleted, dialog.Change{Name: dialog.Some("x"), IfVersion: wrongVersion}, dialog.NotFound, ""},
		{"403 of sight before the type's 400", outsider, private, rename, dialog.Forbidden, ""},
		{"403 of an act before the type's 400 of another", outsider, public, dialog.Change{Name: dialog.Some("x"), AddOccupants: ids(people.Newcomer)}, dialog.Forbidden, ""},
		{"403 before 409", outsider, group, dialog.Change{Name: dialog.Some("x"), IfVersion: wrongVersion}, dialog.Forbidden, ""},
		{"403 before what needs the dialog", user(people.Admin), group, dialog.Change{NewOwner: dialog.Some(people.Newcomer)}, dialog.Forbidden, ""},
		{"the type's 400 before 409", owner, private, dialog.Change{AddOccupants: ids(people.Newcomer), IfVersion: wrongVersion}, dialog.Invalid, "addOccupants"},
		{"409 before what needs the dialog", owner, group, dialog.Change{NewOwner: dialog.Some(people.Newcomer), IfVersion: wrongVersion}, dialog.Conflict, "ifVersion"},
		{"409 before nothing changed", owner, group, dialog.Change{Name: dialog.Some("Lunch"), IfVersion: wrongVersion}, dialog.Conflict, "ifVersion"},
		{"what needs the dialog before nothing changed", owner, group, dialog.Change{Name: dialog.Some("Lunch"), AddAdmins: ids(people.Newcomer)}, dialog.Invalid, "addAdmins"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := update(tt.caller, tt.id, tt.change)
			wantError(t, err, tt.code, tt.field)
		})
	}

	t.Run("a replay before 404", func(t *testing.T) {
		out, err := update(owner, deleted, dialog.Change{Name: dialog.Some("Dinner"), IdempotencyKey: key})
		if err != nil || !out.Replayed || !out.Dialog.Deleted || out.Change.Name != "Dinner" {
			t.Errorf("got %+v, %v", out, err)
		}
	})
	t.Run("a replay before 403", func(t *testing.T) {
		out, err := update(occupant, group, dialog.Change{RemoveOccupants: ids(people.Occupant), IdempotencyKey: key})
		if err != nil || !out.Replayed || out.Change.Version != 2 {
			t.Errorf("got %+v, %v", out, err)
		}
		wantEqual(t, "what they get of a dialog that they left", out.Dialog, dialog.Dialog{ID: dialog.ID(group), Deleted: true})
	})
	t.Run("a replay before 409", func(t *testing.T) {
		change := dialog.Change{Name: dialog.Some("Supper"), IfVersion: dialog.Some[int64](2), IdempotencyKey: key}
		mustUpdate(owner, group, change)
		if out, err := update(owner, group, change); err != nil || !out.Replayed {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

// TestFirstDenialIsNamed: of several acts that the rules refuse, the table's
// first row explains.
func TestFirstDenialIsNamed(t *testing.T) {
	current := group(ann, bob, cid, dan)
	current.Admins = ids(bob)
	managers, owner := []dialog.Standing{dialog.StandingOwner, dialog.StandingAdmin}, []dialog.Standing{dialog.StandingOwner}
	for _, tt := range []struct {
		reason string
		caller dialog.Caller
		change dialog.Change
		want   dialog.Denial
	}{
		{
			"removing others comes before ownership", user(cid),
			dialog.Change{NewOwner: dialog.Some(cid), AddAdmins: ids(cid), RemoveOccupants: ids(dan)},
			dialog.Denial{Rule: "removeOthers", Standing: dialog.StandingOccupant, Allowed: managers},
		},
		{
			"removing one whom an admin might remove comes before removing one whom only the owner might", user(cid),
			dialog.Change{RemoveOccupants: ids(ann, dan)},
			dialog.Denial{Rule: "removeOthers", Standing: dialog.StandingOccupant, Allowed: managers},
		},
		{
			"an admin removes occupants, not the owner", user(bob),
			dialog.Change{RemoveOccupants: ids(ann, dan)},
			dialog.Denial{Rule: "removeOthers", Standing: dialog.StandingAdmin, Allowed: owner},
		},
		{
			"admins come before ownership", user(bob),
			dialog.Change{NewOwner: dialog.Some(bob), AddAdmins: ids(cid), Name: dialog.Some("x")},
			dialog.Denial{Rule: "changeAdmins", Standing: dialog.StandingAdmin, Allowed: owner},
		},
		{
			"an admin who steps down takes nobody along", user(bob),
			dialog.Change{RemoveAdmins: ids(bob, cid)},
			dialog.Denial{Rule: "changeAdmins", Standing: dialog.StandingAdmin, Allowed: owner},
		},
		{
			"an act that is allowed excuses none that is not", user(cid),
			dialog.Change{Name: dialog.Some("x"), AddOccupants: ids(eve), RemoveOccupants: ids(cid, dan)},
			dialog.Denial{Rule: "removeOthers", Standing: dialog.StandingOccupant, Allowed: managers},
		},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := mustPlan(t, tt.caller, tt.change).Decide(current)
			wantEqual(t, "denial", dialogtest.VerdictOf(t, err).Denial, &tt.want)
		})
	}
}
