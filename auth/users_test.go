package auth_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

// TestEndUserSessions ends what was issued until then, here at once and elsewhere within 5
// seconds.
func TestEndUserSessions(t *testing.T) {
	c, db := newClock(), memory.NewDatabase()
	here := newAuthenticator(t, auth.Config{Sessions: db.Open(), Keys: db.Open(), Now: c.Now})
	elsewhere := newAuthenticator(t, auth.Config{Sessions: db.Open(), Keys: db.Open(), Now: c.Now})
	minter := newMinter(t, c)
	mint := func(user dialog.UserID) string {
		token, _, err := minter.Mint(user, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	old, others := mint("alice"), mint("bob")
	key, stored, err := auth.NewAPIKey("backend", c.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Open().AddAPIKey(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	accepts := func(a *auth.Authenticator, want bool, reason string, h ...string) {
		t.Helper()
		_, err := a.Authenticate(t.Context(), header(h...))
		if (err == nil) != want {
			t.Errorf("%s: %v", reason, err)
		}
		var refused *auth.Error
		if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized) {
			t.Errorf("%s: %v is not 401", reason, err)
		}
	}
	accepts(elsewhere, true, "before", "QB-Token", old)
	if err := here.EndUserSessions(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	accepts(here, false, "here at once", "QB-Token", old)
	c.advance(2 * time.Millisecond)
	next := mint("alice")
	accepts(here, true, "a session that began later in the same second", "QB-Token", next)
	c.advance(4 * time.Second)
	accepts(elsewhere, false, "elsewhere within 5 seconds", "QB-Token", old)
	accepts(elsewhere, true, "the new session elsewhere", "QB-Token", next)
	accepts(elsewhere, true, "the session of somebody else", "QB-Token", others)
	accepts(elsewhere, true, "an API key on behalf of the user has no session", "Authorization", "ApiKey "+key, "On-Behalf-Of", "alice")
}

// TestSuspendUser rejects every credential of a user, and of long connections too.
func TestSuspendUser(t *testing.T) {
	c, db := newClock(), memory.NewDatabase()
	here := newAuthenticator(t, auth.Config{Sessions: db.Open(), Keys: db.Open(), Now: c.Now})
	elsewhere := newAuthenticator(t, auth.Config{Sessions: db.Open(), Keys: db.Open(), Now: c.Now})
	token, _, err := newMinter(t, c).Mint("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	key, stored, err := auth.NewAPIKey("backend", c.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Open().AddAPIKey(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	credentials := map[string][]string{
		"a session token": {"QB-Token", token}, "an API key": {"Authorization", "ApiKey " + key, "On-Behalf-Of", "alice"},
	}
	long := map[*auth.Authenticator][]auth.Identity{}
	for name, h := range credentials {
		for _, a := range []*auth.Authenticator{here, elsewhere} {
			id, err := a.Authenticate(t.Context(), header(h...))
			if err != nil {
				t.Fatalf("%s before: %v", name, err)
			}
			long[a] = append(long[a], id)
		}
	}
	check := func(a *auth.Authenticator, suspended bool, reason string) {
		t.Helper()
		errs := a.Check(t.Context(), long[a])
		for _, h := range credentials {
			_, err := a.Authenticate(t.Context(), header(h...))
			errs = append(errs, err)
		}
		for _, err := range errs {
			if (err != nil) != suspended || err != nil && !strings.Contains(err.Error(), "suspended") {
				t.Errorf("%s: %v", reason, err)
			}
		}
		for _, h := range [][]string{{"Authorization", "ApiKey " + key}, {"Authorization", "ApiKey " + key, "On-Behalf-Of", "bob"}} {
			if _, err := a.Authenticate(t.Context(), header(h...)); err != nil {
				t.Errorf("%s, %v: %v", reason, h[2:], err)
			}
		}
	}
	for _, suspended := range []bool{true, false} {
		if err := here.SuspendUser(t.Context(), "alice", suspended); err != nil {
			t.Fatal(err)
		}
		check(here, suspended, "here at once")
		c.advance(4 * time.Second)
		check(elsewhere, suspended, "elsewhere within 5 seconds")
	}
}

// TestKeyExpires: a key works until it expires, and the day of its use is stored.
func TestKeyExpires(t *testing.T) {
	c, store := newClock(), memory.NewStore()
	a := newAuthenticator(t, auth.Config{Sessions: store, Keys: store, Now: c.Now})
	key, stored, err := auth.NewAPIKey("reports", c.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stored.ExpiresAt, stored.Scopes = c.Now().Add(time.Hour), dialog.KeyRead
	if err := store.AddAPIKey(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	id, err := a.Authenticate(t.Context(), header("Authorization", "ApiKey "+key))
	if err != nil || id.Caller.Scopes != dialog.KeyRead {
		t.Fatalf("got %+v, %v", id.Caller, err)
	}
	a.Close() // waits for what is stored beside requests
	keys, err := store.APIKeys(t.Context())
	if err != nil || !keys[0].UsedOn.Equal(c.Now().Truncate(24*time.Hour)) {
		t.Errorf("used on %v, %v", keys, err)
	}
	a = newAuthenticator(t, auth.Config{Sessions: store, Keys: store, Now: c.Now})
	c.advance(time.Hour)
	if _, err := a.Authenticate(t.Context(), header("Authorization", "ApiKey "+key)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after it expired: %v", err)
	}
}
