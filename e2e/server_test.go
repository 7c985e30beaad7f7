package e2e_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestCredentials signs in in every way, and with every wrong combination.
func TestCredentials(t *testing.T) {
	s := start(t)
	key, token := s.MustCLI("apikey", "create", "backend"), s.MustCLI("token", "alice")
	for _, test := range []struct {
		h      servertest.Header
		status int
		want   string
		reason string
	}{
		{nil, 200, `{"kind":"ANONYMOUS","userId":null,"apiKeyName":null}`, "nobody"},
		{servertest.WithToken(token), 200, `{"kind":"USER","userId":"alice","apiKeyName":null}`, "a session token"},
		{servertest.Header{"Authorization", "Bearer " + token}, 200, `{"kind":"USER","userId":"alice","apiKeyName":null}`, "the same as a bearer token"},
		{servertest.WithKey(key), 200, `{"kind":"SERVER","userId":null,"apiKeyName":"backend"}`, "an API key"},
		{servertest.OnBehalf(key, "bob"), 200, `{"kind":"USER","userId":"bob","apiKeyName":"backend"}`, "an API key on behalf of a user"},
		{servertest.OnBehalf(key, "Zoë%20"), 200, `{"kind":"USER","userId":"Zoë%20","apiKeyName":"backend"}`, "an id as it is, never decoded"},
		{append(servertest.WithToken(token), servertest.WithKey(key)...), 400, "", "two credentials"},
		{append(servertest.WithToken(token), servertest.WithToken(token)...), 400, "", "two of one header"},
		{servertest.Header{"QB-Token", token, "Authorization", "Bearer " + token}, 400, "", "one credential twice"},
		{append(servertest.WithToken(token), "On-Behalf-Of", "bob"), 400, "", "On-Behalf-Of with a token"},
		{servertest.Header{"On-Behalf-Of", "bob"}, 400, "", "On-Behalf-Of with nothing"},
		{servertest.OnBehalf(key, ""), 400, "", "an empty On-Behalf-Of"},
		{servertest.OnBehalf(key, strings.Repeat("x", 129)), 400, "", "an id of 129 bytes"},
		{servertest.OnBehalf(key, "a\xff"), 400, "", "an id that is not UTF-8"},
		{servertest.Header{"Authorization", "Basic " + token}, 400, "", "an unknown scheme"},
		{servertest.WithToken("nonsense"), 401, "", "no token"},
		{servertest.WithKey("nonsense"), 401, "", "no key"},
		{servertest.WithToken(key), 401, "", "a key is not a token"},
		{servertest.WithKey(token), 401, "", "a token is not a key"},
		{servertest.WithToken(token + "x"), 401, "", "a broken signature"},
	} {
		answer := s.Post(test.h, whoami, nil)
		if answer.Status != test.status || string(answer.Data["viewer"]) != test.want {
			t.Errorf("%s: got status %d: %s", test.reason, answer.Status, answer.Body)
		}
		if test.status == 200 {
			continue
		}
		if len(answer.Errors) != 1 || answer.Errors[0].Extensions.Status != test.status {
			t.Errorf("%s: got %s", test.reason, answer.Body)
		}
		if (answer.Header.Get("WWW-Authenticate") != "") != (test.status == 401) {
			t.Errorf("%s: got WWW-Authenticate %q", test.reason, answer.Header.Get("WWW-Authenticate"))
		}
	}
	s.Stop() // what it has logged is written then
	for _, secret := range []string{key, token} {
		if strings.Contains(s.Stderr.String(), secret) {
			t.Error("the log has a credential")
		}
	}
}

// TestRevocation revokes a key from the command line while the server runs.
func TestRevocation(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := s.MustCLI("apikey", "create", "backend")
	s.Must(servertest.WithKey(key), whoami, nil)
	if list := s.MustCLI("apikey", "list"); !strings.Contains(list, "backend") || strings.Contains(list, key) {
		t.Errorf("the list is %s", list)
	}
	if s.CLI("apikey", "create", "backend").Code == 0 {
		t.Error("a name was taken twice")
	}
	s.MustCLI("apikey", "revoke", "backend")
	revoked := time.Now()
	for s.Post(servertest.WithKey(key), whoami, nil).Status != http.StatusUnauthorized {
		if time.Since(revoked) > 5*time.Second {
			t.Fatal("the key still works after 5 seconds")
		}
	}
	if s.CLI("apikey", "revoke", "backend").Code == 0 {
		t.Error("a key was revoked twice")
	}
}

