package auth_test

import (
	"crypto/rand"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/auth"
)

// TestTokenRemembered: a token that was accepted is judged like a new one each time.
func TestTokenRemembered(t *testing.T) {
	other := []byte(strings.Repeat("2", 32))
	for name, tc := range map[string]struct {
		reason string
		happen func(*testing.T, *clock, *auth.Authenticator, string)
		valid  bool
	}{
		"nothing":           {"It is still valid.", func(*testing.T, *clock, *auth.Authenticator, string) {}, true},
		"almost expired":    {"It is valid until it expires.", func(_ *testing.T, c *clock, _ *auth.Authenticator, _ string) { c.advance(time.Hour - time.Second) }, true},
		"expired":           {"Its time is over.", func(_ *testing.T, c *clock, _ *auth.Authenticator, _ string) { c.advance(time.Hour) }, false},
		"a clock set back":  {"It was not issued yet.", func(_ *testing.T, c *clock, _ *auth.Authenticator, _ string) { c.advance(-time.Hour) }, false},
		"a new secret":      {"One of the secrets still verifies it.", func(t *testing.T, _ *clock, a *auth.Authenticator, _ string) { replace(t, a, other, secret) }, true},
		"a replaced secret": {"No secret verifies it.", func(t *testing.T, _ *clock, a *auth.Authenticator, _ string) { replace(t, a, other) }, false},
		"an ended session": {"The user signed out.", func(t *testing.T, _ *clock, a *auth.Authenticator, token string) {
			id, err := a.Authenticate(t.Context(), bearer(token))
			if err != nil {
				t.Fatal(err)
			}
			if err := a.EndSession(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			token, _, err := minter.Mint("alice", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			a := newAuthenticator(t, auth.Config{Now: c.Now})
			first, err := a.Authenticate(t.Context(), bearer(token))
			if err != nil {
				t.Fatal(err)
			}
			tc.happen(t, c, a, token)
			again, err := a.Authenticate(t.Context(), bearer(token))
			if (err == nil) != tc.valid {
				t.Fatalf("valid: %v, want %v: %v\nreason: %s", err == nil, tc.valid, err, tc.reason)
			}
			if tc.valid && (again.Caller != first.Caller || again.TokenID != first.TokenID || !again.ExpiresAt.Equal(first.ExpiresAt)) {
				t.Errorf("got %+v, want %+v", again, first)
			}
		})
	}
}

// TestTokenRememberedAsOf: the clock is set forward while a token is verified that was not
// issued yet, and then back.
func TestTokenRememberedAsOf(t *testing.T) {
	c := newClock()
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := minter.Mint("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(-time.Hour)
	var looks, forwardAt atomic.Int64
	a := newAuthenticator(t, auth.Config{Now: func() time.Time {
		if looks.Add(1) == forwardAt.Load() {
			c.advance(time.Hour)
		}
		return c.Now()
	}})
	for at := int64(1); ; at++ {
		forwardAt.Store(at)
		looks.Store(0)
		_, err := a.Authenticate(t.Context(), bearer(token))
		if looks.Load() < at {
			if at < 3 || err == nil {
				t.Errorf("the clock was looked at %d times: %v", looks.Load(), err)
			}
			return
		}
		c.advance(-time.Hour)
		if _, err := a.Authenticate(t.Context(), bearer(token)); err == nil {
			t.Fatalf("after the clock was forward at look %d, a token that was not issued yet is accepted", at)
		}
	}
}

func replace(t *testing.T, a *auth.Authenticator, secrets ...[]byte) {
	t.Helper()
	if err := a.SetSecrets(secrets); err != nil {
		t.Fatal(err)
	}
}
