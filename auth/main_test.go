package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is what the servers of these tests sign with.
var secret = []byte("0123456789abcdef0123456789abcdef")

// noon is when the clocks of these tests start.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// A clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newAuthenticator makes one that is closed with the test.
func newAuthenticator(t testing.TB, c auth.Config) *auth.Authenticator {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = [][]byte{secret}
	}
	if c.Keys == nil {
		c.Keys = &keyStore{}
	}
	if c.Sessions == nil {
		c.Sessions = memory.NewStore()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a, err := auth.New(context.Background(), c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(a.Close)
	return a
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Add(pair[0], pair[1])
	}
	return h
}

func bearer(token string) http.Header { return header("Authorization", "Bearer "+token) }
func apiKey(text string) http.Header  { return header("Authorization", "ApiKey "+text) }

// newKey makes an API key and, when there is a store, adds it there.
func newKey(t testing.TB, name string, store *keyStore) string {
	t.Helper()
	text, key, err := auth.NewAPIKey(name, noon, rand.Reader)
	if err != nil {
		t.Fatalf("NewAPIKey(%q): %v", name, err)
	}
	if store != nil {
		if err := store.AddAPIKey(context.Background(), key); err != nil {
			t.Fatalf("AddAPIKey(%q): %v", name, err)
		}
	}
	return text
}

// wantRefused fails unless err is a refusal of this status that quotes nothing
// of the credentials, and returns its message.
func wantRefused(t testing.TB, err error, status int, credentials ...string) string {
	t.Helper()
	var refused *auth.Error
	if !errors.As(err, &refused) {
		t.Fatalf("got error %v, want an *auth.Error of status %d", err, status)
	}
	if refused.Status != status {
		t.Errorf("got status %d (%s), want %d", refused.Status, refused.Message, status)
	}
	if got := refused.Challenge != ""; got != (status == http.StatusUnauthorized) {
		t.Errorf("status %d came with the challenge %q", status, refused.Challenge)
	}
	for _, c := range credentials {
		if c != "" && strings.Contains(err.Error(), c) {
			t.Errorf("the error quotes the credential %q: %v", c, err)
		}
	}
	return refused.Message
}

// A keyStore is a dialog.KeyStore in memory that can be made to fail.
type keyStore struct {
	mu    sync.Mutex
	keys  []dialog.APIKey
	err   error
	block bool // answer only when the context ends
	reads int
	begun chan struct{} // when set, told of each read that begins
	goOn  chan struct{} // when set, waited for in each read
}

func (s *keyStore) UseAPIKey(_ context.Context, name string, day time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.keys {
		if s.keys[i].Name == name {
			s.keys[i].UsedOn = day
		}
	}
	return nil
}

func (s *keyStore) AddAPIKey(_ context.Context, k dialog.APIKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, k)
	return nil
}

func (s *keyStore) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	s.mu.Lock()
	s.reads++
	keys, err, block, begun, goOn := append([]dialog.APIKey(nil), s.keys...), s.err, s.block, s.begun, s.goOn
	s.mu.Unlock()
	if begun != nil {
		begun <- struct{}{}
	}
	if goOn != nil {
		<-goOn
	}
	if block {
		<-ctx.Done()
		return nil, dialog.ErrUnavailable(ctx.Err())
	}
	return keys, err
}

func (s *keyStore) RemoveAPIKey(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.keys {
		if k.Name == name {
			s.keys = append(s.keys[:i:i], s.keys[i+1:]...)
			return nil
		}
	}
	return &dialog.Error{Code: dialog.NotFound, Message: "there is no such key"}
}

func (s *keyStore) change(f func(*keyStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *keyStore) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// A logBook is what was logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
