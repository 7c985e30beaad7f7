package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

// streamsChecked is how often the callers of streams are checked.
const streamsChecked = 3600 * time.Millisecond

// instances are two servers with one store, which also accept the tokens of another issuer.
type instances struct {
	t               *testing.T
	clock           *clock
	here, elsewhere *auth.Authenticator
	minter          *auth.Minter
	issuer          *ecdsa.PrivateKey
	apiKey          string
}

func newInstances(t *testing.T) *instances {
	t.Helper()
	c, db, issuer := newClock(), memory.NewDatabase(), newEC(t, elliptic.P256())
	set := newJWKS(key{public(issuer), "ec", "ES256", "sig"})
	instance := func() *auth.Authenticator {
		return newAuthenticator(t, auth.Config{Sessions: db.Open(), Keys: db.Open(), Now: c.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
	}
	text, stored, err := auth.NewAPIKey("backend", c.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Open().AddAPIKey(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	return &instances{t: t, clock: c, here: instance(), elsewhere: instance(), minter: newMinter(t, c), issuer: issuer, apiKey: text}
}

// own is a session token of the server.
func (i *instances) own(user dialog.UserID) http.Header {
	i.t.Helper()
	token, _, err := i.minter.Mint(user, time.Hour)
	if err != nil {
		i.t.Fatal(err)
	}
	return bearer(token)
}

// foreign is a token of the other issuer, with or without the time at which it was issued.
func (i *instances) foreign(user dialog.UserID, issued bool) http.Header {
	i.t.Helper()
	c := claims(jwt.MapClaims{"sub": string(user)})
	if issued {
		c["iat"] = float64(i.clock.Now().UnixMilli()) / 1000
	}
	return bearer(sign(i.t, jwt.SigningMethodES256, i.issuer, c, map[string]any{"kid": "ec"}))
}

func (i *instances) behalf(user string) http.Header {
	return header("Authorization", "ApiKey "+i.apiKey, "On-Behalf-Of", user)
}

// accepts checks whether an instance accepts credentials. If not, that is a 401, whose line
// in the log names alice.
func (i *instances) accepts(a *auth.Authenticator, want bool, reason string, all ...http.Header) {
	i.t.Helper()
	for n, h := range all {
		_, err := a.Authenticate(i.t.Context(), h)
		var refused *auth.Error
		switch {
		case (err == nil) != want:
			i.t.Errorf("%s, %d: %v", reason, n, err)
		case err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || refused.Caller.User != "alice"):
			i.t.Errorf("%s, %d: %v is not 401 with the user", reason, n, err)
		}
	}
}

// streams are the callers of streams that begin.
func (i *instances) streams(a *auth.Authenticator, all ...http.Header) (long []auth.Identity) {
	i.t.Helper()
	for _, h := range all {
		id, err := a.Authenticate(i.t.Context(), h)
		if err != nil {
			i.t.Fatal(err)
		}
		long = append(long, id)
	}
	return long
}

// goOn checks whether streams go on at the next check.
func (i *instances) goOn(a *auth.Authenticator, want bool, reason string, streams []auth.Identity) {
	i.t.Helper()
	for n, err := range a.Check(i.t.Context(), streams) {
		if (err == nil) != want {
			i.t.Errorf("%s, stream %d: %v", reason, n, err)
		}
	}
}

// TestEndUserSessions ends what was issued until then, here at once and elsewhere within 5
// seconds, and the tokens of another issuer too.
func TestEndUserSessions(t *testing.T) {
	i := newInstances(t)
	old := []http.Header{i.own("alice"), i.foreign("alice", true), i.foreign("alice", false)}
	others := []http.Header{i.own("bob"), i.foreign("bob", true), i.foreign("bob", false)}
	i.accepts(i.elsewhere, true, "before", old...)
	ending, going := i.streams(i.elsewhere, old...), i.streams(i.elsewhere, others...)
	if err := i.here.EndUserSessions(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	i.accepts(i.here, false, "here at once", old...)
	i.clock.advance(2 * time.Millisecond)
	next := []http.Header{i.own("alice"), i.foreign("alice", true)}
	i.accepts(i.here, true, "a session that began later in the same second", next...)
	i.clock.advance(streamsChecked)
	i.goOn(i.elsewhere, false, "elsewhere at the next check", ending)
	i.goOn(i.elsewhere, true, "those of somebody else", going)
	i.clock.advance(4*time.Second - streamsChecked)
	i.accepts(i.elsewhere, false, "elsewhere within 5 seconds", old...)
	i.accepts(i.elsewhere, true, "the new session elsewhere", next...)
	i.accepts(i.elsewhere, true, "the session of somebody else", others...)
	i.accepts(i.elsewhere, true, "an API key on behalf of the user has no session", i.behalf("alice"))
}

// TestSuspendUser rejects every credential of a user, those of another issuer and of streams
// too, here at once and elsewhere within 5 seconds, until they are reinstated.
func TestSuspendUser(t *testing.T) {
	i := newInstances(t)
	alice := []http.Header{i.own("alice"), i.foreign("alice", true), i.foreign("alice", false), i.behalf("alice")}
	others := []http.Header{i.own("bob"), i.foreign("bob", true), i.behalf("bob"), apiKey(i.apiKey)}
	here, elsewhere := i.streams(i.here, alice...), i.streams(i.elsewhere, alice...)
	going := i.streams(i.elsewhere, others...)
	for _, suspended := range []bool{true, false} {
		if err := i.here.SuspendUser(t.Context(), "alice", suspended); err != nil {
			t.Fatal(err)
		}
		i.accepts(i.here, !suspended, "here at once", alice...)
		i.goOn(i.here, !suspended, "here at once", here)
		i.clock.advance(streamsChecked)
		i.goOn(i.elsewhere, !suspended, "elsewhere at the next check", elsewhere)
		i.clock.advance(4*time.Second - streamsChecked)
		i.accepts(i.elsewhere, !suspended, "elsewhere within 5 seconds", alice...)
		i.accepts(i.elsewhere, true, "others elsewhere", others...)
		i.goOn(i.elsewhere, true, "others elsewhere", going)
	}
}

// TestRefusedCallers names whose credentials were rejected, for the log, if they are genuine.
func TestRefusedCallers(t *testing.T) {
	c, keys := newClock(), &keyStore{}
	a := newAuthenticator(t, auth.Config{Now: c.Now, Keys: keys, Sessions: memory.NewStore()})
	text, stored, err := auth.NewAPIKey("reports", c.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stored.ExpiresAt = c.Now().Add(time.Minute)
	if err := keys.AddAPIKey(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	expired := func(secret []byte) http.Header {
		return bearer(sign(t, jwt.SigningMethodHS256, secret, claims(jwt.MapClaims{"exp": c.Now().Add(-time.Minute).Unix()}), nil))
	}
	c.advance(time.Hour)
	for _, test := range []struct {
		reason string
		header http.Header
		want   dialog.Caller
	}{
		{"an expired token", expired(secret), dialog.Caller{User: "42"}},
		{"one that somebody else has signed", expired([]byte(strings.Repeat("o", 32))), dialog.Caller{}},
		{"an expired key", apiKey(text), dialog.Caller{APIKey: "reports"}},
		{"an unknown key", apiKey(newKey(t, "lost", nil)), dialog.Caller{}},
	} {
		_, err := a.Authenticate(t.Context(), test.header)
		var refused *auth.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || refused.Caller != test.want {
			t.Errorf("%s: %v, of %+v", test.reason, err, refused)
		}
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
