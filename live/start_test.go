package live_test

import (
	"context"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
)

// A busyStore runs a function after its dialogs were listed.
type busyStore struct {
	dialog.Store
	listed func()
}

func (s *busyStore) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	page, err := s.Store.Dialogs(ctx, q)
	if f := s.listed; f != nil {
		s.listed = nil
		f()
	}
	return page, err
}

// TestStartWhileChanging: changes during the start of a reader are from before its start,
// and only later changes are read.
func TestStartWhileChanging(t *testing.T) {
	t.Parallel()
	db := memory.NewDatabase()
	i := start(t, db.Open())
	id := i.group("a")
	store := &busyStore{Store: db.Open(), listed: func() { i.rename(id, "meanwhile") }}
	r := live.NewReader(store, dialog.DefaultSyncKept, time.Now)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.rename(id, "afterwards")
	var fresh []int
	err := r.Read(t.Context(), true, func(n *live.News) error {
		fresh = append(fresh, n.Fresh)
		return nil
	})
	if err != nil || len(fresh) != 1 || fresh[0] != 1 {
		t.Errorf("got %v new records of each dialog, %v, want 1 of one", fresh, err)
	}
}
