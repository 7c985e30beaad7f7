package auth_test

import (
	"crypto/elliptic"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
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
