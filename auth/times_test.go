package auth_test

import (
	"crypto/elliptic"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
)

// TestTokenTimes bounds the lifetime of every token, no matter who signed it.
func TestTokenTimes(t *testing.T) {
	const most = 24 * time.Hour
	at := func(d time.Duration) string { return unix(noon.Add(d)) }
	issuedNow := noon.Add(most) // when a token issued at noon ends at the latest
	for _, tc := range []struct {
		reason, times string // the claims
		expires       time.Time
		refused       string
	}{
		{"exp within the limit counts", `"iat":` + at(0) + `,"exp":` + at(time.Hour), noon.Add(time.Hour), ""},
		{"exp at the limit", `"iat":` + at(0) + `,"exp":` + at(most), issuedNow, ""},
		{"exp beyond the limit", `"iat":` + at(0) + `,"exp":` + at(most+time.Second), issuedNow, ""},
		{"milliseconds instead of seconds", `"iat":` + at(0) + `,"exp":` + at(time.Hour) + `000`, issuedNow, ""},
		{"more than the year 9999", `"iat":` + at(0) + `,"exp":253402300800`, issuedNow, ""},
		{"more than a clock can show", `"iat":` + at(0) + `,"exp":1e18`, issuedNow, ""},
		{"the largest int64", `"iat":` + at(0) + `,"exp":9223372036854775807`, issuedNow, ""},
		{"one more than that", `"iat":` + at(0) + `,"exp":9223372036854775808`, issuedNow, ""},
		{"more than any integer", `"iat":` + at(0) + `,"exp":1e300`, issuedNow, ""},
		{"a fraction is dropped", `"iat":` + at(0) + `.9,"exp":` + at(time.Hour) + `.9`, noon.Add(time.Hour), ""},
		{"a fraction of a second is left", `"iat":` + at(0) + `,"exp":` + at(0) + `.9`, time.Time{}, "has expired"},
		{"issued before the limit began", `"iat":` + at(-most) + `,"exp":1e18`, time.Time{}, "issued more than"},
		{"almost before the limit began", `"iat":` + at(time.Second-most) + `,"exp":1e18`, noon.Add(time.Second), ""},
		{"without iat, exp within the limit", `"exp":` + at(most), issuedNow, ""},
		{"without iat, exp beyond the limit", `"exp":` + at(most+time.Second), time.Time{}, "without an issue time"},
		{"without iat, more than a clock can show", `"exp":1e18`, time.Time{}, "without an issue time"},
		{"iat of zero is none", `"iat":0,"exp":1e18`, time.Time{}, "without an issue time"},
		{"exp before 1970", `"exp":-1`, time.Time{}, "has expired"},
		{"exp far before 1970", `"iat":` + at(0) + `,"exp":-1e300`, time.Time{}, "has expired"},
		{"exp as text", `"exp":"1e18"`, time.Time{}, "malformed"},
		{"exp null", `"exp":null`, time.Time{}, "malformed"},
		{"exp in a list", `"exp":[1e18]`, time.Time{}, "malformed"},
		{"exp of no finite number", `"exp":1e999`, time.Time{}, "malformed"},
		{"nbf that has come", `"nbf":` + at(0) + `,"exp":` + at(time.Hour), noon.Add(time.Hour), ""},
		{"nbf of zero is none", `"nbf":0,"exp":` + at(time.Hour), noon.Add(time.Hour), ""},
		{"nbf in the future", `"nbf":` + at(31*time.Second) + `,"exp":` + at(time.Hour), time.Time{}, "not valid yet"},
		{"nbf with a fraction in the future", `"nbf":` + at(30*time.Second) + `.5,"exp":` + at(time.Hour), time.Time{}, "not valid yet"},
		{"nbf in milliseconds", `"nbf":` + at(0) + `000,"exp":` + at(time.Hour), time.Time{}, "(nbf)"},
		{"nbf beyond a clock", `"nbf":1e18,"exp":` + at(time.Hour), time.Time{}, "(nbf)"},
		{"nbf beyond any integer", `"nbf":1e300,"exp":` + at(time.Hour), time.Time{}, "(nbf)"},
		{"nbf far before 1970", `"nbf":-1e300,"exp":` + at(time.Hour), time.Time{}, "(nbf)"},
		{"nbf as text", `"nbf":"0","exp":` + at(time.Hour), time.Time{}, "malformed"},
		{"iat beyond a clock", `"iat":1e18,"exp":` + at(time.Hour), time.Time{}, "(iat)"},
		{"iat far before 1970", `"iat":-1e300,"exp":` + at(time.Hour), time.Time{}, "(iat)"},
		{"iat as text", `"iat":"now","exp":` + at(time.Hour), time.Time{}, "malformed"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			curve := newEC(t, elliptic.P256())
			set := newJWKS(key{curve.Public(), "ec", "ES256", "sig"})
			a := newAuthenticator(t, auth.Config{Now: newClock().Now, SessionMax: most, JWKS: auth.JWKS{
				URL: set.url(), Transport: set, Issuer: "i", Audience: "a",
			}})
			body := `{"sub":"42","jti":"1","iss":"i","aud":"a",` + tc.times + `}`
			own := signRaw(t, `{"alg":"HS256"}`, body)
			text := enc(`{"alg":"ES256","kid":"ec"}`) + "." + enc(body)
			signature, err := jwt.SigningMethodES256.Sign(text, curve)
			if err != nil {
				t.Fatal(err)
			}
			for whose, token := range map[string]string{"own": own, "another issuer's": text + "." + enc(string(signature))} {
				id, err := a.Authenticate(t.Context(), bearer(token))
				if tc.refused != "" {
					if message := wantRefused(t, err, http.StatusUnauthorized, token); !strings.Contains(message, tc.refused) {
						t.Errorf("%s: got the message %q, want %q in it", whose, message, tc.refused)
					}
				} else if err != nil || !id.ExpiresAt.Equal(tc.expires) {
					t.Errorf("%s: got %+v and error %v, want it to expire at %v", whose, id, err, tc.expires)
				}
			}
		})
	}
}

