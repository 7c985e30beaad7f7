package sqlite_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestSweep checks that expired data is deleted automatically, and nothing
// else does.
func TestSweep(t *testing.T) {
	clock := storetest.NewClock(time.Now())
	s := open(t, t.TempDir(), sqlite.Options{Now: clock.Now})
	t.Cleanup(func() { closing(t, s) })
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	policy.SyncKept = dialog.KeyKept
	svc := dialog.NewService(s, policy, clock.Now, rand.Reader)
	o := dialog.Caller{User: "o"}
	create := func(key string) dialog.Dialog {
		t.Helper()
		out, err := svc.Create(t.Context(), o, dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("x"), Occupants: []dialog.UserID{"a"}, IdempotencyKey: dialog.Some(key),
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Dialog
	}
	remove := func(d dialog.Dialog) {
		t.Helper()
		if _, err := svc.Update(t.Context(), o, string(d.ID), dialog.Change{Delete: true}); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(want ...int64) {
		t.Helper()
		for i, table := range []string{"dialog", "change", "creation", "member"} {
			got, err := s.ReadValue(t.Context(), "SELECT count(*) FROM "+table)
			if err != nil || got != want[i] {
				t.Errorf("%v rows in %s, %v, want %d", got, table, err, want[i])
			}
		}
	}
	sweep := func() {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const many = 450 // more than one job clears away
	for n := range many {
		remove(create(string(rune('A' + n))))
	}
	clock.Move(time.Hour)
	kept := create("kept")
	remove(create("late"))
	rows(many+2, 2*many+3, many+2, 2)
	clock.Move(dialog.KeyKept - time.Hour - time.Millisecond)
	sweep()
	rows(many+2, 2*many+3, many+2, 2)
	clock.Move(time.Millisecond)
	sweep()
	rows(2, 3, 2, 2)
	clock.Move(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.SweepAlways(ctx, time.Millisecond)
	}()
	waitFor(t, func() bool {
		n, err := s.ReadValue(t.Context(), "SELECT count(*) FROM dialog")
		return err == nil && n == int64(1)
	})
	waitFor(t, func() bool {
		n, err := s.ReadValue(t.Context(), "SELECT count(*) FROM creation")
		return err == nil && n == int64(0)
	})
	cancel()
	<-done
	rows(1, 1, 0, 2)
	if _, err := svc.Dialog(t.Context(), o, string(kept.ID), true); err != nil {
		t.Error(err)
	}
}