// TestMintedToken uses a token of createSession.
func TestMintedToken(t *testing.T) {
	s := start(t)
	key := s.MustCLI("apikey", "create", "backend")
	answer := s.Must(servertest.WithKey(key), `mutation { createSession(input: {userId: "7"}) { token expiresAt } }`, nil)
	var session struct {
		Token     string
		ExpiresAt time.Time
	}
	servertest.Decode(t, answer.Data["createSession"], &session)
	if left := time.Until(session.ExpiresAt); left < 7100*time.Second || left > 7201*time.Second {
		t.Errorf("the token ends in %v, want 7200s", left)
	}
	answer = s.Must(servertest.WithToken(session.Token), whoami, nil)
	if !strings.Contains(string(answer.Body), `"userId":"7"`) {
		t.Errorf("got %s", answer.Body)
	}
	answer = s.Post(servertest.WithToken(session.Token), `mutation { createSession(input: {userId: "8"}) { token } }`, nil)
	if len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != "FORBIDDEN" {
		t.Errorf("a user minted a token: %s", answer.Body)
	}
}

func TestHealth(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.Get(path); status != 200 || body != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: got %d: %s", path, status, body)
		}
	}
	if status, _ := s.Get("/playground"); status != 404 {
		t.Errorf("the playground is open outside of development: %d", status)
	}
	answer := s.Post(nil, `{ __schema { queryType { name } } }`, nil)
	if len(answer.Errors) == 0 {
		t.Errorf("introspection is on outside of development: %s", answer.Body)
	}
	if answer = s.Post(nil, `{ viewr { kind } }`, nil); strings.Contains(string(answer.Body), "viewer") {
		t.Errorf("suggestions are on outside of development: %s", answer.Body)
	}
}

func TestDevelopmentMode(t *testing.T) {
	s := start(t, "--dev")
	if status, body := s.Get("/playground"); status != 200 || !strings.Contains(body, "GraphiQL") && !strings.Contains(body, "graphiql") {
		t.Errorf("got %d: %s", status, body)
	}
	if answer := s.Post(nil, `{ __schema { queryType { name } } }`, nil); len(answer.Errors) > 0 {
		t.Errorf("introspection is off: %s", answer.Body)
	}
	for host, want := range map[string]int{"localhost:1": 200, "127.0.0.1": 200, "[::1]:8080": 200, "evil.example": 421, "localhost.evil.example": 421} {
		answer := s.Do(http.MethodGet, "/healthz", servertest.Header{"Host", host}, nil)
		if answer.Status != want {
			t.Errorf("Host %s: got %d, want %d", host, answer.Status, want)
		}
		if want == http.StatusOK {
			continue
		}
		var refused servertest.Reply
		servertest.Decode(t, answer.Body, &refused)
		if len(refused.Errors) != 1 || refused.Errors[0].Extensions.Code != "FORBIDDEN" || refused.Errors[0].Extensions.Status != want || refused.Errors[0].Extensions.Rule != "host" {
			t.Errorf("Host %s: got %s, want a refusal like any other", host, answer.Body)
		}
	}
}

// TestDevelopmentKey starts development servers on one directory: each has a
// key of its own that is gone with it, and no stored key is touched.
func TestDevelopmentKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(dir, "development.key")
	operators := servertest.Run(t, nil, "apikey", "create", "development", "--store", dir).Stdout
	var before string
	for range 2 {
		s := startAt(t, dir, "--dev")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimSpace(string(content))
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("development.key: got mode %v and error %v, want 0600", info.Mode(), err)
		}
		s.Must(servertest.WithKey(key), whoami, nil)
		s.Must(servertest.WithKey(strings.TrimSpace(operators)), whoami, nil)
		if before != "" {
			if reply := s.Post(servertest.WithKey(before), whoami, nil); reply.Status != http.StatusUnauthorized || key == before {
				t.Errorf("the key of a server that is gone: got %d: %s", reply.Status, reply.Body)
			}
		}
		before = key
		if listed := s.MustCLI("apikey", "list"); strings.Count(listed, "\n") != 1 {
			t.Errorf("want the operator's key alone in the store, got:\n%s", listed)
		}
		if code := s.Stop(); code != 0 {
			t.Fatalf("the server ended with %d: %s", code, s.Stderr)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the key is left in the directory: %v", err)
		}
	}
	s := startAt(t, dir)
	if reply := s.Post(servertest.WithKey(before), whoami, nil); reply.Status != http.StatusUnauthorized {
		t.Errorf("the key outlives --dev: got %d: %s", reply.Status, reply.Body)
	}
	for name, want := range map[string]os.FileMode{"secret": 0o600, ".": 0o700} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v and error %v, want %v", name, info.Mode(), err, want)
		}
	}
}

// TestDevelopmentKeyOfEarlierVersions revokes the stored key whose text is in
// the file, as earlier versions left it.
func TestDevelopmentKeyOfEarlierVersions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	key := servertest.Run(t, nil, "apikey", "create", "development", "--store", dir).Stdout
	path := filepath.Join(dir, "development.key")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startAt(t, dir, "--dev")
	if reply := s.Post(servertest.WithKey(strings.TrimSpace(key)), whoami, nil); reply.Status != http.StatusUnauthorized {
		t.Errorf("got %d: %s", reply.Status, reply.Body)
	}
	if listed := s.MustCLI("apikey", "list"); strings.Contains(listed, "development") {
		t.Errorf("the old key is still in the store:\n%s", listed)
	}
}

