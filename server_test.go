package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const whoami = `{ viewer { kind userId apiKeyName } }`

func unmarshal(t testing.TB, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}

// TestCredentials sends every way to come, and every wrong combination.
func TestCredentials(t *testing.T) {
	s := start(t)
	key, token := s.mustCLI("apikey", "create", "backend"), s.mustCLI("token", "alice")
	for _, test := range []struct {
		h      header
		status int
		want   string
		reason string
	}{
		{nil, 200, `{"kind":"ANONYMOUS","userId":null,"apiKeyName":null}`, "nobody"},
		{withToken(token), 200, `{"kind":"USER","userId":"alice","apiKeyName":null}`, "a session token"},
		{header{"Authorization", "Bearer " + token}, 200, `{"kind":"USER","userId":"alice","apiKeyName":null}`, "the same as a bearer token"},
		{withKey(key), 200, `{"kind":"SERVER","userId":null,"apiKeyName":"backend"}`, "an API key"},
		{onBehalf(key, "bob"), 200, `{"kind":"USER","userId":"bob","apiKeyName":"backend"}`, "an API key on behalf of a user"},
		{onBehalf(key, "Zoë%20"), 200, `{"kind":"USER","userId":"Zoë%20","apiKeyName":"backend"}`, "an id as it is, never decoded"},
		{append(withToken(token), withKey(key)...), 400, "", "two credentials"},
		{append(withToken(token), withToken(token)...), 400, "", "two of one header"},
		{header{"QB-Token", token, "Authorization", "Bearer " + token}, 400, "", "one credential twice"},
		{append(withToken(token), "On-Behalf-Of", "bob"), 400, "", "On-Behalf-Of with a token"},
		{header{"On-Behalf-Of", "bob"}, 400, "", "On-Behalf-Of with nothing"},
		{onBehalf(key, ""), 400, "", "an empty On-Behalf-Of"},
		{onBehalf(key, strings.Repeat("x", 129)), 400, "", "an id of 129 bytes"},
		{onBehalf(key, "a\xff"), 400, "", "an id that is no UTF-8"},
		{header{"Authorization", "Basic " + token}, 400, "", "an unknown scheme"},
		{withToken("nonsense"), 401, "", "no token"},
		{withKey("nonsense"), 401, "", "no key"},
		{withToken(key), 401, "", "a key is no token"},
		{withKey(token), 401, "", "a token is no key"},
		{withToken(token + "x"), 401, "", "a broken signature"},
	} {
		answer := s.post(test.h, whoami, nil)
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
	for _, secret := range []string{key, token} {
		if strings.Contains(s.stderr.String(), secret) {
			t.Error("the log has a credential")
		}
	}
}

// TestRevocation revokes a key from the command line while the server runs.
func TestRevocation(t *testing.T) {
	s := start(t)
	key := s.mustCLI("apikey", "create", "backend")
	s.must(withKey(key), whoami, nil)
	if list := s.mustCLI("apikey", "list"); !strings.Contains(list, "backend") || strings.Contains(list, key) {
		t.Errorf("the list is %s", list)
	}
	if _, err := s.cli("apikey", "create", "backend"); err == nil {
		t.Error("a name was taken twice")
	}
	s.mustCLI("apikey", "revoke", "backend")
	revoked := time.Now()
	for s.post(withKey(key), whoami, nil).Status != http.StatusUnauthorized {
		if time.Since(revoked) > 5*time.Second {
			t.Fatal("the key still works after 5 seconds")
		}
	}
	if _, err := s.cli("apikey", "revoke", "backend"); err == nil {
		t.Error("a key was revoked twice")
	}
}

// TestMintedToken uses a token of createSession.
func TestMintedToken(t *testing.T) {
	s := start(t)
	key := s.mustCLI("apikey", "create", "backend")
	answer := s.must(withKey(key), `mutation { createSession(input: {userId: "7"}) { token expiresAt } }`, nil)
	var session struct {
		Token     string
		ExpiresAt time.Time
	}
	unmarshal(t, answer.Data["createSession"], &session)
	if left := time.Until(session.ExpiresAt); left < 7100*time.Second || left > 7201*time.Second {
		t.Errorf("the token ends in %v, want 7200s", left)
	}
	answer = s.must(withToken(session.Token), whoami, nil)
	if !strings.Contains(string(answer.Body), `"userId":"7"`) {
		t.Errorf("got %s", answer.Body)
	}
	answer = s.post(withToken(session.Token), `mutation { createSession(input: {userId: "8"}) { token } }`, nil)
	if len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != "FORBIDDEN" {
		t.Errorf("a user minted a token: %s", answer.Body)
	}
}

func TestHealth(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.get(path); status != 200 || body != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: got %d: %s", path, status, body)
		}
	}
	if status, _ := s.get("/playground"); status != 404 {
		t.Errorf("the playground is open outside of development: %d", status)
	}
	answer := s.post(nil, `{ __schema { queryType { name } } }`, nil)
	if len(answer.Errors) == 0 {
		t.Errorf("introspection is on outside of development: %s", answer.Body)
	}
	if answer = s.post(nil, `{ viewr { kind } }`, nil); strings.Contains(string(answer.Body), "viewer") {
		t.Errorf("suggestions are on outside of development: %s", answer.Body)
	}
}

