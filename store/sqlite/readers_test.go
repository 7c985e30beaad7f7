package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestManyShapes asks for lists of more shapes than statements are kept, and
// then for what always needs one.
func TestManyShapes(t *testing.T) {
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	out, err := service.Create(t.Context(), dialog.Caller{User: "alice"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch")})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 150 {
		q := dialog.Query{User: "alice", Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByName}, Limit: 1}
		for i := range n {
			q.Filter.IDs = append(q.Filter.IDs, dialog.ID(fmt.Sprintf("%024x", i)))
		}
		if _, err := s.Dialogs(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := s.Dialog(t.Context(), out.Dialog.ID, true); err != nil || len(d.History) != 1 {
		t.Errorf("got %+v and error %v", d, err)
	}
	if all, err := s.Scan(t.Context(), "", 10); err != nil || len(all) != 1 {
		t.Errorf("got %+v and error %v", all, err)
	}
}
