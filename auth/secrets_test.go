package auth_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"dialogs/auth"
)

// TestSecrets: the first secret signs, and all of them verify.
func TestSecrets(t *testing.T) {
	c := newClock()
	first, second := []byte(strings.Repeat("1", 32)), []byte(strings.Repeat("2", 32))
	mint := func(secrets ...[]byte) string {
		t.Helper()
		m, err := auth.NewMinter(secrets, c.Now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := m.Mint("alice", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	a := newAuthenticator(t, auth.Config{Secrets: [][]byte{second, first}, Now: c.Now})
	byFirst, bySecond := mint(first), mint(second, first)
	for _, tt := range []struct {
		reason        string
		secrets       [][]byte
		first, second bool
	}{
		{"Both verify.", [][]byte{second, first}, true, true},
		{"The order does not matter.", [][]byte{first, second}, true, true},
		{"One that was removed is unknown.", [][]byte{second}, false, true},
		{"The token of two was signed by the first of them.", [][]byte{first}, true, false},
	} {
		if err := a.SetSecrets(tt.secrets); err != nil {
			t.Fatal(err)
		}
		for token, want := range map[string]bool{byFirst: tt.first, bySecond: tt.second} {
			if _, err := a.Authenticate(t.Context(), header("QB-Token", token)); (err == nil) != want {
				t.Errorf("%s valid: %v, want %v: %v", tt.reason, err == nil, want, err)
			}
		}
	}
}
