package storetest

import (
	"time"

	"dialogs/dialog"
)

func testSessions(e *env) {
	list := func(reason string, want ...dialog.EndedSession) {
		e.Helper()
		got, err := e.store.EndedSessions(e.Context())
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		e.same(got, want, reason)
	}
	ended := func(store dialog.Store, id string, want bool) {
		e.Helper()
		if got, err := store.SessionEnded(e.Context(), id); err != nil || got != want {
			e.Errorf("%q: ended %v, %v, want %v", id, got, err, want)
		}
	}
	end := func(id string, until time.Time) dialog.EndedSession {
		e.Helper()
		s := dialog.EndedSession{ID: id, Until: until}
		if err := e.store.EndSession(e.Context(), s); err != nil {
			e.Fatalf("ending %q: %v", id, err)
		}
		return s
	}
	list("where there are none")
	ended(e.store, "a", false)
	soon, late := e.clock.Now().Add(time.Hour), e.clock.Now().Add(30*24*time.Hour)
	b := end("b", soon)
	a := end("a", soon)
	accented := end("\u00e1", late)
	list("by id, byte by byte", a, b, accented)
	a = end("a", late)
	list("ended again, until later", a, b, accented)
	end("a", soon)
	list("ended again, until earlier", a, b, accented)
	other := e.instance()
	for _, id := range []string{"a", "b", "\u00e1"} {
		ended(e.store, id, true)
		ended(other, id, true)
	}
	for _, id := range []string{"A", "a ", "", "c", "a\u0301"} {
		ended(other, id, false)
	}
}

// testSessionRace ends one session many times at once.
func testSessionRace(e *env) {
	latest := e.clock.Now().Add(writers * time.Minute)
	e.race(writers, func(i int) error {
		return e.store.EndSession(e.Context(), dialog.EndedSession{ID: "s", Until: latest.Add(-time.Duration(i) * time.Minute)})
	})
	got, err := e.store.EndedSessions(e.Context())
	if err != nil {
		e.Fatalf("listing: %v", err)
	}
	e.same(got, []dialog.EndedSession{{ID: "s", Until: latest}}, "until the latest of all")
}
