package auth_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

// TestCheckAgain verifies a token of another issuer once for all connections that have
// it, and not at every check; but it expires on time.
func TestCheckAgain(t *testing.T) {
	k := newEC(t, elliptic.P256())
	set, c := newJWKS(key{public(k), "ec", "ES256", "sig"}), newClock()
	a := newAuthenticator(t, auth.Config{Now: c.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
	token := sign(t, jwt.SigningMethodES256, k, claims(nil), map[string]any{"kid": "ec"})
	id, err := a.Authenticate(t.Context(), bearer(token))
	if err != nil {
		t.Fatal(err)
	}
	callers := []auth.Identity{{}} // anonymous
	for range 100 {
		callers = append(callers, id)
	}
	check := func() (refused int) {
		for _, err := range a.Check(t.Context(), callers) {
			var known *auth.Error
			if errors.As(err, &known) && known.Status == http.StatusUnauthorized {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		return refused
	}
	verifying := testing.AllocsPerRun(1, func() { _, _ = a.Authenticate(t.Context(), bearer(token)) })
	if checking := testing.AllocsPerRun(3, func() {
		if n := check(); n > 0 {
			t.Errorf("%d of them are refused", n)
		}
	}); checking > 5*verifying {
		t.Errorf("checking 100 callers made %v allocations; verifying one token takes %v", checking, verifying)
	}
	c.advance(id.ExpiresAt.Sub(c.Now()) - time.Second)
	if n := check(); n > 0 {
		t.Errorf("%d of them are refused before their token expires", n)
	}
	c.advance(2 * time.Second)
	if n := check(); n != 100 {
		t.Errorf("%d of 100 are refused after their token has expired", n)
	}
}

// TestCheckAhead asks the store for what could not be used at the next check, so that who is
// no longer allowed to call is noticed within 5 seconds although checks are 3.6 seconds apart.
func TestCheckAhead(t *testing.T) {
	c, keys, sessions := newClock(), &keyStore{}, memory.NewStore()
	a := newAuthenticator(t, auth.Config{Now: c.Now, Keys: keys, Sessions: sessions})
	other := newAuthenticator(t, auth.Config{Now: c.Now, Keys: keys, Sessions: sessions})
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	session := func(user dialog.UserID) http.Header {
		token, _, err := minter.Mint(user, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return bearer(token)
	}
	for _, test := range []struct {
		what string
		with http.Header
		end  func(auth.Identity) error
	}{
		{"a key that was revoked", apiKey(newKey(t, "backend", keys)), func(auth.Identity) error { return keys.RemoveAPIKey(t.Context(), "backend") }},
		{"a session that was ended", session("alice"), func(id auth.Identity) error { return other.EndSession(t.Context(), id) }},
		{"a user who was suspended", session("bob"), func(auth.Identity) error { return other.SuspendUser(t.Context(), "bob", true) }},
	} {
		id, err := a.Authenticate(t.Context(), test.with)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.end(id); err != nil {
			t.Fatal(err)
		}
		c.advance(500 * time.Millisecond) // what is known now is too old at the next check
		if a.Check(t.Context(), []auth.Identity{id})[0] == nil {
			t.Errorf("%s is not noticed", test.what)
		}
	}
}
