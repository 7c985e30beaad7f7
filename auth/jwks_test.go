package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
	"dialogs/dialog"
)

// key is one key of a JWKS; what is private is published as such.
type key struct {
	key           any
	kid, alg, use string
}

// A jwks is an issuer's endpoint: a handler for a real server, and a transport
// that needs none.
type jwks struct {
	mu      sync.Mutex
	keys    []key
	status  int           // instead of 200
	raw     string        // instead of the keys
	hold    chan struct{} // when set, waited for
	fetches int
}

func newJWKS(keys ...key) *jwks { return &jwks{keys: keys} }

func (s *jwks) url() string { return "https://issuer.example/jwks.json" }

func (s *jwks) change(f func(*jwks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *jwks) fetchCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

func (s *jwks) body(t testing.TB) []byte {
	t.Helper()
	text, err := s.json()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s *jwks) json() ([]byte, error) {
	var set jwkset.JWKSMarshal
	for _, k := range s.keys {
		jwk, err := jwkset.NewJWKFromKey(k.key, jwkset.JWKOptions{
			Marshal:  jwkset.JWKMarshalOptions{Private: true},
			Metadata: jwkset.JWKMetadataOptions{KID: k.kid, ALG: jwkset.ALG(k.alg), USE: jwkset.USE(k.use)},
		})
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.kid, err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	return json.Marshal(set)
}

func (s *jwks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.fetches++
	text, err := s.json()
	status, raw, hold := s.status, s.raw, s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case status != 0:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	case raw != "":
		_, _ = w.Write([]byte(raw)) // the reader's error is the one that counts
	default:
		_, _ = w.Write(text)
	}
}

func (s *jwks) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRSA(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(k crypto.Signer) crypto.PublicKey { return k.Public() }

func TestIssuer(t *testing.T) {
	rsaKey, smallRSA := newRSA(t, 2048), newRSA(t, 1024)
	ecKey, otherEC, pinnedEC := newEC(t, elliptic.P256()), newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	p384 := newEC(t, elliptic.P384())
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shared := []byte("a secret that both sides would have to know")
	set := newJWKS(
		key{public(rsaKey), "rsa", "RS256", "sig"},
		key{public(rsaKey), "rsa-plain", "", ""},
		key{public(rsaKey), "rsa-512", "RS512", "sig"},
		key{public(rsaKey), "rsa-enc", "RS256", "enc"},
		key{public(smallRSA), "rsa-small", "RS256", "sig"},
		key{public(ecKey), "ec", "ES256", "sig"},
		key{public(pinnedEC), "ec-384", "ES384", "sig"},
		key{public(p384), "p384", "ES384", "sig"},
		key{public(p384), "p384-plain", "", ""},
		key{otherEC, "published", "ES256", "sig"},
		key{public(edKey), "ed", "EdDSA", "sig"},
		key{shared, "oct", "HS256", "sig"},
	)
	server := httptest.NewServer(set)
	t.Cleanup(server.Close)
	a := newAuthenticator(t, auth.Config{Now: newClock().Now, JWKS: auth.JWKS{
		URL: server.URL, Issuer: "https://issuer.example", Audience: "dialogs",
	}})

	const unknown = "signed with an unknown key"
	theirs := jwt.MapClaims{"iss": "https://issuer.example", "aud": "dialogs"}
	with := func(changes jwt.MapClaims) jwt.MapClaims {
		c := claims(theirs)
		for name, value := range changes {
			c[name] = value
			if value == nil {
				delete(c, name)
			}
		}
		return c
	}
	token := func(method jwt.SigningMethod, k any, kid any, changes jwt.MapClaims) string {
		header := map[string]any{}
		if kid != nil {
			header["kid"] = kid
		}
		return sign(t, method, k, with(changes), header)
	}
	cases := map[string]struct {
		reason  string
		token   string
		refused string
	}{
		"RS256":                {"The usual algorithm.", token(jwt.SigningMethodRS256, rsaKey, "rsa", nil), ""},
		"RS256, key says none": {"A key need not name its algorithm.", token(jwt.SigningMethodRS256, rsaKey, "rsa-plain", nil), ""},
		"ES256":                {"Of elliptic curves P-256.", token(jwt.SigningMethodES256, ecKey, "ec", nil), ""},
		"EdDSA":                {"Ed25519.", token(jwt.SigningMethodEdDSA, edKey, "ed", nil), ""},
		"no kid":               {"Every key of the set is tried.", token(jwt.SigningMethodES256, ecKey, nil, nil), ""},
		"several audiences":    {"One of them has to be this server.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"aud": []string{"x", "dialogs"}}), ""},
		"own token":            {"The server's own tokens have neither issuer nor audience.", sign(t, jwt.SigningMethodHS256, secret, claims(nil), nil), ""},

		"wrong issuer":        {"Its keys may sign for others too.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"iss": "https://issuer.example/"}), "wrong issuer"},
		"no issuer":           {"It is checked, so it is required.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"iss": nil}), "a required claim is missing"},
		"wrong audience":      {"It is a token for somebody else's server.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"aud": []string{"x", "Dialogs"}}), "wrong audience"},
		"no audience":         {"It is checked, so it is required.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"aud": nil}), "a required claim is missing"},
		"expired":             {"It ended.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"exp": noon.Unix() - 1}), "has expired"},
		"no end":              {"A token that never ends can't be got rid of.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"exp": nil}), "a required claim is missing"},
		"no subject":          {"Nobody is not a user.", token(jwt.SigningMethodES256, ecKey, "ec", jwt.MapClaims{"sub": nil}), "subject"},
		"unknown kid":         {"Nobody knows that key.", token(jwt.SigningMethodES256, ecKey, "nobody", nil), unknown},
		"kid of another":      {"A signature is only valid with its own key.", token(jwt.SigningMethodES256, otherEC, "ec", nil), unknown},
		"kid as number":       {"A kid is text.", token(jwt.SigningMethodES256, ecKey, 1, nil), unknown},
		"kid of another kind": {"An RSA key verifies no ES256.", token(jwt.SigningMethodES256, ecKey, "rsa", nil), unknown},
		"RS512":               {"One algorithm per kind of key.", token(jwt.SigningMethodRS512, rsaKey, "rsa", nil), unknown},
		"PS256":               {"One algorithm per kind of key.", token(jwt.SigningMethodPS256, rsaKey, "rsa", nil), unknown},
		"key for RS512":       {"What is pinned to another algorithm is not for RS256.", token(jwt.SigningMethodRS256, rsaKey, "rsa-512", nil), unknown},
		"for ES384, no kid":   {"ES256 is not allowed either if the token names no key.", token(jwt.SigningMethodES256, pinnedEC, nil, nil), unknown},
		"key for encryption":  {"It does not sign.", token(jwt.SigningMethodRS256, rsaKey, "rsa-enc", nil), unknown},
		"small RSA":           {"1,024 bits are broken for money.", token(jwt.SigningMethodRS256, smallRSA, "rsa-small", nil), unknown},
		"ES384":               {"It is not one of the allowed algorithms.", token(jwt.SigningMethodES384, p384, "p384", nil), unknown},
		"P-384 without alg":   {"The kind of key decides.", token(jwt.SigningMethodES384, p384, "p384-plain", nil), unknown},
		"published private":   {"A private key that all the world can read signs for nobody.", token(jwt.SigningMethodES256, otherEC, "published", nil), unknown},
		"published, no kid":   {"The same without naming the key.", token(jwt.SigningMethodES256, otherEC, nil, nil), unknown},
		"shared key":          {"HS256 is for the server's own secret alone.", token(jwt.SigningMethodHS256, shared, "oct", nil), unknown},
		"none":                {"A token must be signed.", token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "ec", nil), unknown},
		"brings its own key": {
			"A token does not choose who is trusted.",
			sign(t, jwt.SigningMethodES256, otherEC, with(nil), map[string]any{"jwk": jwkOf(t, otherEC), "jku": server.URL, "x5u": server.URL}), unknown,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := a.Authenticate(context.Background(), bearer(tc.token))
			if tc.refused == "" {
				if err != nil || got.Caller != (dialog.Caller{User: "42"}) || !got.ExpiresAt.Equal(noon.Add(time.Hour)) {
					t.Errorf("got %+v, %v, want user 42\nreason: %s", got, err, tc.reason)
				}
				return
			}
			message := wantRefused(t, err, http.StatusUnauthorized, strings.Split(tc.token, ".")...)
			if !strings.Contains(message, tc.refused) {
				t.Errorf("got the message %q, want %q in it\nreason: %s", message, tc.refused, tc.reason)
			}
		})
	}
	if n := set.fetchCount(); n != 1 {
		t.Errorf("the JWKS was fetched %d times within one instant, want once", n)
	}
}

func jwkOf(t testing.TB, k *ecdsa.PrivateKey) map[string]any {
	t.Helper()
	jwk, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := jwk.Marshal()
	return map[string]any{"kty": m.KTY, "crv": m.CRV, "x": m.X, "y": m.Y}
}

func TestIssuerWithoutJWKS(t *testing.T) {
	a := newAuthenticator(t, auth.Config{Now: newClock().Now})
	k := newEC(t, elliptic.P256())
	_, err := a.Authenticate(context.Background(), bearer(sign(t, jwt.SigningMethodES256, k, claims(nil), nil)))
	wantRefused(t, err, http.StatusUnauthorized)
}

// es256 is a token for user 42 that is valid for an hour from now.
func es256(t testing.TB, k *ecdsa.PrivateKey, kid string) string {
	t.Helper()
	return sign(t, jwt.SigningMethodES256, k, jwt.MapClaims{"sub": "42", "exp": time.Now().Add(time.Hour).Unix()}, map[string]any{"kid": kid})
}

func TestIssuerRotates(t *testing.T) {
	oldKey, newKey := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	synctest.Test(t, func(t *testing.T) {
		set := newJWKS(key{public(oldKey), "old", "ES256", "sig"})
		a := newAuthenticator(t, auth.Config{Now: time.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
		accepted := func(k *ecdsa.PrivateKey, kid string) bool {
			t.Helper()
			_, err := a.Authenticate(t.Context(), bearer(es256(t, k, kid)))
			if err != nil {
				wantRefused(t, err, http.StatusUnauthorized)
			}
			return err == nil
		}
		if !accepted(oldKey, "old") {
			t.Fatal("the first key is not accepted")
		}

		set.change(func(s *jwks) { s.keys = []key{{public(newKey), "new", "ES256", "sig"}} })
		if accepted(newKey, "new") {
			t.Error("the JWKS was fetched again immediately: anyone who sends invented key ids could make the server flood it")
		}
		time.Sleep(6 * time.Second)

		// All of them come while one fetch is under way, and wait for it.
		set.change(func(s *jwks) { s.hold = make(chan struct{}) })
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if !accepted(newKey, "new") {
					t.Error("the new key is not accepted")
				}
			})
		}
		synctest.Wait()
		set.change(func(s *jwks) { close(s.hold); s.hold = nil })
		wg.Wait()
		if n := set.fetchCount(); n != 2 {
			t.Errorf("fetched %d times, want twice: at the start and for the new key", n)
		}
		if accepted(oldKey, "old") {
			t.Error("the key that was withdrawn is still accepted")
		}

		start := set.fetchCount()
		for range 600 {
			accepted(newKey, "invented")
			time.Sleep(100 * time.Millisecond)
		}
		if n := set.fetchCount() - start; n > 13 {
			t.Errorf("a minute of invented key ids made %d fetches, want at most one in 5 seconds", n)
		}
	})
}

func TestIssuerFetchesByItself(t *testing.T) {
	oldKey, newKey := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	synctest.Test(t, func(t *testing.T) {
		set := newJWKS(key{public(oldKey), "old", "ES256", "sig"})
		a := newAuthenticator(t, auth.Config{Now: time.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
		synctest.Wait()
		if n := set.fetchCount(); n != 1 {
			t.Errorf("fetched %d times at the start, want once without being asked", n)
		}
		set.change(func(s *jwks) { s.keys = []key{{public(newKey), "new", "ES256", "sig"}} })
		time.Sleep(5*time.Minute + time.Second)
		if n := set.fetchCount(); n != 2 {
			t.Errorf("fetched %d times in 5 minutes, want twice", n)
		}
		_, err := a.Authenticate(t.Context(), bearer(es256(t, oldKey, "old")))
		wantRefused(t, err, http.StatusUnauthorized)
	})
}

func TestIssuerAway(t *testing.T) {
	k := newEC(t, elliptic.P256())
	for reason, breakIt := range map[string]func(*jwks){
		"it answers with an error":     func(s *jwks) { s.status = http.StatusBadGateway },
		"it redirects":                 func(s *jwks) { s.status = http.StatusFound },
		"it answers with a page":       func(s *jwks) { s.raw = "<html>" },
		"its answer is broken off":     func(s *jwks) { s.raw = `{"keys":[` },
		"its answer has no end":        func(s *jwks) { s.raw = `{"keys":[` + strings.Repeat(" ", 2<<20) + `]}` },
		"it keeps the connection open": func(s *jwks) { s.hold = make(chan struct{}) },
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := newJWKS(key{public(k), "ec", "ES256", "sig"})
				set.change(breakIt)
				var book logBook
				start := time.Now()
				a := newAuthenticator(t, auth.Config{
					Now: time.Now, Log: slog.New(slog.NewTextHandler(&book, nil)),
					JWKS: auth.JWKS{URL: strings.Replace(set.url(), "://", "://hunter2@", 1) + "?token=hunter2", Transport: set},
				})
				if d := time.Since(start); d != 0 {
					t.Errorf("the start took %v, want it to wait for nothing", d)
				}
				token := es256(t, k, "ec")
				_, err := a.Authenticate(t.Context(), bearer(token))
				wantRefused(t, err, http.StatusServiceUnavailable, token)
				if d := time.Since(start); d > 5*time.Second {
					t.Errorf("the answer took %v", d)
				}
				own := sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "42", "exp": time.Now().Add(time.Hour).Unix()}, nil)
				if _, err := a.Authenticate(t.Context(), bearer(own)); err != nil {
					t.Errorf("the server's own token, which needs no JWKS: %v", err)
				}

				// It comes back, and nobody has to do anything.
				set.change(func(s *jwks) { s.status, s.raw, s.hold = 0, "", nil })
				time.Sleep(21 * time.Second)
				set.change(func(s *jwks) { s.status = http.StatusTeapot })
				if _, err := a.Authenticate(t.Context(), bearer(token)); err != nil {
					t.Errorf("after the JWKS came back: %v", err)
				}

				// It goes away again, and the known keys serve.
				time.Sleep(30 * time.Minute)
				if _, err := a.Authenticate(t.Context(), bearer(token)); err != nil {
					t.Errorf("half an hour after the JWKS went away: %v", err)
				}
				if text := book.String(); strings.Count(text, "JWKS loaded") != 1 || !strings.Contains(text, "JWKS unavailable") {
					t.Errorf("the log does not tell what happened:\n%s", text)
				} else if strings.Contains(text, "hunter2") {
					t.Errorf("the log shows a secret:\n%s", text)
				}
			})
		})
	}
}

// TestIssuerAwayCostsNothing has many tokens of unknown keys while the JWKS is
// away and does not answer: none waits for it, and few fetches are made.
func TestIssuerAwayCostsNothing(t *testing.T) {
	k := newEC(t, elliptic.P256())
	synctest.Test(t, func(t *testing.T) {
		set := newJWKS(key{public(k), "ec", "ES256", "sig"})
		set.change(func(s *jwks) { s.hold = make(chan struct{}) })
		a := newAuthenticator(t, auth.Config{Now: time.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
		time.Sleep(6 * time.Second) // of the bubble's clock: the first fetch has failed
		before := set.fetchCount()
		for i := range 600 {
			start := time.Now()
			_, err := a.Authenticate(t.Context(), bearer(es256(t, k, fmt.Sprint("invented-", i))))
			wantRefused(t, err, http.StatusServiceUnavailable)
			if waited := time.Since(start); waited > 0 {
				t.Fatalf("token %d waited %v", i, waited)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := set.fetchCount() - before; n > 13 {
			t.Errorf("a minute of invented key ids made %d fetches, want at most one in 5 seconds", n)
		}
	})
}

func TestIssuerWithoutUsableKeys(t *testing.T) {
	k := newEC(t, elliptic.P256())
	a := func(set *jwks) *auth.Authenticator {
		return newAuthenticator(t, auth.Config{Now: newClock().Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
	}
	_, err := a(newJWKS()).Authenticate(context.Background(), bearer(sign(t, jwt.SigningMethodES256, k, claims(nil), nil)))
	wantRefused(t, err, http.StatusUnauthorized)

	away := newJWKS()
	away.status = http.StatusBadGateway
	_, err = a(away).Authenticate(context.Background(), bearer(sign(t, jwt.SigningMethodES256, k, claims(nil), nil)))
	wantRefused(t, err, http.StatusServiceUnavailable)
}

func TestIssuerKeyOperations(t *testing.T) {
	k := newEC(t, elliptic.P256())
	for operation, ok := range map[jwkset.KEYOPS]bool{jwkset.KeyOpsVerify: true, jwkset.KeyOpsDeriveKey: false} {
		jwk, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{KID: "ec", KEYOPS: []jwkset.KEYOPS{operation}},
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{jwk.Marshal()}})
		if err != nil {
			t.Fatal(err)
		}
		set := newJWKS()
		set.raw = string(text)
		a := newAuthenticator(t, auth.Config{Now: newClock().Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
		_, err = a.Authenticate(context.Background(), bearer(sign(t, jwt.SigningMethodES256, k, claims(nil), map[string]any{"kid": "ec"})))
		if (err == nil) != ok {
			t.Errorf("a key that is for %s: got error %v, want let in %t", operation, err, ok)
		}
	}
}

func TestIssuerRequestGoesAway(t *testing.T) {
	k := newEC(t, elliptic.P256())
	synctest.Test(t, func(t *testing.T) {
		set := newJWKS(key{public(k), "ec", "ES256", "sig"})
		hold := make(chan struct{})
		set.hold = hold
		a := newAuthenticator(t, auth.Config{Now: time.Now, JWKS: auth.JWKS{URL: set.url(), Transport: set}})
		token := es256(t, k, "ec")
		patient := make(chan error)
		go func() {
			_, err := a.Authenticate(t.Context(), bearer(token))
			patient <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := a.Authenticate(ctx, bearer(token))
		wantRefused(t, err, http.StatusServiceUnavailable, token)
		close(hold)
		if err := <-patient; err != nil {
			t.Errorf("one that waited longer: %v", err)
		}
	})
}

func TestIssuerEndsWithContext(t *testing.T) {
	k := newEC(t, elliptic.P256())
	set := newJWKS(key{public(k), "ec", "ES256", "sig"})
	server := httptest.NewServer(set)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.Background())
	// Never closed: what runs in the background must end with the context,
	// which the check for leaks sees.
	a, err := auth.New(ctx, auth.Config{
		Secrets: [][]byte{secret}, Keys: &keyStore{}, Sessions: newSessionStore(), Now: time.Now, Log: slog.New(slog.DiscardHandler), JWKS: auth.JWKS{URL: server.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(context.Background(), bearer(es256(t, k, "ec"))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := a.Authenticate(context.Background(), bearer(es256(t, k, "ec"))); err != nil {
		t.Errorf("a known key needs nothing in the background: %v", err)
	}
	_, err = a.Authenticate(context.Background(), apiKey(newKey(t, "x", nil)))
	wantRefused(t, err, http.StatusServiceUnavailable)
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
