package storetest

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"dialogs/dialog"
)

// testKeyScopes keeps everything about a key, and the latest day of its use.
func testKeyScopes(e *env) {
	now := e.clock.Now()
	day := now.Truncate(24 * time.Hour)
	key := dialog.APIKey{
		Name: "limited", Hash: sha256.Sum256([]byte("limited")), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		Note: "for the mail gateway \u00e9", Scopes: dialog.KeyRead | dialog.KeyAdmin,
	}
	plain := dialog.APIKey{Name: "plain", Hash: sha256.Sum256([]byte("plain")), CreatedAt: now}
	for _, k := range []dialog.APIKey{key, plain} {
		if err := e.store.AddAPIKey(e.Context(), k); err != nil {
			e.Fatalf("adding %s: %v", k.Name, err)
		}
	}
	use := func(name string, on time.Time) {
		e.Helper()
		if err := e.store.UseAPIKey(e.Context(), name, on); err != nil {
			e.Errorf("using %s: %v", name, err)
		}
		keys, err := e.instance().APIKeys(e.Context())
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		e.same(keys, []dialog.APIKey{key, plain}, "the keys after "+name+" was used")
	}
	use("missing", day)
	key.UsedOn = day
	use("limited", day)
	use("limited", day.Add(-24*time.Hour))
	key.UsedOn = day.Add(24 * time.Hour)
	use("limited", key.UsedOn)
}

// testAccess suspends users and ends their sessions.
func testAccess(e *env) {
	at := e.clock.Now()
	stored := map[dialog.UserID]dialog.UserAccess{}
	check := func(reason string) {
		e.Helper()
		other := e.instance()
		var want []dialog.UserAccess
		var users []dialog.UserID
		for _, a := range stored {
			want, users = append(want, a), append(users, a.User)
		}
		byUser := func(a, b dialog.UserAccess) int { return cmp.Compare(a.User, b.User) }
		slices.SortFunc(want, byUser)
		all, err := other.AllUserAccess(e.Context())
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		e.same(all, want, "everyone "+reason)
		some, err := other.UserAccess(e.Context(), append(users, "A", "unknown", "e\u0301", ""))
		if err != nil {
			e.Fatalf("looking up: %v", err)
		}
		slices.SortFunc(some, byUser)
		e.same(some, want, "some "+reason)
	}
	suspend := func(user dialog.UserID, suspended bool, at time.Time) {
		e.Helper()
		if err := e.store.SuspendUser(e.Context(), user, suspended, at); err != nil {
			e.Fatalf("suspending %q: %v", user, err)
		}
	}
	end := func(user dialog.UserID, at time.Time) {
		e.Helper()
		if err := e.store.EndUserSessions(e.Context(), user, at); err != nil {
			e.Fatalf("ending the sessions of %q: %v", user, err)
		}
	}
	check("where there is nobody")
	if none, err := e.store.UserAccess(e.Context(), nil); err != nil || len(none) > 0 {
		e.Errorf("looking up nobody: %v, %v", none, err)
	}
	suspend("a", true, at)
	end("\u00e9", at)
	suspend("b", false, at)
	stored["a"] = dialog.UserAccess{User: "a", Suspended: true, SuspendedAt: at}
	stored["\u00e9"] = dialog.UserAccess{User: "\u00e9", SessionsEndedAt: at}
	check("after one was suspended, and the sessions of another ended")
	end("a", at.Add(time.Minute))
	end("a", at)
	suspend("a", true, at.Add(time.Minute))
	suspend("\u00e9", true, time.Time{})
	stored["a"] = dialog.UserAccess{User: "a", Suspended: true, SuspendedAt: at, SessionsEndedAt: at.Add(time.Minute)}
	stored["\u00e9"] = dialog.UserAccess{User: "\u00e9", Suspended: true, SessionsEndedAt: at}
	check("after both of both: the later end and the earlier suspension count, and one is unknown")
	suspend("\u00e9", true, at.Add(time.Hour))
	suspend("\u00e9", true, time.Time{})
	suspend("\u00e9", true, at.Add(time.Minute))
	stored["\u00e9"] = dialog.UserAccess{User: "\u00e9", Suspended: true, SuspendedAt: at.Add(time.Minute), SessionsEndedAt: at}
	check("after the unknown instant is known")
	suspend("a", false, at)
	suspend("a", false, at)
	suspend("b", true, at)
	suspend("b", false, at)
	stored["a"] = dialog.UserAccess{User: "a", SessionsEndedAt: at.Add(time.Minute)}
	check("after they were reinstated")
	suspend("a", true, at.Add(time.Hour))
	stored["a"] = dialog.UserAccess{User: "a", Suspended: true, SuspendedAt: at.Add(time.Hour), SessionsEndedAt: at.Add(time.Minute)}
	check("after one was suspended again")
}
