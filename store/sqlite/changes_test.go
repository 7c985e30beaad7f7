package sqlite_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestForgottenChanges lets a client be away until something that it needs to know
// has been swept away.
func TestForgottenChanges(t *testing.T) {
	clock := storetest.NewClock(time.Now())
	s := open(t, t.TempDir(), sqlite.Options{Now: clock.Now})
	t.Cleanup(func() { closing(t, s) })
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	svc := dialog.NewService(s, policy, clock.Now, rand.Reader)
	server := dialog.Caller{APIKey: "backend"}
	create := func() dialog.ID {
		t.Helper()
		out, err := svc.Create(t.Context(), server, dialog.Creation{
			Type: dialog.Group, Owner: dialog.Some[dialog.UserID]("o"), Name: dialog.Some("x"), Occupants: []dialog.UserID{"a"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Dialog.ID
	}
	update := func(id dialog.ID, c dialog.Change) {
		t.Helper()
		if _, err := svc.Update(t.Context(), server, string(id), c); err != nil {
			t.Fatal(err)
		}
	}
	since := func(m dialog.Mark) (dialog.ChangesPage, error) {
		return s.ChangesSince(t.Context(), dialog.ChangesQuery{User: "a", After: m, Limit: 10, Kept: policy.SyncKept})
	}
	now := func() dialog.Mark {
		t.Helper()
		page, err := since("")
		if err != nil {
			t.Fatal(err)
		}
		return page.Next
	}
	for _, tt := range []struct {
		reason string
		change dialog.Change
	}{
		{"they were removed", dialog.Change{RemoveOccupants: []dialog.UserID{"a"}}},
		{"the dialog was deleted", dialog.Change{Delete: true}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			id := create()
			before := now()
			update(id, tt.change)
			after := now()
			clock.Move(policy.SyncKept - time.Millisecond)
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if page, err := since(before); err != nil || len(page.Dialogs) != 1 || !page.Dialogs[0].Removed || page.Dialogs[0].Dialog.ID != id {
				t.Errorf("at the end of the time: %+v, %v, want the id removed", page, err)
			}
			clock.Move(time.Millisecond)
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := since(before); !dialog.IsCode(err, dialog.ResyncRequired) {
				t.Errorf("from before what is forgotten: %v, want ResyncRequired", err)
			}
			if page, err := since(after); err != nil || len(page.Dialogs) != 0 {
				t.Errorf("from after what is forgotten: %+v, %v, want nothing", page, err)
			}
		})
	}
}

// TestChangesPlans holds that reading changes costs in the changes or in the
// user's own dialogs, never in all dialogs.
func TestChangesPlans(t *testing.T) {
	got, err := opened(t).ChangesPlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"by position": {
			"SEARCH d USING INDEX dialog_position (position>?)",
			"SEARCH m EXISTS USING PRIMARY KEY (user=? AND dialog=?)",
		},
		"by member": {
			"SEARCH m USING PRIMARY KEY (user=?)",
			"SEARCH d USING INTEGER PRIMARY KEY (rowid=?)",
			"USE TEMP B-TREE FOR ORDER BY",
		},
		"for a server": {"SEARCH d USING INDEX dialog_position (position>?)"},
		"removed": {
			"SEARCH p USING PRIMARY KEY (user=?)",
			"SEARCH d USING INTEGER PRIMARY KEY (rowid=?)",
			"USE TEMP B-TREE FOR ORDER BY",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
}

// TestUpgradeForChanges opens a database of the schema before changes had
// positions.
func TestUpgradeForChanges(t *testing.T) {
	dir := t.TempDir()
	clock := storetest.NewClock(time.Now())
	s := open(t, dir, sqlite.Options{Now: clock.Now})
	svc := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), clock.Now, rand.Reader)
	server := dialog.Caller{APIKey: "backend"}
	var ids []dialog.ID
	for range 3 {
		out, err := svc.Create(t.Context(), server, dialog.Creation{
			Type: dialog.Group, Owner: dialog.Some[dialog.UserID]("o"), Name: dialog.Some("x"),
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, out.Dialog.ID)
	}
	if _, err := svc.Update(t.Context(), server, string(ids[2]), dialog.Change{Delete: true, IdempotencyKey: dialog.Some("k")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), sqlite.WithoutPositions); err != nil {
		t.Fatal(err)
	}
	closing(t, s)

	s = open(t, dir, sqlite.Options{Now: clock.Now})
	t.Cleanup(func() { closing(t, s) })
	svc = dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), clock.Now, rand.Reader)
	now, err := svc.Changes(t.Context(), server, dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Update(t.Context(), server, string(ids[0]), dialog.Change{Name: dialog.Some("y")}); err != nil {
		t.Fatal(err)
	}
	page, err := svc.Changes(t.Context(), server, dialog.Some(now.Cursor), dialog.Optional[int]{})
	if err != nil || len(page.Changed) != 1 || page.Changed[0].ID != ids[0] || len(page.Removed) != 0 {
		t.Errorf("after the upgrade: %+v, %v, want one change", page, err)
	}
	replay := func() error {
		out, err := svc.Update(t.Context(), server, string(ids[2]), dialog.Change{Delete: true, IdempotencyKey: dialog.Some("k")})
		if err == nil && !out.Replayed {
			t.Error("a deletion was repeated, and not replayed")
		}
		return err
	}
	if err := replay(); err != nil {
		t.Errorf("a tombstone of before the upgrade: %v", err)
	}
	clock.Move(24 * time.Hour)
	if err := replay(); !dialog.IsCode(err, dialog.NotFound) {
		t.Errorf("a tombstone of before the upgrade, a day later: %v, want NotFound", err)
	}
}
