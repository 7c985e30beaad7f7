package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

// A sessionStore counts the look-ups, and can be made to fail.
type sessionStore struct {
	dialog.SessionStore
	mu     sync.Mutex
	looks  int
	err    error
	during func() // when set, called between a look-up and its answer
}

func newSessionStore() *sessionStore {
	return &sessionStore{SessionStore: memory.NewStore()}
}

func (s *sessionStore) SessionsEnded(ctx context.Context, ids []string) ([]string, error) {
	s.mu.Lock()
	s.looks++
	err, during := s.err, s.during
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	ended, err := s.SessionStore.SessionsEnded(ctx, ids)
	if during != nil {
		during()
	}
	return ended, err
}

func (s *sessionStore) EndSession(ctx context.Context, e dialog.EndedSession) error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.SessionStore.EndSession(ctx, e)
}

func (s *sessionStore) change(f func(*sessionStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *sessionStore) lookCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

func newMinter(t testing.TB, c *clock) *auth.Minter {
	t.Helper()
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return minter
}

func mint(t testing.TB, c *clock, user dialog.UserID) string {
	t.Helper()
	token, _, err := newMinter(t, c).Mint(user, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func mustAuthenticate(t testing.TB, a *auth.Authenticator, token string) auth.Identity {
	t.Helper()
	id, err := a.Authenticate(t.Context(), bearer(token))
	if err != nil {
		t.Fatalf("the token is not accepted: %v", err)
	}
	return id
}

func mustEnd(t testing.TB, a *auth.Authenticator, id auth.Identity) {
	t.Helper()
	if err := a.EndSession(t.Context(), id); err != nil {
		t.Fatalf("ending: %v", err)
	}
}

// TestEndedSession ends a session on one instance: that one refuses it at
// once, another within 5 seconds, and nobody refuses the user's other one.
func TestEndedSession(t *testing.T) {
	store, c := newSessionStore(), newClock()
	here, there := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now}), newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})
	token, other := mint(t, c, "42"), mint(t, c, "42")
	id := mustAuthenticate(t, here, token)
	mustAuthenticate(t, there, token)
	c.advance(time.Second)
	mustEnd(t, here, id)
	_, err := here.Authenticate(t.Context(), bearer(token))
	wantRefused(t, err, http.StatusUnauthorized, token)
	_, err = here.AuthenticateConnectionInit(t.Context(), http.Header{}, map[string]any{"QB-Token": token})
	wantRefused(t, err, http.StatusUnauthorized, token)
	mustEnd(t, here, id) // again

	c.advance(5*time.Second - time.Millisecond)
	_, err = there.Authenticate(t.Context(), bearer(token))
	wantRefused(t, err, http.StatusUnauthorized, token)
	for _, a := range []*auth.Authenticator{here, there, newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})} {
		mustAuthenticate(t, a, other)
		_, err = a.Authenticate(t.Context(), bearer(token))
		wantRefused(t, err, http.StatusUnauthorized, token)
	}
	kept, err := store.EndedSessions(t.Context())
	if err != nil || len(kept) != 1 || !kept[0].Until.Equal(id.ExpiresAt) || strings.Contains(kept[0].ID, id.TokenID) {
		t.Errorf("kept is %+v, %v, want one until %v, without the token's id", kept, err, id.ExpiresAt)
	}
}

// TestSessionLookups counts what verifying tokens asks of the store.
func TestSessionLookups(t *testing.T) {
	store, c := newSessionStore(), newClock()
	a := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})
	token := mint(t, c, "42")
	want := func(looks int, reason string) {
		t.Helper()
		for range 3 {
			mustAuthenticate(t, a, token)
		}
		if got := store.lookCount(); got != looks {
			t.Errorf("%s: got %d look-ups in all, want %d", reason, got, looks)
		}
	}
	want(1, "at first sight")
	c.advance(4*time.Second - time.Millisecond)
	want(1, "while it is believed")
	c.advance(time.Millisecond)
	want(2, "when it is not any more")
	c.advance(-20 * time.Second)
	want(3, "after the clock was set back")
	for range 3 {
		if _, err := a.Authenticate(t.Context(), bearer(token+"x")); err == nil {
			t.Fatal("a broken token is accepted")
		}
	}
	want(3, "for a token that is invalid anyway")
	id := mustAuthenticate(t, a, token)
	mustEnd(t, a, id)
	c.advance(30 * time.Minute)
	if _, err := a.Authenticate(t.Context(), bearer(token)); err == nil || store.lookCount() != 3 {
		t.Errorf("got error %v after %d look-ups, want an ended session to be remembered", err, store.lookCount())
	}
}

