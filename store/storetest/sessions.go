package storetest

import (
	"slices"
	"strconv"
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
	ended := func(store dialog.Store, ids []string, want ...string) {
		e.Helper()
		got, err := store.SessionsEnded(e.Context(), ids)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			e.Errorf("of %q, %q are ended, error %v, want %q", ids, got, err, want)
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
	ended(e.store, []string{"a"})
	ended(e.store, nil)
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
	for _, store := range []dialog.Store{e.store, other} {
		ended(store, []string{"b"}, "b")
		ended(store, []string{"c", "b", "\u00e1", "a"}, "a", "b", "\u00e1")
		ended(store, []string{"A", "a ", "", "c", "a\u0301"})
	}
	many := make([]string, 0, 1001)
	for i := range 1000 {
		many = append(many, strconv.Itoa(i))
	}
	ended(other, append(many, "a"), "a")
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