func TestDevelopmentMode(t *testing.T) {
	s := start(t, "--dev")
	if status, body := s.get("/playground"); status != 200 || !strings.Contains(body, "GraphiQL") && !strings.Contains(body, "graphiql") {
		t.Errorf("got %d: %s", status, body)
	}
	if answer := s.post(nil, `{ __schema { queryType { name } } }`, nil); len(answer.Errors) > 0 {
		t.Errorf("introspection is off: %s", answer.Body)
	}
	for host, want := range map[string]int{"localhost:1": 200, "127.0.0.1": 200, "[::1]:8080": 200, "evil.example": 421, "localhost.evil.example": 421} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := s.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != want {
			t.Errorf("Host %s: got %d and error %v, want %d", host, response.StatusCode, err, want)
		}
		if want == http.StatusOK {
			continue
		}
		var refused reply
		unmarshal(t, body, &refused)
		if len(refused.Errors) != 1 || refused.Errors[0].Extensions.Code != "FORBIDDEN" || refused.Errors[0].Extensions.Status != want || refused.Errors[0].Extensions.Rule != "host" {
			t.Errorf("Host %s: got %s, want a refusal as any other", host, body)
		}
	}
}

// TestDevelopmentKey looks for the key of a second start, and for a new one
// when it was revoked in between.
func TestDevelopmentKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	read := func() string {
		content, err := os.ReadFile(filepath.Join(dir, "development.key"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(content))
	}
	var keys [3]string
	for i := range keys {
		s := startIn(t, dir, "--dev")
		keys[i] = read()
		s.must(withKey(keys[i]), whoami, nil)
		if i == 1 {
			s.mustCLI("apikey", "revoke", "development")
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
	if keys[0] != keys[1] || keys[1] == keys[2] {
		t.Error("want the same key at the second start, and a new one after it was revoked")
	}
	for _, name := range []string{"development.key", "secret"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v and error %v, want 0600", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: got %v and error %v, want 0700", info.Mode(), err)
	}
}

// TestSettings starts servers that must not start, and looks for the setting
// in the error.
func TestSettings(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	s := start(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		env    map[string]string
		want   string
		reason string
	}{
		{[]string{"--nonsense"}, nil, "--nonsense", "an unknown flag"},
		{[]string{"nonsense"}, nil, "nonsense", "an unknown command"},
		{[]string{"--listen", busy.Addr().String()}, nil, "address already in use", "a busy port"},
		{[]string{"--listen", "nonsense"}, nil, "nonsense", "no address"},
		{[]string{"--store", s.dir}, nil, "another process", "a directory that is served already"},
		{[]string{"--store", file}, nil, file, "a file for a directory"},
		{[]string{"--store", "postgres://x"}, nil, "--store", "an unknown store"},
		{[]string{"--store", "mongodb://127.0.0.1/x"}, nil, "--secret", "MongoDB without a secret"},
		{[]string{"--secret", "short"}, nil, "--secret", "a short secret"},
		{[]string{"--tls-cert", "x"}, nil, "--tls-key", "a certificate without its key"},
		{[]string{"--tls-key", "x"}, nil, "--tls-cert", "a key without its certificate"},
		{[]string{"--tls-cert", "missing.pem", "--tls-key", "missing.pem"}, nil, "--tls-cert", "a certificate that is not there"},
		{[]string{"--jwks-issuer", "x"}, nil, "--jwks-url", "an issuer of nothing"},
		{[]string{"--jwks-url", "https://127.0.0.1"}, nil, "--jwks-issuer", "any issuer"},
		{[]string{"--jwks-url", "nonsense", "--jwks-issuer", "x", "--jwks-audience", "y"}, nil, "--jwks-url", "no URL"},
		{[]string{"--log-format", "xml"}, nil, "--log-format", "an unknown format"},
		{[]string{"--log-level", "loud"}, nil, "--log-level", "an unknown level"},
		{[]string{"--dev", "--listen", "0.0.0.0:0"}, nil, "--dev", "development beyond loopback"},
		{[]string{"--limit-name", "0"}, nil, "name", "a limit of nothing"},
		{[]string{"--rate-limit", "NaN"}, nil, "--rate-limit", "no number of requests"},
		{[]string{"--rate-limit-key", "+Inf"}, nil, "--rate-limit-key", "more requests than can be counted"},
		{[]string{"--rate-limit-key", "-1"}, nil, "--rate-limit-key", "less than no requests"},
		{[]string{"--request-timeout", "0s"}, nil, "--request-timeout", "no time for a request"},
		{[]string{"--store-timeout", "0s"}, nil, "--store-timeout", "no time at all"},
		{nil, map[string]string{"DIALOGS_LIMIT_NAME": "many"}, "DIALOGS_LIMIT_NAME", "no number"},
		{nil, map[string]string{"DIALOGS_DEV": "perhaps"}, "DIALOGS_DEV", "no boolean"},
		{nil, map[string]string{"DIALOGS_SECRET": "short"}, "--secret", "a short secret in the environment"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Chdir(t.TempDir())
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			args := test.args
			if !strings.Contains(strings.Join(args, " "), "--listen") {
				args = append([]string{"--listen", "127.0.0.1:0"}, args...)
			}
			err := run(ctx, args, func(name string) string { return test.env[name] }, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one that names %s", err, test.want)
			}
		})
	}
}