// TestDevelopmentLink opens the playground by the link that the server prints.
func TestDevelopmentLink(t *testing.T) {
	s := start(t, "--dev")
	link := s.Stdout.Await(t, `Playground +http://[^/]+(/playground\?token=\S+)`)
	content, err := os.ReadFile(filepath.Join(s.Store, "development.key"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(content))
	page := func(headers servertest.Header) string {
		return string(s.Do(http.MethodGet, "/playground", headers, nil).Body) + string(s.Do(http.MethodGet, "/playground/settings.json", headers, nil).Body)
	}
	if strings.Contains(page(nil), key) {
		t.Error("the page shows the key to anyone")
	}
	client := *http.DefaultClient
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	opened, err := client.Get(s.URL + link)
	if err != nil {
		t.Fatal(err)
	}
	_ = opened.Body.Close()
	cookie, _, _ := strings.Cut(opened.Header.Get("Set-Cookie"), ";")
	if !strings.Contains(page(servertest.Header{"Cookie", cookie}), key) {
		t.Errorf("the link led to status %d and %v, and the page does not show the key", opened.StatusCode, opened.Header)
	}
	s.Stop() // what it has logged is written then
	if strings.Contains(s.Stderr.String(), link) {
		t.Error("the log has the link")
	}
}

// TestRequestLog checks the log line of a request.
func TestRequestLog(t *testing.T) {
	s := start(t)
	token := s.MustCLI("token", "alice")
	answer := s.Must(servertest.WithToken(token), `query WhoAmI { viewer { kind } }`, nil)
	line := s.Stderr.Await(t, `(?m)^(.*"operation":"WhoAmI".*)$`)
	var logged struct {
		Request, Operation, User, Path string
		Status                         int
	}
	servertest.Decode(t, json.RawMessage(line), &logged)
	if logged.Request != answer.Header.Get("X-Request-Id") || logged.User != "alice" || logged.Path != "/graphql" || logged.Status != 200 {
		t.Errorf("got %s for the request %s", line, answer.Header.Get("X-Request-Id"))
	}
}

// TestStoreAway starts a server whose MongoDB is unavailable: it serves,
// reports that it is not ready, and logs it once, with the host and the reason.
func TestStoreAway(t *testing.T) {
	s := startAt(t, "mongodb://127.0.0.1:1/x", "--secret", strings.Repeat("x", 32), "--store-timeout", "50ms")
	if status, body := s.Get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("got %d: %s", status, body)
	}
	s.Stderr.Await(t, `"level":"WARN","msg":"store unavailable","host":"127.0.0.1:1","reason":"127.0.0.1:1: [^"]*connection refused"`)
	for range 3 {
		s.Get("/readyz")
	}
	s.Stop() // what it has logged is written then
	if n := strings.Count(s.Stderr.String(), `"level":"WARN"`); n != 1 {
		t.Errorf("got %d warnings, want one: %s", n, s.Stderr)
	}
}

// TestGracefulShutdown stops a server while a request is on its way: the
// request ends well, and so does the server.
func TestGracefulShutdown(t *testing.T) {
	s := start(t)
	token := s.MustCLI("token", "alice")
	body := `{"query": "mutation { createDialog(input: {type: GROUP, name: \"late\"}) { dialog { name } } }"}`
	conn := waitingForBody(t, s.Server, len(body), "QB-Token: "+token+"\r\n")
	defer func() { _ = conn.Close() }()
	s.Cancel()
	s.Stderr.Await(t, `"msg":"stopping"`)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(conn.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.Contains(string(answer), `"name":"late"`) {
		t.Errorf("got %s and error %v", answer, err)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("the server ended with %d: %s", code, s.Stderr)
	}
}

// TestShutdownGraceEnds stops a server whose store never answers.
func TestShutdownGraceEnds(t *testing.T) {
	t.Parallel()
	s := start(t, "--shutdown-grace", "1s", "--store-timeout", "3s", "--request-timeout", "1h")
	waitingForStore(t, s.Server)
	if code := s.Stop(); code == 0 || !strings.Contains(s.Stderr.String(), "cut off") {
		t.Errorf("the server ended with %d, want it to say that it cut a request off: %s", code, s.Stderr)
	}
}

// TestJWKS accepts another issuer's tokens.
func TestJWKS(t *testing.T) {
	issuer := newIssuer(t)
	s := start(t, "--jwks-url", issuer.url, "--jwks-issuer", "https://issuer.example", "--jwks-audience", "dialogs")
	answer := s.Must(servertest.WithToken(issuer.token(t, "https://issuer.example", "dialogs")), whoami, nil)
	if !strings.Contains(string(answer.Body), `"userId":"alice"`) {
		t.Errorf("got %s", answer.Body)
	}
	for _, token := range []string{issuer.token(t, "https://issuer.example", "others"), issuer.token(t, "https://other.example", "dialogs")} {
		if answer := s.Post(servertest.WithToken(token), whoami, nil); answer.Status != http.StatusUnauthorized {
			t.Errorf("got %d: %s", answer.Status, answer.Body)
		}
	}
}
