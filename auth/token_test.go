package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialogs/auth"
	"dialogs/dialog"
)

// claims are a token's claims, valid at noon, with changes; a nil value
// leaves the claim out.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "42", "exp": noon.Add(time.Hour).Unix()}
	for name, value := range changes {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.Claims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatalf("signing: %v", err)
	}
	return text
}

// signRaw signs claims that no encoder would write.
func signRaw(t testing.TB, header, claims string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	signature, err := jwt.SigningMethodHS256.Sign(text, secret)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestToken(t *testing.T) {
	hs256 := func(changes jwt.MapClaims) string {
		return sign(t, jwt.SigningMethodHS256, secret, claims(changes), nil)
	}
	const rawHeader = `{"alg":"HS256","typ":"JWT"}`
	whole := hs256(nil)
	parts := strings.Split(whole, ".")
	exp := noon.Add(time.Hour)
	cases := map[string]struct {
		reason string
		token  string
		want   auth.Identity
		// refused is a part of the refusal's message, empty for none.
		refused string
	}{
		"minimal": {
			reason: "sub and exp are enough: any back end that has the secret may mint.",
			token:  hs256(nil),
			want:   auth.Identity{Caller: dialog.Caller{User: "42"}, ExpiresAt: exp},
		},
		"full": {
			reason: "Its id, its start and its end come along, other claims are ignored.",
			token:  hs256(jwt.MapClaims{"jti": "abc", "iat": noon.Unix(), "nbf": noon.Unix(), "iss": "x", "aud": "y", "SUB": "1", "Exp": 1}),
			want:   auth.Identity{Caller: dialog.Caller{User: "42"}, IssuedAt: noon, ExpiresAt: exp, TokenID: "abc"},
		},
		"names with case": {
			reason:  "SUB is not sub: a user who can choose the value of one may not be the other.",
			token:   hs256(jwt.MapClaims{"sub": nil, "SUB": "1"}),
			refused: "subject",
		},
		"longest subject": {
			reason: "A user id has up to 128 bytes.",
			token:  hs256(jwt.MapClaims{"sub": strings.Repeat("a", 128)}),
			want:   auth.Identity{Caller: dialog.Caller{User: dialog.UserID(strings.Repeat("a", 128))}, ExpiresAt: exp},
		},
		"subject as it is": {
			reason: "A user id is opaque: escapes of JSON are read, nothing else is.",
			token:  signRaw(t, rawHeader, `{"sub":" \u0416%41<\ud83d\udcac\ufffd ","exp":`+unix(exp)+`}`),
			want:   auth.Identity{Caller: dialog.Caller{User: " Ж%41<💬\ufffd "}, ExpiresAt: exp},
		},
		"almost expired": {
			reason: "It is valid until the second it names.",
			token:  hs256(jwt.MapClaims{"exp": noon.Unix() + 1}),
			want:   auth.Identity{Caller: dialog.Caller{User: "42"}, ExpiresAt: noon.Add(time.Second)},
		},
		"clocks apart": {
			reason: "An issuer's clock may be a little ahead.",
			token:  hs256(jwt.MapClaims{"nbf": noon.Unix() + 30, "iat": noon.Unix() + 30}),
			want:   auth.Identity{Caller: dialog.Caller{User: "42"}, IssuedAt: noon.Add(30 * time.Second), ExpiresAt: exp},
		},

		"expired": {
			reason:  "The end has no leeway.",
			token:   hs256(jwt.MapClaims{"exp": noon.Unix()}),
			refused: "has expired",
		},
		"long expired": {
			reason:  "It ended long ago.",
			token:   hs256(jwt.MapClaims{"exp": noon.Unix() - 3600}),
			refused: "has expired",
		},
		"not yet valid": {
			reason:  "Beyond the leeway it is for later.",
			token:   hs256(jwt.MapClaims{"nbf": noon.Unix() + 31}),
			refused: "not valid yet",
		},
		"issued in the future": {
			reason:  "Beyond the leeway somebody's clock is wrong.",
			token:   hs256(jwt.MapClaims{"iat": noon.Unix() + 31}),
			refused: "not valid yet",
		},
		"no end": {
			reason:  "A token that never ends can't be got rid of.",
			token:   hs256(jwt.MapClaims{"exp": nil}),
			refused: "a required claim is missing",
		},
		"end at zero": {
			reason:  "Zero is not a way to say never.",
			token:   hs256(jwt.MapClaims{"exp": 0}),
			refused: "a required claim is missing",
		},
		"end as text": {
			reason:  "An instant is a number.",
			token:   hs256(jwt.MapClaims{"exp": "2099-01-01"}),
			refused: "malformed",
		},
		"end beyond all numbers": {
			reason:  "An end that overflows must not become never.",
			token:   signRaw(t, rawHeader, `{"sub":"42","exp":1e300}`),
			refused: "--session-max",
		},
		"no subject": {
			reason:  "Nobody is not a user.",
			token:   hs256(jwt.MapClaims{"sub": nil}),
			refused: "subject",
		},
		"empty subject": {
			reason:  "Nobody is not a user.",
			token:   hs256(jwt.MapClaims{"sub": ""}),
			refused: "subject",
		},
		"subject too long": {
			reason:  "129 bytes are too long for a user id.",
			token:   hs256(jwt.MapClaims{"sub": strings.Repeat("a", 129)}),
			refused: "subject",
		},
		"subject as number": {
			reason:  "42 and 42.0 are one number and two user ids.",
			token:   hs256(jwt.MapClaims{"sub": 42}),
			refused: "subject",
		},
		"subject with NUL": {
			reason:  "No store keeps it faithfully.",
			token:   hs256(jwt.MapClaims{"sub": "4\x002"}),
			refused: "subject",
		},
		"subject in broken UTF-8": {
			reason:  "A lenient reader replaces the byte, and two subjects become one.",
			token:   signRaw(t, rawHeader, "{\"sub\":\"caf\xe9\",\"exp\":"+unix(exp)+"}"),
			refused: "malformed",
		},
		"subject with a lone surrogate": {
			reason:  "A lenient reader replaces it, and two subjects become one.",
			token:   signRaw(t, rawHeader, `{"sub":"a\ud800","exp":`+unix(exp)+`}`),
			refused: "malformed",
		},
		"two subjects": {
			reason:  "Which of the two it is depends on the reader.",
			token:   signRaw(t, rawHeader, `{"sub":"1","sub":"42","exp":`+unix(exp)+`}`),
			refused: "malformed",
		},
		"critical extension": {
			reason:  "What the issuer calls critical must be understood, and nothing is.",
			token:   signRaw(t, `{"alg":"HS256","crit":["b64"],"b64":true}`, `{"sub":"42","exp":`+unix(exp)+`}`),
			refused: "malformed",
		},
		"another secret": {
			reason:  "Who signs must have the secret.",
			token:   sign(t, jwt.SigningMethodHS256, bytes.Repeat([]byte("x"), 32), claims(nil), nil),
			refused: "signed with an unknown key",
		},
		"none": {
			reason:  "A token must be signed.",
			token:   sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil), nil),
			refused: "signed with an unknown key",
		},
		"none in capitals": {
			reason:  "However it is spelled.",
			token:   enc(`{"alg":"NONE"}`) + "." + parts[1] + ".",
			refused: "signed with an unknown key",
		},
		"signature cut off": {
			reason:  "A token must be signed.",
			token:   parts[0] + "." + parts[1] + ".",
			refused: "signed with an unknown key",
		},
		"HS512": {
			reason:  "The secret is for HS256 alone.",
			token:   sign(t, jwt.SigningMethodHS512, secret, claims(nil), nil),
			refused: "signed with an unknown key",
		},
		"claims changed": {
			reason:  "The signature is over the claims.",
			token:   parts[0] + "." + enc(`{"sub":"1","exp":`+unix(exp)+`}`) + "." + parts[2],
			refused: "signed with an unknown key",
		},
		"two parts": {
			reason:  "A token has three.",
			token:   parts[0] + "." + parts[1],
			refused: "malformed",
		},
		"four parts": {
			reason:  "A token has three.",
			token:   whole + "." + parts[2],
			refused: "malformed",
		},
		"padded": {
			reason:  "One token has one text.",
			token:   whole + "=",
			refused: "malformed",
		},
		"other last bits": {
			reason:  "One token has one text: base64 has bits to spare.",
			token:   whole[:len(whole)-1] + string(nextBase64(whole[len(whole)-1])),
			refused: "malformed",
		},
		"claims null": {
			reason:  "Missing claims are not accepted.",
			token:   signRaw(t, rawHeader, `null`),
			refused: "a required claim is missing",
		},
		"claims a list": {
			reason:  "Claims are an object.",
			token:   signRaw(t, rawHeader, `["42"]`),
			refused: "malformed",
		},
		"an API key": {
			reason:  "A common slip is explained.",
			token:   newKey(t, "slip", nil),
			refused: "send an API key as Authorization: ApiKey",
		},
	}
	a := newAuthenticator(t, auth.Config{Now: newClock().Now})
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for _, h := range []http.Header{bearer(tc.token), header("QB-Token", tc.token)} {
				got, err := a.Authenticate(context.Background(), h)
				if tc.refused != "" {
					message := wantRefused(t, err, http.StatusUnauthorized, strings.Split(tc.token, ".")...)
					if !strings.Contains(message, tc.refused) {
						t.Errorf("got the message %q, want %q in it\nreason: %s", message, tc.refused, tc.reason)
					}
				} else if err != nil {
					t.Errorf("got error %v, want none\nreason: %s", err, tc.reason)
				}
				if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(auth.Identity{})); diff != "" {
					t.Errorf("identity (-want +got):\n%s\nreason: %s", diff, tc.reason)
				}
			}
		})
	}
}

