package e2e_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dialogs/servertest"
)

// servingTrials have what is served, where, to whom and from what store.
func servingTrials(t *testing.T) []trial {
	t.Helper()
	issuer, certificate := newIssuer(t), servertest.NewCertificate(t, 1)
	data, dataInFile := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "data")
	secret, secretInFile := rand.Text()+rand.Text(), rand.Text()+rand.Text()
	trusted := mustJSON(t, map[string]string{"1": whoami})
	return []trial{
		{name: "what is served", wires: []wire{
			{"listen", "localhost:0", func(t *testing.T, s *servertest.Server) {
				if status, _ := s.Get("/healthz"); status != http.StatusOK || strings.HasSuffix(s.URL, ":8080") {
					t.Errorf("got status %d at %s", status, s.URL)
				}
			}},
			{"store", data, storeIsAt(data)},
			{"log-format", "json", func(t *testing.T, s *servertest.Server) {
				line, _, _ := strings.Cut(s.Stderr.String(), "\n")
				if !json.Valid([]byte(line)) {
					t.Errorf("got the log line %s", line)
				}
			}},
			{"introspection", "true", func(t *testing.T, s *servertest.Server) {
				s.Must(nil, `{ __schema { queryType { name } } }`, nil)
			}},
			{"playground", "true", func(t *testing.T, s *servertest.Server) {
				// The page that npm builds reads where the API is from a file of its
				// own; the one without npm has it in itself.
				status, page := s.Get("/playground")
				_, settings := s.Get("/playground/settings.json")
				if status != http.StatusOK || !strings.Contains(page+settings, "/graphql") {
					t.Errorf("got status %d and %s, with the settings %s", status, page, settings)
				}
			}},
			{"quickblox", "false", func(t *testing.T, s *servertest.Server) {
				if status, body := s.Get("/account_settings.json"); status != http.StatusNotFound || strings.Contains(body, "errors") {
					t.Errorf("got status %d and %s", status, body)
				}
			}},
			{"allow-origins", "https://a.example,https://b.example", allowsOrigin("/graphql", "https://a.example", "https://b.example")},
			{"allow-headers", "x-tenant", func(t *testing.T, s *servertest.Server) {
				answer := s.Do(http.MethodOptions, "/graphql", servertest.Header{
					"Origin", "https://a.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-tenant",
				}, nil)
				if answer.Header.Get("Access-Control-Allow-Headers") != "x-tenant" {
					t.Errorf("got status %d and %v", answer.Status, answer.Header)
				}
			}},
		}},
		{name: "webhooks", wires: []wire{{"webhook-allow", "127.0.0.1,hooks.internal", delivers}}},
		{name: "behind a proxy", wires: []wire{{"public-url", "https://dialogs.example.com", func(t *testing.T, s *servertest.Server) {
			if _, body := s.Get("/account_settings.json"); !strings.Contains(body, `"https://dialogs.example.com"`) {
				t.Errorf("got %s", body)
			}
		}}, {"trusted-proxies", "127.0.0.0/8,fd00::/8", func(t *testing.T, s *servertest.Server) {
			answer := s.Do(http.MethodGet, "/healthz", servertest.Header{"X-Request-Id", "chosen-by-the-proxy"}, nil)
			if answer.Header.Get("X-Request-Id") != "chosen-by-the-proxy" {
				t.Errorf("got %v", answer.Header)
			}
		}}}},
		{name: "from files", wires: []wire{
			{"store-file", writeFile(t, dataInFile), storeIsAt(dataInFile)},
			{"secret-file", writeFile(t, secretInFile), acceptsTokenOf(secretInFile)},
			{"log-level-file", writeFile(t, "debug"), func(t *testing.T, s *servertest.Server) {
				s.Get("/healthz")
				s.Stderr.Await(t, `level"?[=:]"?DEBUG.*/healthz`)
			}},
			{"trusted-documents", writeFile(t, trusted), func(t *testing.T, s *servertest.Server) {
				s.Must(nil, whoami, nil)
				if reply := s.Post(nil, `{ viewer { kind } }`, nil); len(reply.Errors) != 1 {
					t.Errorf("got %s", reply.Body)
				}
			}},
		}},
		{name: "who is served", wires: []wire{
			{"tls-cert", certificate.CertFile, trusts(certificate)},
			{"tls-key", certificate.KeyFile, nil}, // the server refuses one without the other
			{"secret", secret, func(t *testing.T, s *servertest.Server) {
				trusts(certificate)(t, s)
				acceptsTokenOf(secret)(t, s)
			}},
			{"session-max", "2h", func(t *testing.T, s *servertest.Server) {
				trusts(certificate)(t, s)
				issued := time.Now().Add(-3 * time.Hour).Unix()
				isUnknown(t, s, signed(t, secret, jwt.MapClaims{"iat": issued, "exp": time.Now().Add(time.Hour).Unix()}))
			}},
			{"jwks-url", issuer.url, func(t *testing.T, s *servertest.Server) {
				trusts(certificate)(t, s)
				s.Must(servertest.WithToken(issuer.token(t, "https://issuer.example", "dialogs")), whoami, nil)
			}},
			{"jwks-issuer", "https://issuer.example", func(t *testing.T, s *servertest.Server) {
				trusts(certificate)(t, s)
				isUnknown(t, s, issuer.token(t, "https://other.example", "dialogs"))
			}},
			{"jwks-audience", "dialogs", func(t *testing.T, s *servertest.Server) {
				trusts(certificate)(t, s)
				isUnknown(t, s, issuer.token(t, "https://issuer.example", "others"))
			}},
		}},
		{name: "sessions", wires: []wire{{"session-max", "1h", makesSessionsUpTo(time.Hour)}}},
		{name: "development", beside: []string{"--allow-origins", "https://a.example"}, wires: []wire{
			{"dev", "true", func(t *testing.T, s *servertest.Server) {
				s.Stdout.Await(t, "Playground")
				s.Must(servertest.WithKey(s.DevelopmentKey()), `{ __schema { queryType { name } } }`, nil)
				if status, body := s.Get("/playground"); status != http.StatusOK {
					t.Errorf("got status %d and %s", status, body)
				}
				if answer := s.Do(http.MethodGet, "/healthz", servertest.Header{"Host", "evil.example"}, nil); answer.Status != http.StatusMisdirectedRequest {
					t.Errorf("got status %d and %s", answer.Status, answer.Body)
				}
				allowsOrigin("/session.json", "https://a.example", "http://localhost:5173")(t, s)
			}},
		}},
	}
}