// TestEndedMeanwhile ends a session while the store is asked about it.
func TestEndedMeanwhile(t *testing.T) {
	store, c := newSessionStore(), newClock()
	a := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})
	token := mint(t, c, "42")
	id := mustAuthenticate(t, a, token)
	c.advance(4 * time.Second)
	store.change(func(s *sessionStore) { s.during = func() { mustEnd(t, a, id) } })
	_, err := a.Authenticate(t.Context(), bearer(token))
	wantRefused(t, err, http.StatusUnauthorized, token)
	_, err = a.Authenticate(t.Context(), bearer(token))
	wantRefused(t, err, http.StatusUnauthorized, token)
}

// TestSessionStoreAway fails closed.
func TestSessionStoreAway(t *testing.T) {
	for _, tt := range []struct {
		reason string
		err    error
		status int // 0 for internal
	}{
		{"away", dialog.ErrUnavailable(errors.New("no route")), http.StatusServiceUnavailable},
		{"too late", context.DeadlineExceeded, http.StatusServiceUnavailable},
		{"broken", errors.New("syntax error"), 0},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			store, c := newSessionStore(), newClock()
			a := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})
			token := mint(t, c, "42")
			id := mustAuthenticate(t, a, token)
			store.change(func(s *sessionStore) { s.err = tt.err })
			mustAuthenticate(t, a, token) // which is believed
			c.advance(4 * time.Second)
			_, err := a.Authenticate(t.Context(), bearer(token))
			if tt.status == 0 {
				var refused *auth.Error
				if err == nil || errors.As(err, &refused) {
					t.Errorf("got error %v, want an internal one", err)
				}
			} else {
				wantRefused(t, err, tt.status, token)
			}
			if err := a.EndSession(t.Context(), id); !errors.Is(err, tt.err) {
				t.Errorf("ending: got error %v, want the store's", err)
			}
			store.change(func(s *sessionStore) { s.err = nil })
			mustAuthenticate(t, a, token)
		})
	}
}

// TestEndWhatHasNoEnd ends what is not a session, or can't be told from others.
func TestEndWhatHasNoEnd(t *testing.T) {
	store, c := newSessionStore(), newClock()
	keys := &keyStore{}
	text := newKey(t, "billing", keys)
	a := newAuthenticator(t, auth.Config{Sessions: store, Keys: keys, Now: c.Now})
	nameless := sign(t, jwt.SigningMethodHS256, secret, claims(nil), nil)
	for _, h := range []http.Header{nil, apiKey(text), bearer(nameless)} {
		id, err := a.Authenticate(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.EndSession(t.Context(), id); !dialog.IsCode(err, dialog.Invalid) {
			t.Errorf("%+v: got error %v, want one of the code Invalid", id, err)
		}
	}
	mustAuthenticate(t, a, nameless)
	if kept, err := store.EndedSessions(t.Context()); err != nil || len(kept) > 0 || store.lookCount() > 0 {
		t.Errorf("kept is %+v, %v, after %d look-ups, want nothing of it", kept, err, store.lookCount())
	}
}

// TestEndOnlyOnesOwn gives two users tokens of one id: each ends their own.
func TestEndOnlyOnesOwn(t *testing.T) {
	store, c := newSessionStore(), newClock()
	a := newAuthenticator(t, auth.Config{Sessions: store, Now: c.Now})
	alice := sign(t, jwt.SigningMethodHS256, secret, claims(jwt.MapClaims{"sub": "alice", "jti": "1"}), nil)
	bob := sign(t, jwt.SigningMethodHS256, secret, claims(jwt.MapClaims{"sub": "bob", "jti": "1"}), nil)
	mustEnd(t, a, mustAuthenticate(t, a, bob))
	mustAuthenticate(t, a, alice)
	_, err := a.Authenticate(t.Context(), bearer(bob))
	wantRefused(t, err, http.StatusUnauthorized, bob)
}