func enc(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestTokenSignedWithPublicKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	set := newJWKS(key{private.Public(), "rsa", "RS256", "sig"})
	c := newClock()
	a := newAuthenticator(t, auth.Config{Now: c.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})

	good := sign(t, jwt.SigningMethodRS256, private, claims(nil), map[string]any{"kid": "rsa"})
	if _, err := a.Authenticate(context.Background(), bearer(good)); err != nil {
		t.Fatalf("the issuer's own token: %v", err)
	}
	for reason, text := range map[string][]byte{
		"as PEM":                   pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"as PKCS #1 PEM":           pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)}),
		"as DER":                   der,
		"as the JWKS":              set.body(t),
		"as modulus":               private.N.Bytes(),
		"as PEM without line ends": bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	} {
		for _, kid := range []map[string]any{{"kid": "rsa"}, nil} {
			forged := sign(t, jwt.SigningMethodHS256, text, claims(nil), kid)
			_, err := a.Authenticate(context.Background(), bearer(forged))
			if err == nil {
				t.Fatalf("HS256 with the public key %s lets everyone in", reason)
			}
			wantRefused(t, err, http.StatusUnauthorized, forged)
		}
	}
}

func TestMint(t *testing.T) {
	c := newClock()
	c.advance(900 * time.Millisecond)
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthenticator(t, auth.Config{Now: c.Now})
	for _, user := range []dialog.UserID{"42", " Ж<&>\"\\\u2028\ufffd💬 ", dialog.UserID(strings.Repeat("a", 128))} {
		token, expiresAt, err := minter.Mint(user, 2*time.Hour)
		if err != nil {
			t.Fatalf("Mint(%q): %v", user, err)
		}
		if want := noon.Add(2*time.Hour + time.Second); !expiresAt.Equal(want) || expiresAt.Location() != time.UTC {
			t.Errorf("expires at %v, want %v: whole seconds, none cut short", expiresAt, want)
		}
		got, err := a.Authenticate(context.Background(), bearer(token))
		if err != nil {
			t.Fatalf("the token of %q: %v", user, err)
		}
		if got.Caller != (dialog.Caller{User: user}) || !got.ExpiresAt.Equal(expiresAt) || len(got.TokenID) != 32 {
			t.Errorf("got %+v, want user %q until %v with an id", got, user, expiresAt)
		}
	}
	first, _, _ := minter.Mint("42", time.Hour)
	second, _, _ := minter.Mint("42", time.Hour)
	if first == second {
		t.Error("two tokens of one user in one second are the same, and could not be ended one by one")
	}

	var minted jwt.RegisteredClaims
	token, _, err := jwt.NewParser().ParseUnverified(first, &minted)
	if err != nil {
		t.Fatal(err)
	}
	if token.Method != jwt.SigningMethodHS256 || minted.Subject != "42" || minted.IssuedAt == nil || !minted.IssuedAt.Equal(noon) || minted.ID == "" {
		t.Errorf("minted %v with %+v", token.Header, minted)
	}
}