func storeIsAt(dir string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, _ *servertest.Server) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(dir, "dialogs.db")); err != nil {
			t.Error(err)
		}
	}
}

// acceptsTokenOf signs a session token as anyone with the secret can.
func acceptsTokenOf(secret string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		s.Must(servertest.WithToken(signed(t, secret, jwt.MapClaims{"exp": time.Now().Add(time.Hour).Unix()})), whoami, nil)
	}
}

// signed is a session token of Alice's.
func signed(t *testing.T, secret string, claims jwt.MapClaims) string {
	t.Helper()
	claims["sub"] = "alice"
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// makesSessionsUpTo asks each API for a session that would last two hours.
func makesSessionsUpTo(most time.Duration) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		key := s.MustCLI("apikey", "create", "sessions")
		var made struct{ ExpiresAt time.Time }
		servertest.Decode(t, s.Must(servertest.WithKey(key), `mutation { createSession(input: {userId: "alice", ttl: 7200}) { expiresAt } }`, nil).Data["createSession"], &made)

		var other struct{ Session struct{ Token string } }
		if status, body := s.Rest(servertest.WithKey(key), http.MethodPost, "/session.json", map[string]any{"user_id": "alice"}); status != http.StatusCreated || json.Unmarshal([]byte(body), &other) != nil {
			t.Fatalf("got status %d and %s", status, body)
		}
		answer := s.Do(http.MethodGet, "/chat/Dialog.json", servertest.WithToken(other.Session.Token), nil)
		ends, err := time.Parse("2006-01-02 15:04:05 MST", answer.Header.Get("QB-Token-ExpirationDate"))
		if err != nil {
			t.Fatalf("got status %d and %s: %v", answer.Status, answer.Body, err)
		}
		for api, ends := range map[string]time.Time{"GraphQL": made.ExpiresAt, "the QuickBlox API": ends} {
			if ends.After(time.Now().Add(most)) {
				t.Errorf("a session made by %s ends at %s, want at most %s from now", api, ends, most)
			}
		}
	}
}

func isUnknown(t *testing.T, s *servertest.Server, token string) {
	t.Helper()
	if reply := s.Post(servertest.WithToken(token), whoami, nil); reply.Status != http.StatusUnauthorized {
		t.Errorf("got status %d and %s", reply.Status, reply.Body)
	}
}

// allowsOrigin sends what a page of each origin would.
func allowsOrigin(path string, origins ...string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		for _, origin := range origins {
			h := servertest.Header{"Content-Type", "application/json", "Origin", origin}
			answer := s.Do(http.MethodPost, path, h, mustJSON(t, map[string]string{"query": whoami}))
			if answer.Status == http.StatusForbidden || answer.Header.Get("Access-Control-Allow-Origin") != origin {
				t.Errorf("%s: got status %d and %v", origin, answer.Status, answer.Header)
			}
		}
	}
}

// trusts connects as a client that trusts no other certificate.
func trusts(c servertest.Certificate) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(readFile(t, c.CertFile))
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		t.Cleanup(transport.CloseIdleConnections)
		s.Client = &http.Client{Transport: transport}
		if status, body := s.Get("/healthz"); status != http.StatusOK {
			t.Errorf("got status %d and %s", status, body)
		}
	}
}

func writeFile[T string | []byte](t *testing.T, content T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
