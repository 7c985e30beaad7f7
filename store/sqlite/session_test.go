package sqlite_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestSweepSessions sees that ended sessions go when they would have expired.
func TestSweepSessions(t *testing.T) {
	clock := storetest.NewClock(time.Now().UTC().Truncate(time.Millisecond))
	s := open(t, t.TempDir(), sqlite.Options{Now: clock.Now})
	t.Cleanup(func() { closing(t, s) })
	soon := dialog.EndedSession{ID: "soon", Until: clock.Now().Add(time.Hour)}
	late := dialog.EndedSession{ID: "late", Until: clock.Now().Add(time.Hour + time.Millisecond)}
	for _, e := range []dialog.EndedSession{soon, late} {
		if err := s.EndSession(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		move time.Duration
		want []dialog.EndedSession
	}{
		{time.Hour - time.Millisecond, []dialog.EndedSession{late, soon}},
		{time.Millisecond, []dialog.EndedSession{late}},
		{time.Millisecond, nil},
	} {
		clock.Move(step.move)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.EndedSessions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after another %v (-want +got):\n%s", step.move, diff)
		}
	}
}

// TestSuspendedAgain: the instant of a suspension that ended does not count, though an
// earlier version of the program, which reinstated the user, has left it.
func TestSuspendedAgain(t *testing.T) {
	s, at := opened(t), time.UnixMilli(1_769_868_000_000).UTC()
	suspend := func(at time.Time) {
		if err := s.SuspendUser(t.Context(), "u", true, at); err != nil {
			t.Fatal(err)
		}
	}
	suspend(at)
	if err := s.Write(t.Context(), func(w sqlite.Writer) error { return w.Exec("UPDATE user_access SET suspended = 0") }); err != nil {
		t.Fatal(err)
	}
	suspend(at.Add(time.Hour))
	all, err := s.AllUserAccess(t.Context())
	want := []dialog.UserAccess{{User: "u", Suspended: true, SuspendedAt: at.Add(time.Hour)}}
	if diff := cmp.Diff(want, all); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}
