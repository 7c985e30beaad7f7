package sqlite_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestPositionOfOthers: a dialog is read from memory until another process, which here is
// another store with connections of its own, has committed something, and what it has
// committed is read at once.
func TestPositionOfOthers(t *testing.T) {
	dir := t.TempDir()
	own, other := open(t, dir, sqlite.Options{}), open(t, dir, sqlite.Options{})
	defer closing(t, own)
	defer closing(t, other)
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	alice := dialog.Caller{User: "alice"}
	service, foreign := dialog.NewService(own, policy, time.Now, nil), dialog.NewService(other, policy, time.Now, nil)
	out, err := service.Create(t.Context(), alice, dialog.Creation{Type: dialog.Group, Name: dialog.Some("0"), Occupants: []dialog.UserID{"bob"}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		changing := []*dialog.Service{service, foreign}[n%2]
		want := fmt.Sprint(n + 1)
		if _, err := changing.Update(t.Context(), alice, string(out.Dialog.ID), dialog.Change{Name: dialog.Some(want)}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if d, err := service.Dialog(t.Context(), alice, string(out.Dialog.ID), false); err != nil || d.Name != want {
				t.Fatalf("got %q, %v, want %q", d.Name, err, want)
			}
		}
	}
	if !own.KnowsPosition() && runtime.GOOS == "linux" {
		t.Error("the position is read for each look-up")
	}
}
