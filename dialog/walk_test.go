package dialog_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"dialogs/dialog"
)

// A membership is who is what to a dialog, whatever the order.
type membership struct {
	Owner             dialog.UserID
	Occupants, Admins map[dialog.UserID]bool
}

func membershipOf(d dialog.Dialog) membership {
	return membership{d.Owner, asSet(d.Occupants), asSet(d.Admins)}
}

// walkBack undoes what the record says was done.
func (m membership) walkBack(r dialog.Record) membership {
	back := membership{m.Owner, maps.Clone(m.Occupants), maps.Clone(m.Admins)}
	if r.OldOwner != "" {
		back.Owner = r.OldOwner
	}
	for _, move := range []struct {
		set        map[dialog.UserID]bool
		came, went []dialog.UserID
	}{{back.Occupants, r.Joined, r.Left}, {back.Admins, r.NewAdmins, r.LostAdmins}} {
		for _, id := range move.came {
			delete(move.set, id)
		}
		for _, id := range move.went {
			move.set[id] = true
		}
	}
	return back
}

// TestWalkingBack follows one dialog through many changes, and then its
// records backwards through all of its memberships to the first.
func TestWalkingBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := newStore(t)
		service := newService(store, tight())
		creation := dialog.Creation{
			Type: dialog.Type(rapid.IntRange(1, 2).Draw(t, "type")), Name: dialog.Some("Lunch"), Owner: dialog.Some(ann), Admins: ids(ann),
		}
		if creation.Type == dialog.Group {
			creation.Occupants, creation.Admins = ids(bob, cid), ids(bob)
		}
		made, err := service.Create(t.Context(), server(), creation)
		if err != nil {
			t.Fatal(err)
		}
		were := []membership{membershipOf(made.Dialog)} // by version - 1
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			change := anyChange(t, ann)
			change.Delete = false
			out, err := service.Update(t.Context(), server(), string(made.Dialog.ID), change)
			if err == nil && out.Change != nil && out.Change.Kind == dialog.Updated {
				were = append(were, membershipOf(out.Dialog))
			}
		}
		now, err := store.Dialog(t.Context(), made.Dialog.ID, true)
		if dialog.IsCode(err, dialog.NotFound) {
			return // all its occupants were removed
		}
		if err != nil {
			t.Fatal(err)
		}
		if int(now.Version) != len(were) || len(now.History) != len(were) {
			t.Fatalf("after %d changes: version %d, %d records", len(were)-1, now.Version, len(now.History))
		}
		m := membershipOf(now)
		for version := len(were); version > 1; version-- {
			m = m.walkBack(now.History[version-1])
			if diff := cmp.Diff(were[version-2], m); diff != "" {
				t.Fatalf("back at version %d (-was +walked):\n%s", version-1, diff)
			}
		}
		nobody := membership{Owner: made.Dialog.Owner, Occupants: asSet(nil), Admins: asSet(nil)}
		if diff := cmp.Diff(nobody, m.walkBack(now.History[0])); diff != "" {
			t.Errorf("before the creation (-nobody +walked):\n%s", diff)
		}
	})
}
