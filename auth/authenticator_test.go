package auth_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/store/memory"
)

func TestNewRefusesHalfAConfiguration(t *testing.T) {
	whole := func() auth.Config {
		return auth.Config{
			Secrets: [][]byte{secret}, Keys: &keyStore{}, Sessions: memory.NewStore(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		}
	}
	cases := map[string]struct {
		reason string
		change func(*auth.Config)
		want   string
	}{
		"no secret":         {"Everyone knows the empty secret.", func(c *auth.Config) { c.Secrets = nil }, "a secret is required"},
		"short secret":      {"31 bytes are fewer than the hash has.", func(c *auth.Config) { c.Secrets = [][]byte{secret, secret[:31]} }, "at least 32"},
		"no key store":      {"There would be no API keys.", func(c *auth.Config) { c.Keys = nil }, "required"},
		"no session store":  {"Nothing could be ended.", func(c *auth.Config) { c.Sessions = nil }, "required"},
		"no clock":          {"Tokens end by it.", func(c *auth.Config) { c.Now = nil }, "required"},
		"no log":            {"Failures would go unnoticed.", func(c *auth.Config) { c.Log = nil }, "required"},
		"issuer without":    {"It would check nothing.", func(c *auth.Config) { c.JWKS.Issuer = "x" }, "can only be used with a JWKS URL"},
		"audience without":  {"It would check nothing.", func(c *auth.Config) { c.JWKS.Audience = "x" }, "can only be used with a JWKS URL"},
		"relative URL":      {"There is nothing to be relative to.", func(c *auth.Config) { c.JWKS.URL = "/jwks.json" }, "must be an absolute http or https URL"},
		"other scheme":      {"Keys come over HTTP.", func(c *auth.Config) { c.JWKS.URL = "file:///jwks.json" }, "must be an absolute http or https URL"},
		"URL without host":  {"Somebody has to be asked.", func(c *auth.Config) { c.JWKS.URL = "https:///jwks.json" }, "must be an absolute http or https URL"},
		"URL is not a URL":  {"It can't be read.", func(c *auth.Config) { c.JWKS.URL = "https://a b/" }, "must be an absolute http or https URL"},
		"no URL, but words": {"It can't be read.", func(c *auth.Config) { c.JWKS.URL = "none" }, "must be an absolute http or https URL"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := whole()
			tc.change(&c)
			a, err := auth.New(context.Background(), c)
			if err == nil {
				a.Close()
				t.Fatalf("got no error, want one\nreason: %s", tc.reason)
			}
			if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), string(secret[:31])) {
				t.Errorf("got error %v, want %q in it and no secret\nreason: %s", err, tc.want, tc.reason)
			}
		})
	}
	if _, err := auth.NewMinter([][]byte{secret[:31]}, time.Now, rand.Reader); err == nil {
		t.Error("a minter with a short secret")
	}
}

func TestAuthenticate(t *testing.T) {
	store := &keyStore{}
	text := newKey(t, "billing", store)
	newKey(t, "other", store)
	c := newClock()
	minter, err := auth.NewMinter([][]byte{secret}, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, expiresAt, err := minter.Mint("42", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthenticator(t, auth.Config{Keys: store, Now: c.Now})
	cases := map[string]struct {
		reason string
		fields []field
		want   dialog.Caller
		ends   time.Time
	}{
		"nothing": {reason: "Who brings nothing is anonymous."},
		"token":   {reason: "A session token is its user.", fields: []field{{"QB-Token", token}}, want: dialog.Caller{User: "42"}, ends: expiresAt},
		"key":     {reason: "A key alone is a server.", fields: []field{{"Authorization", "ApiKey " + text}}, want: dialog.Caller{APIKey: "billing"}},
		"key for a user": {
			reason: "On behalf of a user it is that user, and the record names both.",
			fields: []field{{"Authorization", "ApiKey " + text}, {"On-Behalf-Of", "7"}},
			want:   dialog.Caller{User: "7", APIKey: "billing"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h, payload := http.Header{}, map[string]any{}
			for _, f := range tc.fields {
				h.Add(f.name, f.value)
				payload[f.name] = f.value
			}
			overHTTP, err := a.Authenticate(context.Background(), h)
			if err != nil {
				t.Fatalf("HTTP: %v\nreason: %s", err, tc.reason)
			}
			if overHTTP.Caller != tc.want || !overHTTP.ExpiresAt.Equal(tc.ends) {
				t.Errorf("got %+v, want %+v until %v\nreason: %s", overHTTP, tc.want, tc.ends, tc.reason)
			}
			overWebSocket, err := a.AuthenticateConnectionInit(context.Background(), http.Header{}, payload)
			if err != nil {
				t.Fatalf("WebSocket: %v\nreason: %s", err, tc.reason)
			}
			if diff := cmp.Diff(overHTTP, overWebSocket, cmpopts.IgnoreUnexported(auth.Identity{})); diff != "" {
				t.Errorf("HTTP and WebSocket differ (-HTTP +WebSocket):\n%s", diff)
			}
		})
	}

	_, err = a.Authenticate(context.Background(), header("QB-Token", "a,b"))
	wantRefused(t, err, http.StatusBadRequest)
	_, err = a.AuthenticateConnectionInit(context.Background(), bearer(token), map[string]any{"QB-Token": token})
	wantRefused(t, err, http.StatusBadRequest, token)
}

func TestIdentityInContext(t *testing.T) {
	if got := auth.FromContext(context.Background()); got != (auth.Identity{}) {
		t.Errorf("got %+v from a context without one, want the anonymous", got)
	}
	want := auth.Identity{Caller: dialog.Caller{User: "42"}, ExpiresAt: noon, TokenID: "abc"}
	if got := auth.FromContext(auth.WithIdentity(context.Background(), want)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
