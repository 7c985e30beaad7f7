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
