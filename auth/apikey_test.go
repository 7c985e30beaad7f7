package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/auth"
	"dialogs/dialog"
)

func TestNewAPIKey(t *testing.T) {
	at := time.Date(2026, 1, 31, 14, 0, 0, 123_456_789, time.FixedZone("", 7200))
	text, key, err := auth.NewAPIKey("billing", at, bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "dlg_" + strings.Repeat("_", 42) + "8"; text != want {
		t.Errorf("got %q, want %q: the prefix and 256 bits as base64url", text, want)
	}
	want := dialog.APIKey{Name: "billing", Hash: sha256.Sum256([]byte(text)), CreatedAt: time.Date(2026, 1, 31, 12, 0, 0, 123_000_000, time.UTC)}
	if diff := cmp.Diff(want, key); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if text, _, err := auth.NewAPIKey("billing", at, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Errorf("got %q without enough randomness", text)
	}
}

func TestAPIKeyNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "Billing-2.prod_eu": true, "...": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\n": false, "é": false, "a/b": false, "a\x00": false,
	} {
		err := auth.CheckKeyName(name)
		_, _, newErr := auth.NewAPIKey(name, noon, rand.Reader)
		if (err == nil) != ok || (newErr == nil) != ok {
			t.Errorf("%q: CheckKeyName %v, NewAPIKey %v, want allowed %t", name, err, newErr, ok)
		}
		var invalid *dialog.Error
		if !ok && (!errors.As(newErr, &invalid) || invalid.Code != dialog.Invalid || invalid.Field != "name") {
			t.Errorf("%q: got error %v, want an invalid name", name, newErr)
		}
	}
}

func TestAPIKeyRefused(t *testing.T) {
	store := &keyStore{}
	text := newKey(t, "billing", store)
	last := text[len(text)-1]
	cases := map[string]struct {
		reason string
		key    string
		// asks tells whether it has the form of a key and the store is read.
		asks bool
	}{
		"unknown":          {"Nobody made it.", newKey(t, "x", nil), true},
		"no prefix":        {"Not of this server's making.", strings.TrimPrefix(text, auth.KeyPrefix), false},
		"another prefix":   {"Not of this server's making.", "DLG_" + strings.TrimPrefix(text, auth.KeyPrefix), false},
		"prefix alone":     {"There is no secret in it.", auth.KeyPrefix, false},
		"cut off":          {"A part is not the whole.", text[:len(text)-1], false},
		"longer":           {"More is not the whole.", text + "A", false},
		"padded":           {"One key has one text.", text + "=", false},
		"other last bits":  {"One key has one text: base64 has bits to spare.", text[:len(text)-1] + string(nextBase64(last)), false},
		"a session token":  {"A token is not a key.", "a.b.c", false},
		"its hash":         {"Who can read the store has no key by that.", auth.KeyPrefix + "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", true},
		"case of a letter": {"Keys are compared byte by byte.", auth.KeyPrefix + swapCase(strings.TrimPrefix(text, auth.KeyPrefix)), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
				before := store.readCount()
				_, err := a.Authenticate(t.Context(), apiKey(tc.key))
				if err == nil {
					t.Fatalf("it was let in\nreason: %s", tc.reason)
				}
				wantRefused(t, err, http.StatusUnauthorized, text, tc.key)
				if got := store.readCount() > before; got != tc.asks {
					t.Errorf("the store was read: %t, want %t\nreason: %s", got, tc.asks, tc.reason)
				}
			})
		})
	}
}

// nextBase64 changes only the bits that carry nothing in the last character of
// 32 bytes as base64url.
func nextBase64(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1]
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, s[:len(s)-1]) + s[len(s)-1:]
}

func TestAPIKeyRevoked(t *testing.T) {
	for name, pause := range map[string]time.Duration{
		"a busy instance":  10 * time.Millisecond,
		"an idle instance": 4900 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &keyStore{}
				text := newKey(t, "billing", store)
				a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
				if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil {
					t.Fatal(err)
				}
				if err := store.RemoveAPIKey(t.Context(), "billing"); err != nil {
					t.Fatal(err)
				}
				revoked := time.Now()
				for {
					time.Sleep(pause)
					_, err := a.Authenticate(t.Context(), apiKey(text))
					if err != nil {
						wantRefused(t, err, http.StatusUnauthorized, text)
						break
					}
					if d := time.Since(revoked); d >= 5*time.Second {
						t.Fatalf("still let in %v after it was revoked", d)
					}
				}
				if d := time.Since(revoked); d > 5*time.Second {
					t.Errorf("refused %v after it was revoked, want within 5 seconds", d)
				}
			})
		})
	}
}

func TestAPIKeyReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{}
		before := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		if _, err := a.Authenticate(t.Context(), apiKey(before)); err != nil {
			t.Fatal(err)
		}
		if err := store.RemoveAPIKey(t.Context(), "billing"); err != nil {
			t.Fatal(err)
		}
		after := newKey(t, "billing", store)
		if _, err := a.Authenticate(t.Context(), apiKey(after)); err != nil {
			t.Errorf("a new key of the old name: %v", err)
		}
		_, err := a.Authenticate(t.Context(), apiKey(before))
		wantRefused(t, err, http.StatusUnauthorized, before)
	})
}

func TestAPIKeyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{}
		text := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		for range 1000 {
			if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := store.readCount(); n > 6 {
			t.Errorf("10 seconds of requests read the keys %d times, want at most every 2 seconds", n)
		}
	})
}

func TestAPIKeyFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{}
		known := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		if _, err := a.Authenticate(t.Context(), apiKey(known)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 100 {
			bad := newKey(t, "bad", nil)
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, err := a.Authenticate(t.Context(), apiKey(bad)); err == nil {
						t.Error("a bad key was let in")
					}
				}
			})
		}
		for i := range 10 {
			time.Sleep(73 * time.Millisecond)
			start := time.Now()
			if _, err := a.Authenticate(t.Context(), apiKey(known)); err != nil || time.Since(start) != 0 {
				t.Errorf("a known key in the flood: %v after %v", err, time.Since(start))
			}
			fresh := newKey(t, "fresh", store)
			start = time.Now()
			if _, err := a.Authenticate(t.Context(), apiKey(fresh)); err != nil {
				t.Errorf("new key %d does not work at once: %v", i, err)
			}
			if d := time.Since(start); d > 100*time.Millisecond {
				t.Errorf("new key %d took %v", i, d)
			}
		}
		start, elapsed := store.readCount(), time.Now()
		time.Sleep(10 * time.Second)
		if n := store.readCount() - start; n > 101 {
			t.Errorf("%v of bad keys read the store %d times, want at most ten a second", time.Since(elapsed), n)
		}
		stop()
		wg.Wait()
	})
}

func TestAPIKeyMadeDuringARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{begun: make(chan struct{}), goOn: make(chan struct{})}
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		var wg sync.WaitGroup
		bad := newKey(t, "bad", nil)
		wg.Go(func() {
			_, err := a.Authenticate(t.Context(), apiKey(bad))
			wantRefused(t, err, http.StatusUnauthorized, bad)
		})
		<-store.begun // it has taken the keys, and will bring them late
		text := newKey(t, "billing", store)
		wg.Go(func() {
			if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil {
				t.Errorf("a key that was made while the keys were read: %v", err)
			}
		})
		synctest.Wait()
		store.goOn <- struct{}{}
		<-store.begun
		store.goOn <- struct{}{}
		wg.Wait()
	})
}

func TestAPIKeyStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{}
		text := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil {
			t.Fatal(err)
		}
		store.change(func(s *keyStore) { s.err = dialog.ErrUnavailable(errors.New("dial tcp: refused")) })
		gone := time.Now()
		for time.Since(gone) < 10*time.Second {
			_, err := a.Authenticate(t.Context(), apiKey(text))
			switch since := time.Since(gone); {
			case since < 3900*time.Millisecond && err != nil:
				t.Fatalf("%v after the store went away: %v", since, err)
			case since >= 5*time.Second:
				wantRefused(t, err, http.StatusServiceUnavailable, text)
				if !dialog.IsCode(err, dialog.Unavailable) {
					t.Fatalf("got %v, want the store's error within", err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		_, err := a.Authenticate(t.Context(), apiKey(newKey(t, "x", nil)))
		wantRefused(t, err, http.StatusServiceUnavailable)

		store.change(func(s *keyStore) { s.err = nil })
		if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil {
			t.Errorf("after the store came back: %v", err)
		}
	})
}

func TestAPIKeyStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{block: true}
		text := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})

		start := time.Now()
		_, err := a.Authenticate(t.Context(), apiKey(text))
		wantRefused(t, err, http.StatusServiceUnavailable, text)
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("the answer took %v", d)
		}

		start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = a.Authenticate(ctx, apiKey(text))
		wantRefused(t, err, http.StatusServiceUnavailable, text)
		if d := time.Since(start); d != time.Second {
			t.Errorf("a request with a second's patience took %v", d)
		}
	})
}

func TestAPIKeyStoreIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &keyStore{goOn: make(chan struct{})}
		text := newKey(t, "billing", store)
		a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
		answer := make(chan error)
		go func() {
			_, err := a.Authenticate(t.Context(), apiKey(text))
			answer <- err
		}()
		time.Sleep(6 * time.Second) // a store that does not heed its context
		store.goOn <- struct{}{}
		wantRefused(t, <-answer, http.StatusServiceUnavailable, text)
	})
}

func TestAPIKeyStoreFails(t *testing.T) {
	broken := errors.New("the file is damaged")
	store := &keyStore{err: broken}
	a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
	_, err := a.Authenticate(context.Background(), apiKey(newKey(t, "billing", store)))
	var refused *auth.Error
	if !errors.Is(err, broken) || errors.As(err, &refused) {
		t.Errorf("got %v, want the store's error as an internal one", err)
	}
}

func TestAPIKeyClockSetBack(t *testing.T) {
	store := &keyStore{}
	text := newKey(t, "billing", store)
	c := newClock()
	a := newAuthenticator(t, auth.Config{Keys: store, Now: c.Now})
	if _, err := a.Authenticate(context.Background(), apiKey(text)); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveAPIKey(context.Background(), "billing"); err != nil {
		t.Fatal(err)
	}
	c.advance(-time.Hour)
	_, err := a.Authenticate(context.Background(), apiKey(text))
	wantRefused(t, err, http.StatusUnauthorized, text)
}

func TestAPIKeyAfterClose(t *testing.T) {
	store := &keyStore{}
	text := newKey(t, "billing", store)
	a := newAuthenticator(t, auth.Config{Keys: store, Now: newClock().Now})
	a.Close()
	_, err := a.Authenticate(context.Background(), apiKey(text))
	wantRefused(t, err, http.StatusServiceUnavailable, text)
	a.Close() // twice is once
}

func TestAPIKeysTogether(t *testing.T) {
	store := &keyStore{}
	a := newAuthenticator(t, auth.Config{Keys: store, Now: time.Now})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			text := newKey(t, "billing", store)
			for range 200 {
				if _, err := a.Authenticate(context.Background(), apiKey(text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestProcessKey uses a key that no store has: the store is not asked, and no
// stored key can have its name.
func TestProcessKey(t *testing.T) {
	text, key, err := auth.NewProcessKey("development", noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.CheckKeyName(key.Name); err == nil {
		t.Errorf("a stored key can be called %q too", key.Name)
	}
	keys := &keyStore{}
	stored := newKey(t, "development", keys)
	a := newAuthenticator(t, auth.Config{Keys: keys, ProcessKeys: []dialog.APIKey{key}, Now: newClock().Now})
	for _, want := range []struct{ text, name string }{{stored, "development"}, {text, "(development)"}} {
		if id, err := a.Authenticate(t.Context(), apiKey(want.text)); err != nil || id.Caller.APIKey != want.name {
			t.Errorf("got %+v and error %v, want %s", id, err, want.name)
		}
	}
	keys.change(func(s *keyStore) { s.err = dialog.ErrUnavailable(errors.New("away")) })
	if _, err := a.Authenticate(t.Context(), apiKey(text)); err != nil || keys.readCount() != 1 {
		t.Errorf("got error %v after %d reads, want the store not to be asked", err, keys.readCount())
	}
	other := newAuthenticator(t, auth.Config{Keys: &keyStore{}, Now: newClock().Now})
	_, err = other.Authenticate(t.Context(), apiKey(text))
	wantRefused(t, err, http.StatusUnauthorized, text)
}