// TestBusyPort looks for what a server leaves behind that could not listen.
func TestBusyPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	dir := filepath.Join(t.TempDir(), "data")
	err = run(t.Context(), []string{"--listen", busy.Addr().String(), "--store", dir}, noEnvironment, io.Discard, io.Discard)
	if err == nil {
		t.Error("the server came to an end without an error")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a store was made: %v", err)
	}
}

func TestFlagWinsOverEnvironment(t *testing.T) {
	var stdout bytes.Buffer
	env := map[string]string{"DIALOGS_STORE": filepath.Join(t.TempDir(), "environment")}
	dir := filepath.Join(t.TempDir(), "flag")
	if err := run(t.Context(), []string{"apikey", "create", "x", "--store", dir}, func(n string) string { return env[n] }, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(env["DIALOGS_STORE"]); !os.IsNotExist(err) {
		t.Error("the environment won")
	}
	if err := run(t.Context(), []string{"apikey", "create", "x"}, func(n string) string { return env[n] }, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(env["DIALOGS_STORE"]); err != nil {
		t.Errorf("the environment is not read: %v", err)
	}
}

func TestHelpAndVersion(t *testing.T) {
	var stdout bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, noEnvironment, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--listen", "DIALOGS_LISTEN", "--store", "DIALOGS_SECRET", "serve", "apikey", "token", "version"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help lacks %s:\n%s", want, stdout.String())
		}
	}
	stdout.Reset()
	if err := run(t.Context(), []string{"version"}, noEnvironment, &stdout, io.Discard); err != nil || !strings.HasPrefix(stdout.String(), "dialogs ") {
		t.Errorf("got %q and error %v", stdout.String(), err)
	}
}

// TestRequestLog looks for what the log tells of a request.
func TestRequestLog(t *testing.T) {
	s := start(t)
	token := s.mustCLI("token", "alice")
	answer := s.must(withToken(token), `query WhoAmI { viewer { kind } }`, nil)
	line := s.stderr.await(t, `(?m)^(.*"operation":"WhoAmI".*)$`)
	var logged struct {
		Request, Operation, User, Path string
		Status                         int
	}
	unmarshal(t, json.RawMessage(line), &logged)
	if logged.Request != answer.Header.Get("X-Request-Id") || logged.User != "alice" || logged.Path != "/graphql" || logged.Status != 200 {
		t.Errorf("got %s for the request %s", line, answer.Header.Get("X-Request-Id"))
	}
}

// TestStoreAway starts a server whose MongoDB is away: it serves, says that it
// is not ready, and logs what fails in the background.
func TestStoreAway(t *testing.T) {
	s := start(t, "--store", "mongodb://127.0.0.1:1/x", "--secret", strings.Repeat("x", 32), "--store-timeout", "50ms")
	if status, body := s.get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("got %d: %s", status, body)
	}
	s.stderr.await(t, `"level":"WARN","msg":"the indexes in MongoDB`)
}

// TestGracefulShutdown stops a server while a request is on its way: the
// request ends well, and so does the server.
func TestGracefulShutdown(t *testing.T) {
	s := start(t)
	token := s.mustCLI("token", "alice")
	body := `{"query": "mutation { createDialog(input: {type: GROUP, name: \"late\"}) { dialog { name } } }"}`
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nQB-Token: %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", token, len(body))
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q and error %v, want the server to wait for the body", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.cancel()
	s.stderr.await(t, `"msg":"stopping"`)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.Contains(string(answer), `"name":"late"`) {
		t.Errorf("got %s and error %v", answer, err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// TestShutdownGraceEnds stops a server whose client never comes to an end.
func TestShutdownGraceEnds(t *testing.T) {
	s := start(t, "--shutdown-grace", "50ms")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q and error %v", line, err)
	}
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("the server ended with %v, want it to say that it cut a request off", err)
	}
}

// TestJWKS takes another issuer's tokens.
func TestJWKS(t *testing.T) {
	issuer := newIssuer(t)
	s := start(t, "--jwks-url", issuer.url, "--jwks-issuer", "https://issuer.example", "--jwks-audience", "dialogs")
	answer := s.must(withToken(issuer.token(t, "https://issuer.example", "dialogs")), whoami, nil)
	if !strings.Contains(string(answer.Body), `"userId":"alice"`) {
		t.Errorf("got %s", answer.Body)
	}
	for _, token := range []string{issuer.token(t, "https://issuer.example", "others"), issuer.token(t, "https://other.example", "dialogs")} {
		if answer := s.post(withToken(token), whoami, nil); answer.Status != http.StatusUnauthorized {
			t.Errorf("got %d: %s", answer.Status, answer.Body)
		}
	}
}
