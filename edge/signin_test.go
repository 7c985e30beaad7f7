package edge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/edge"
	"dialogs/store/memory"
)

var signInSecret = []byte(strings.Repeat("s", auth.MinSecretBytes))

// A brokenKeys always fails to read API keys.
type brokenKeys struct {
	dialog.KeyStore
	err error
}

func (b brokenKeys) APIKeys(context.Context) ([]dialog.APIKey, error) { return nil, b.err }

// newSignIn makes the guard with a limit of one failed sign-in per second.
func newSignIn(t *testing.T, keys dialog.KeyStore) func(api.Refuser) edge.Guard {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	a, err := auth.New(t.Context(), auth.Config{Secrets: [][]byte{signInSecret}, Keys: keys, Sessions: memory.NewStore(), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	still := time.Now()
	limiter := edge.NewRateLimiter(1, 0, func() time.Time { return still })
	return func(refuse api.Refuser) edge.Guard { return edge.SignIn(a, limiter, log, refuse) }
}

func token(t *testing.T, secret []byte) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "alice", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSignIn(t *testing.T) {
	st := memory.NewStore()
	key, record, err := auth.NewAPIKey("backend", time.Now(), strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.AddAPIKey(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		header []string
		want   dialog.Caller
		code   api.Code // empty if the request is let through
	}{
		{"no credentials", nil, dialog.Caller{}, ""},
		{"a session token", []string{"QB-Token", token(t, signInSecret)}, dialog.Caller{User: "alice"}, ""},
		{"an API key", []string{"Authorization", "ApiKey " + key}, dialog.Caller{APIKey: "backend"}, ""},
		{"an API key on behalf of a user", []string{"Authorization", "ApiKey " + key, "On-Behalf-Of", "bob"}, dialog.Caller{User: "bob", APIKey: "backend"}, ""},
		{"a token of another server", []string{"QB-Token", token(t, []byte(strings.Repeat("o", 32)))}, dialog.Caller{}, api.Unauthenticated},
		{"two credentials", []string{"QB-Token", token(t, signInSecret), "Authorization", "ApiKey " + key}, dialog.Caller{}, api.BadUserInput},
	} {
		var got dialog.Caller
		signIn := newSignIn(t, st)
		_, refusal := through(func(refuse api.Refuser) edge.Guard {
			return func(next http.Handler) http.Handler {
				return signIn(refuse)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got = auth.FromContext(r.Context()).Caller
					next.ServeHTTP(w, r)
				}))
			}
		}, request(http.MethodPost, "/", test.header...))
		if got != test.want {
			t.Errorf("%s: got the caller %+v, want %+v", test.reason, got, test.want)
		}
		if (refusal == nil) != (test.code == "") || refusal != nil && refusal.Code != test.code {
			t.Errorf("%s: got the refusal %+v, want the code %q", test.reason, refusal, test.code)
		}
	}
}

// TestFailedSignInsWait tries invalid credentials until the address has to wait. Others at
// the same address, with valid credentials, are still served.
func TestFailedSignInsWait(t *testing.T) {
	guard := newSignIn(t, memory.NewStore())
	send := func(address string, secret []byte) *api.Refusal {
		r := request(http.MethodPost, "/", "QB-Token", token(t, secret))
		r.RemoteAddr = address
		_, refusal := through(func(refuse api.Refuser) edge.Guard {
			return func(next http.Handler) http.Handler { return edge.From(nil)(guard(refuse)(next)) }
		}, r)
		return refusal
	}
	wrong := []byte(strings.Repeat("w", 32))
	for range 2 { // the burst
		if refusal := send("192.0.2.1:1000", wrong); refusal == nil || refusal.Code != api.Unauthenticated {
			t.Fatalf("got %+v", refusal)
		}
	}
	refusal := send("192.0.2.1:2000", wrong)
	if refusal == nil || refusal.Code != api.RateLimited || refusal.RetrySeconds() != 1 {
		t.Errorf("got %+v, want to wait a second", refusal)
	}
	if refusal := send("192.0.2.1:3000", signInSecret); refusal != nil {
		t.Errorf("good credentials of the same address: got %+v", refusal)
	}
	if refusal := send("192.0.2.2:1000", wrong); refusal == nil || refusal.Code != api.Unauthenticated {
		t.Errorf("another address: got %+v", refusal)
	}
}

// TestBrokenStoreIsNoFailedSignIn: a sign-in that fails because of the store does not
// count as a failed sign-in.
func TestBrokenStoreIsNoFailedSignIn(t *testing.T) {
	guard := newSignIn(t, brokenKeys{memory.NewStore(), errors.New("s3cret of the store")})
	key, _, err := auth.NewAPIKey("backend", time.Now(), strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r := request(http.MethodPost, "/", "Authorization", "ApiKey "+key)
		r = r.WithContext(api.WithRequest(r.Context(), &api.Request{ID: "the-id"}))
		_, refusal := through(guard, r)
		if refusal == nil || refusal.Code != api.Internal || refusal.RequestID != "the-id" || strings.Contains(refusal.Message, "s3cret") {
			t.Fatalf("got %+v, want an internal error with the request's id", refusal)
		}
	}
}

