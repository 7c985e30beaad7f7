package edge_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/edge"
	"dialogs/store/memory"
)

// check checks one caller.
func check(c edge.Callers, ctx context.Context) error { return c.Check([]context.Context{ctx})[0] }

// TestCallers signs in with the upgrade request or with connection_init, and then checks
// the callers again.
func TestCallers(t *testing.T) {
	now := time.Now()
	log := slog.New(slog.DiscardHandler)
	callers := func(keys dialog.KeyStore) edge.Callers {
		a, err := auth.New(t.Context(), auth.Config{Secrets: [][]byte{signInSecret}, Keys: keys, Sessions: memory.NewStore(), Now: func() time.Time { return now }, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(a.Close)
		return edge.Callers{Authenticator: a, Limiter: edge.NewRateLimiter(1, 0, func() time.Time { return now }), Log: log}
	}
	good, bad := token(t, signInSecret), token(t, []byte(strings.Repeat("o", 32)))
	for _, test := range []struct {
		reason  string
		upgrade http.Header
		payload map[string]any
		want    dialog.UserID
		code    api.Code
	}{
		{"nothing", nil, nil, "", ""},
		{"connection_init", nil, map[string]any{"qb-token": good}, "alice", ""},
		{"the upgrade request", http.Header{"Qb-Token": {good}}, nil, "alice", ""},
		{"both", http.Header{"Qb-Token": {good}}, map[string]any{"QB-Token": good}, "", api.BadUserInput},
		{"a token of another server", nil, map[string]any{"Authorization": "Bearer " + bad}, "", api.Unauthenticated},
	} {
		t.Run(test.reason, func(t *testing.T) {
			c := callers(memory.NewStore())
			ctx, err := c.SignIn(t.Context(), test.upgrade, test.payload)
			if code := api.AsRefusal(err).Code; code != test.code {
				t.Fatalf("got error %v, want code %q", err, test.code)
			}
			if err != nil {
				return
			}
			if got := auth.FromContext(ctx).Caller.User; got != test.want {
				t.Errorf("got user %q, want %q", got, test.want)
			}
			if err := check(c, ctx); err != nil {
				t.Errorf("who has signed in may no longer call: %v", err)
			}
			if test.want != "" && api.Charge(ctx, 1) != nil {
				t.Error("the first operation is refused")
			}
			if test.want != "" && api.Charge(ctx, 1) == nil {
				t.Error("nothing counts the operations")
			}
		})
	}
	t.Run("too many failures", func(t *testing.T) {
		c := callers(memory.NewStore())
		var err error
		for range 3 {
			_, err = c.SignIn(t.Context(), nil, map[string]any{"QB-Token": bad})
		}
		if api.AsRefusal(err).Code != api.RateLimited {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("too many strangers", func(t *testing.T) {
		c := callers(memory.NewStore())
		var err error
		for range 3 {
			_, err = c.SignIn(t.Context(), nil, nil)
		}
		if refusal := api.AsRefusal(err); refusal.Code != api.RateLimited || !strings.Contains(refusal.Message, "--rate-limit") {
			t.Errorf("got error %v", err)
		}
		if _, err := c.SignIn(t.Context(), nil, map[string]any{"QB-Token": good}); err != nil {
			t.Errorf("a caller with credentials at the same address: %v", err)
		}
	})
	t.Run("an expired token", func(t *testing.T) {
		c := callers(memory.NewStore())
		ctx, err := c.SignIn(t.Context(), nil, map[string]any{"QB-Token": good})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * time.Hour)
		if err := check(c, ctx); api.AsRefusal(err).Code != api.Unauthenticated {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("a store that is away", func(t *testing.T) {
		st := memory.NewStore()
		key, record, err := auth.NewAPIKey("backend", now, strings.NewReader(strings.Repeat("r", 64)))
		if err != nil {
			t.Fatal(err)
		}
		if err := st.AddAPIKey(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		ctx, err := callers(st).SignIn(t.Context(), nil, map[string]any{"Authorization": "ApiKey " + key})
		if err != nil {
			t.Fatal(err)
		}
		away := callers(brokenKeys{st, dialog.ErrUnavailable(errors.New("away"))})
		if err := check(away, ctx); err != nil {
			t.Errorf("cut off because the store is away: %v", err)
		}
	})
}
