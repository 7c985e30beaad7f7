package dialog_test

import (
	"slices"
	"testing"

	"dialogs/dialog"
)

// People of the tests: short names, as the tables below are long.
const (
	ann dialog.UserID = "ann"
	bob dialog.UserID = "bob"
	cid dialog.UserID = "cid"
	dan dialog.UserID = "dan"
	eve dialog.UserID = "eve"
)

func ids(list ...dialog.UserID) []dialog.UserID { return list }

// TestSuccession changes a Group that ann owns, with bob, cid and dan in it
// in this order.
func TestSuccession(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason string
		admins []dialog.UserID
		caller dialog.Caller
		change dialog.Change

		owner     dialog.UserID
		newAdmins []dialog.UserID
		badField  string
	}{
		{
			name:   "to whom the owner names",
			reason: "newOwnerId goes before every admin",
			admins: ids(cid), caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann), NewOwner: dialog.Some(dan)},
			owner:  dan, newAdmins: ids(cid),
		},
		{
			name:   "to the longest-standing admin",
			reason: "cid was named before bob, who joined before",
			admins: ids(cid, bob), caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann)},
			owner:  cid, newAdmins: ids(bob),
		},
		{
			name:   "to the longest-standing admin who stays",
			reason: "cid goes in the same step",
			admins: ids(cid, dan), caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann, cid)},
			owner:  dan,
		},
		{
			name:   "to the longest-standing admin who stays one",
			reason: "cid is dismissed in the same step",
			admins: ids(cid, dan), caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann), RemoveAdmins: ids(cid)},
			owner:  dan,
		},
		{
			name:   "to the longest-standing occupant",
			reason: "there are no admins",
			caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann)},
			owner:  bob,
		},
		{
			name:   "to the longest-standing occupant who stays",
			reason: "bob goes in the same step",
			caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann, bob)},
			owner:  cid,
		},
		{
			name:   "to a newcomer when all others go",
			reason: "they are the first in the list as it will be",
			caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann, bob, cid, dan), AddOccupants: ids(eve)},
			owner:  eve,
		},
		{
			name:   "to an admin named in the same step",
			reason: "who owns is judged on the dialog as it will be",
			caller: user(ann),
			change: dialog.Change{RemoveOccupants: ids(ann), AddAdmins: ids(dan)},
			owner:  dan,
		},
		{
			name:     "not to an admin who will not be an occupant",
			reason:   "the owner of a group is an occupant, so naming eve is refused and does not make eve the owner",
			caller:   user(ann),
			change:   dialog.Change{RemoveOccupants: ids(ann), AddAdmins: ids(eve)},
			badField: "addAdmins",
		},
		{
			name:   "when a server removes the owner",
			reason: "nobody else could manage the group, no matter who removes its owner",
			admins: ids(dan), caller: server(),
			change: dialog.Change{RemoveOccupants: ids(ann)},
			owner:  dan,
		},
		{
			name:   "without leaving",
			reason: "a new owner leaves the admins, the old one stays an occupant and no admin",
			admins: ids(bob, cid), caller: user(ann),
			change: dialog.Change{NewOwner: dialog.Some(bob)},
			owner:  bob, newAdmins: ids(cid),
		},
		{
			name:   "the old owner may become admin",
			reason: "the owner who is ignored as admin is the new one",
			admins: ids(bob), caller: user(ann),
			change: dialog.Change{NewOwner: dialog.Some(cid), AddAdmins: ids(ann, cid)},
			owner:  cid, newAdmins: ids(bob, ann),
		},
		{
			name:   "to a newcomer",
			reason: "they will be an occupant",
			caller: user(ann),
			change: dialog.Change{AddOccupants: ids(eve), NewOwner: dialog.Some(eve)},
			owner:  eve,
		},
		{
			name:     "not to somebody outside",
			reason:   "the owner of a group is an occupant",
			caller:   user(ann),
			change:   dialog.Change{NewOwner: dialog.Some(eve)},
			badField: "newOwnerId",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			current := group(ann, bob, cid, dan)
			current.Admins = tt.admins
			out, err := mustPlan(t, tt.caller, tt.change).Decide(current)
			if tt.badField != "" {
				wantError(t, err, dialog.Invalid, tt.badField)
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tt.reason, err)
			}
			if out.Dialog.Owner != tt.owner || !slices.Equal(out.Dialog.Admins, tt.newAdmins) {
				t.Errorf("got owner %s and admins %v, want %s and %v: %s",
					out.Dialog.Owner, out.Dialog.Admins, tt.owner, tt.newAdmins, tt.reason)
			}
			if out.Change.OldOwner != ann || out.Change.NewOwner != tt.owner {
				t.Errorf("the record says %s handed over to %s", out.Change.OldOwner, out.Change.NewOwner)
			}
		})
	}
}
