package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

// TestCommandsKeepChanges deletes dialogs and removes users by commands, while the server
// keeps changes for longer than by default. A client that was offline for that long must
// learn of it.
func TestCommandsKeepChanges(t *testing.T) {
	s := defaults(t)
	s.keepChanges = 30 * 24 * time.Hour
	const away = 20 * 24 * time.Hour
	st, err := s.store.open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	service := s.newService(st)
	create := func() string {
		t.Helper()
		out, err := service.Create(t.Context(), dialog.Caller{User: "bob"}, dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"alice"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(out.Dialog.ID)
	}
	changes := func(after dialog.Optional[string]) dialog.Changes {
		t.Helper()
		page, err := service.Changes(t.Context(), dialog.Caller{User: "alice"}, after, dialog.Optional[int]{})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	deleted, left, replaced := create(), create(), create()
	private, err := service.Create(t.Context(), dialog.Caller{User: "carol"}, dialog.Creation{
		Type: dialog.Private, Occupants: []dialog.UserID{"alice"},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := changes(dialog.Optional[string]{}).Cursor
	file := filepath.Join(t.TempDir(), "dialogs.json")
	content := `{"_id": "` + replaced + `", "type": 2, "name": "Lunch", "user_id": "bob", "occupants_ids": ["bob"], "created_at": "2026-01-31T09:30:00Z", "updated_at": "2026-01-31T09:30:00Z"}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"delete", deleted}, {"remove", left, "alice"}, {"import", "--overwrite", file}, {"erase", "carol"}} {
		var report, failure strings.Builder
		code := Run(t.Context(), append(args, "--store", s.store.address), []string{"DIALOGS_KEEP_CHANGES=720h"}, nil, &report, &failure)
		if code != exitOK {
			t.Fatalf("%s: %s%s", args, &report, &failure)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return time.Now().Add(away) }
	s.store.options.Now = s.now
	if st, err = s.store.open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	sweeper, ok := st.(interface{ Sweep(context.Context) error })
	if !ok {
		t.Fatal("the embedded store cannot be swept")
	}
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	service = s.newService(st)
	got := changes(dialog.Some(before)).Removed
	slices.Sort(got)
	want := []dialog.ID{dialog.ID(deleted), dialog.ID(left), dialog.ID(replaced), private.Dialog.ID}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what alice learns (-want +got):\n%s", diff)
	}
}