// TestEndedStaysEnded restarts the server after a session was ended, also with
// a longer lifetime, until the token cannot be valid any more.
func TestEndedStaysEnded(t *testing.T) {
	for _, exp := range []string{unix(noon.Add(time.Hour)), unix(noon.Add(48 * time.Hour)), "1e12", "1e18", "1e300"} {
		t.Run(exp, func(t *testing.T) {
			store, c := newSessionStore(), newClock()
			token := signRaw(t, `{"alg":"HS256"}`, `{"sub":"42","jti":"1","iat":`+unix(noon)+`,"exp":`+exp+`}`)
			first := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now, SessionMax: time.Minute})
			mustEnd(t, first, mustAuthenticate(t, first, token))
			kept, err := store.EndedSessions(t.Context())
			if err != nil || len(kept) != 1 || kept[0].Until.Year() > 9999 {
				t.Fatalf("got %+v and error %v, want one session until an instant that stores can hold", kept, err)
			}
			for _, later := range []time.Duration{0, time.Minute, time.Hour - 2*time.Minute, 24 * time.Hour, auth.MostSessionMax} {
				c.advance(later)
				if !c.Now().Before(kept[0].Until) { // a store may forget it from here on
					store = newSessionStore()
				}
				again := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now, SessionMax: auth.MostSessionMax})
				if id, err := again.Authenticate(t.Context(), bearer(token)); err == nil {
					t.Errorf("after %s: the ended session is accepted until %s", c.Now().Sub(noon), id.ExpiresAt)
				}
			}
		})
	}
}

func TestSessionMaxBounds(t *testing.T) {
	for _, most := range []time.Duration{-time.Second, time.Millisecond, auth.MostSessionMax + 1} {
		store := newSessionStore()
		_, err := auth.New(t.Context(), auth.Config{
			Secrets: [][]byte{secret}, Keys: &keyStore{}, Sessions: store, SessionMax: most, Now: newClock().Now, Log: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			t.Errorf("SessionMax %s is accepted", most)
		}
	}
}

// TestMintWithin shortens lifetimes to what the verifier accepts.
func TestMintWithin(t *testing.T) {
	c := newClock()
	c.advance(900 * time.Millisecond)
	minter := newMinter(t, c).Within(time.Hour)
	a := newAuthenticator(t, auth.Config{Now: c.Now, SessionMax: time.Hour})
	for _, tc := range []struct{ ttl, want time.Duration }{{time.Minute, time.Minute + time.Second}, {time.Hour, time.Hour}, {auth.MaxTTL, time.Hour}} {
		token, expires, err := minter.Mint("42", tc.ttl)
		if err != nil || !expires.Equal(noon.Add(tc.want)) {
			t.Fatalf("%s: got %v and error %v, want it to expire after %s", tc.ttl, expires, err, tc.want)
		}
		if id := mustAuthenticate(t, a, token); !id.ExpiresAt.Equal(expires) {
			t.Errorf("%s: the token expires at %v, the answer says %v", tc.ttl, id.ExpiresAt, expires)
		}
	}
}