// TestUncheckedSignInsAreLoggedSometimes: while credentials cannot be checked, an address gets
// the same answer again and again, but not a line in the log for each.
func TestUncheckedSignInsAreLoggedSometimes(t *testing.T) {
	var lines bytes.Buffer
	signIn := newSignIn(t, brokenKeys{memory.NewStore(), dialog.ErrUnavailable(errors.New("away"))})
	key, _, err := auth.NewAPIKey("backend", time.Now(), strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		_, refusal := through(func(refuse api.Refuser) edge.Guard {
			return func(next http.Handler) http.Handler {
				shown := func(w http.ResponseWriter, r *http.Request, refusal *api.Refusal) {
					refuse(w, r, refusal)
					w.WriteHeader(refusal.HTTPStatus())
				}
				return edge.Logged(slog.New(slog.NewTextHandler(&lines, nil)), time.Now, func() {}, edge.Observer{})(signIn(shown)(next))
			}
		}, request(http.MethodPost, "/graphql", "Authorization", "ApiKey "+key))
		if refusal == nil || refusal.Code != api.Unavailable {
			t.Fatalf("got %+v, want %s", refusal, api.Unavailable)
		}
	}
	if n := strings.Count(lines.String(), "request finished"); n != 2 {
		t.Errorf("%d lines for 10 requests at once, want those of two seconds: %s", n, &lines)
	}
}

// TestInternalErrorsOfSignInsAreLoggedSeldom: while credentials cannot be checked because of a
// fault, strangers get the id of their request, but do not fill the log with errors.
func TestInternalErrorsOfSignInsAreLoggedSeldom(t *testing.T) {
	var lines bytes.Buffer
	now := time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)
	log := edge.Seldom(slog.New(edge.RequestLog{Handler: slog.NewTextHandler(&lines, nil)}), func() time.Time { return now })
	keys := brokenKeys{memory.NewStore(), errors.New("s3cret of the store")}
	a, err := auth.New(t.Context(), auth.Config{Secrets: [][]byte{signInSecret}, Keys: keys, Sessions: memory.NewStore(), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	key, _, err := auth.NewAPIKey("backend", time.Now(), strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	limiter := edge.NewRateLimiter(0, 0, time.Now)
	httpOnce := func(id string) {
		r := request(http.MethodPost, "/", "Authorization", "ApiKey "+key)
		r = r.WithContext(api.WithRequest(r.Context(), &api.Request{ID: id}))
		_, refusal := through(func(refuse api.Refuser) edge.Guard { return edge.SignIn(a, limiter, log, refuse) }, r)
		if refusal == nil || refusal.Code != api.Internal || refusal.RequestID != id {
			t.Fatalf("got %+v, want an internal error with the request's id", refusal)
		}
	}
	socketOnce := func() {
		_, err := edge.Callers{Authenticator: a, Limiter: limiter, Log: log}.SignIn(t.Context(), nil, map[string]any{"Authorization": "ApiKey " + key})
		if refusal := api.AsRefusal(err); refusal.Code != api.Internal {
			t.Fatalf("got %v, want an internal error", err)
		}
	}
	logged := func(want ...string) {
		t.Helper()
		got := strings.Split(strings.TrimSuffix(lines.String(), "\n"), "\n")
		if len(got) != 1 || !strings.Contains(got[0], `level=ERROR msg="internal error" error="reading the API keys: s3cret of the store"`) {
			t.Fatalf("got %q, want one line", got)
		}
		for _, part := range want {
			if !strings.Contains(got[0], part) {
				t.Errorf("got %q, want %q in it", got[0], part)
			}
		}
		lines.Reset()
	}
	for i := range 10 {
		httpOnce("first-" + strconv.Itoa(i))
		socketOnce()
	}
	logged("request=first-0")
	now = now.Add(time.Minute)
	for range 5 {
		httpOnce("second")
	}
	logged("left_out=19", "request=second")
	now = now.Add(-time.Hour) // a clock that is set back does not stop it
	httpOnce("third")
	logged("left_out=4", "request=third")
}

// TestSeldomKeepsTheRestForDebugging has a log that shows everything.
func TestSeldomKeepsTheRestForDebugging(t *testing.T) {
	var lines bytes.Buffer
	log := edge.Seldom(slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})), time.Now)
	log.Info("information")
	log.Error("first")
	log.With("a", 1).Error("second")
	log.WithGroup("g").Warn("third", "b", 2)
	log.Info("information")
	var levels []string
	for line := range strings.Lines(lines.String()) {
		_, rest, _ := strings.Cut(line, "level=")
		level, _, _ := strings.Cut(rest, " ")
		levels = append(levels, level)
	}
	if want := []string{"INFO", "ERROR", "DEBUG", "DEBUG", "INFO"}; !slices.Equal(levels, want) {
		t.Errorf("the levels are %q, want %q:\n%s", levels, want, &lines)
	}
}