func TestMintExpires(t *testing.T) {
	c := newClock()
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, expiresAt, err := minter.Mint("42", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthenticator(t, auth.Config{Now: c.Now})
	c.advance(expiresAt.Sub(noon) - 1)
	if _, err := a.Authenticate(context.Background(), bearer(token)); err != nil {
		t.Errorf("a nanosecond before its end: %v", err)
	}
	c.advance(1)
	_, err = a.Authenticate(context.Background(), bearer(token))
	wantRefused(t, err, http.StatusUnauthorized, token)
}

func TestMintRefuses(t *testing.T) {
	minter, err := auth.NewMinter([][]byte{secret}, newClock().Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		user   dialog.UserID
		ttl    time.Duration
		field  string // empty for none
	}{
		"shortest":      {reason: "One second is allowed.", user: "42", ttl: time.Second},
		"longest":       {reason: "30 days are allowed.", user: "42", ttl: auth.MaxTTL},
		"too short":     {reason: "Tokens count in seconds.", user: "42", ttl: time.Second - 1, field: "ttl"},
		"zero":          {reason: "Zero is not a way to say the default.", user: "42", field: "ttl"},
		"negative":      {reason: "It would have ended before it began.", user: "42", ttl: -time.Hour, field: "ttl"},
		"too long":      {reason: "More than 30 days is a password.", user: "42", ttl: auth.MaxTTL + 1, field: "ttl"},
		"nobody":        {reason: "Nobody is not a user.", ttl: time.Hour, field: "userId"},
		"no user id":    {reason: "129 bytes are too long for a user id.", user: dialog.UserID(strings.Repeat("a", 129)), ttl: time.Hour, field: "userId"},
		"broken UTF-8":  {reason: "The token would be for somebody else.", user: "caf\xe9", ttl: time.Hour, field: "userId"},
		"user with NUL": {reason: "No store keeps it faithfully.", user: "4\x002", ttl: time.Hour, field: "userId"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			token, _, err := minter.Mint(tc.user, tc.ttl)
			if tc.field == "" {
				if err != nil || token == "" {
					t.Errorf("got %q, %v, want a token\nreason: %s", token, err, tc.reason)
				}
				return
			}
			var invalid *dialog.Error
			if !errors.As(err, &invalid) || invalid.Code != dialog.Invalid || invalid.Field != tc.field || token != "" {
				t.Errorf("got %q, %v, want an invalid %s\nreason: %s", token, err, tc.field, tc.reason)
			}
		})
	}
}

func TestMintNeedsRandomness(t *testing.T) {
	minter, err := auth.NewMinter([][]byte{secret}, newClock().Now, bytes.NewReader(make([]byte, 15)))
	if err != nil {
		t.Fatal(err)
	}
	if token, _, err := minter.Mint("42", time.Hour); err == nil {
		t.Errorf("got %q without enough randomness", token)
	}
}
