package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestCheck checks valid and invalid configurations.
func TestCheck(t *testing.T) {
	running := servertest.Start(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const secret, password = "0123456789abcdef0123456789abcdef", "hunter2"
	for _, test := range []struct {
		args   []string
		env    []string
		code   int
		want   string // on either output
		reason string
	}{
		{nil, nil, 0, "The configuration is valid.", "a store that is not there yet"},
		{[]string{"--store", running.Store}, nil, 0, "The configuration is valid.", "a store that is being served"},
		{[]string{"--limit-name", "50"}, nil, 0, "flag", "where a value comes from: a flag"},
		{nil, []string{"DIALOGS_LIMIT_NAME=50"}, 0, "DIALOGS_LIMIT_NAME", "where a value comes from: a variable"},
		{nil, []string{"DIALOGS_PORT=tcp://10.0.0.1:80"}, 0, "DIALOGS_PORT is not a setting and is ignored", "a variable of Kubernetes"},
		{nil, []string{"DIALOGS_SECRET=" + secret}, 0, "(hidden)", "a secret"},
		{[]string{"--store", file}, nil, 1, file + " is not a directory", "a file for a store"},
		{[]string{"--store", "mongodb://user:" + password + "@127.0.0.1:1/x", "--secret", secret, "--store-timeout", "100ms"}, nil, 1, "mongodb://127.0.0.1:1/x does not answer", "a store that is away"},
		{[]string{"--dev"}, nil, 0, "playground                     true            dev", "what development mode turns on"},
		{[]string{"--jwks-url", "https://u:" + password + "@127.0.0.1/x", "--jwks-issuer", "i", "--jwks-audience", "a"}, nil, 0, "https://(hidden)@127.0.0.1/x ", "a password in a URL"},
		{[]string{"--jwks-url", "https://" + password + "@127.0.0.1/x?token=" + password + "#" + password, "--jwks-issuer", "i", "--jwks-audience", "a"}, nil, 0, "https://(hidden)@127.0.0.1/x?(hidden) ", "tokens in a URL"},
		{[]string{"--jwks-url", "ftp://u:" + password + "@127.0.0.1/x?" + password, "--jwks-issuer", "i", "--jwks-audience", "a"}, nil, 1, `"ftp://(hidden)@127.0.0.1/x?(hidden)": must be an http`, "a URL of another kind with a password"},
		{[]string{"--trace-endpoint", "http://u:" + password + "@127.0.0.1/x"}, nil, 1, `"http://(hidden)@127.0.0.1/x": must be`, "a collector with a password"},
		{[]string{"--trace-endpoint", "http://127.0.0.1/x?token=" + password}, nil, 1, `"http://127.0.0.1/x?(hidden)": must be`, "a collector with a token"},
		{[]string{"--public-url", "https://u:" + password + "@127.0.0.1"}, nil, 1, `"https://(hidden)@127.0.0.1": must be`, "a public URL with a password"},
		{nil, []string{"DIALOGS_PUBLIC_URL=https://127.0.0.1/?" + password}, 1, `"https://127.0.0.1/?(hidden)": must be`, "a public URL with a token"},
		{[]string{"--allow-origins", "https://app.example.com,https://u:" + password + "@127.0.0.1"}, nil, 1, `"https://(hidden)@127.0.0.1": must be`, "an origin with a password"},
		{[]string{"--webhook-allow", "https://u:" + password + "@127.0.0.1"}, nil, 1, `--webhook-allow (DIALOGS_WEBHOOK_ALLOW) "https://(hidden)@127.0.0.1"`, "a target with a password"},
		{[]string{"--listen", "http://u:" + password + "@127.0.0.1:80"}, nil, 1, `"http://(hidden)@127.0.0.1:80": must be`, "a URL to listen on"},
		{[]string{"mongodb://u:" + password + "@127.0.0.1/x"}, nil, 1, `unexpected argument "mongodb://(hidden)@127.0.0.1/x"`, "a store without its flag"},
		{[]string{"--store", "postgres://u:" + password + "@127.0.0.1/x"}, nil, 1, "--store (DIALOGS_STORE) must be", "an unknown store with a password"},
		{[]string{"--store", "mongodb://u:" + password + "@127.0.0.1:1", "--secret", secret}, nil, 1, "the database name is missing", "a store without a database"},
		{[]string{"--store", "mongodb://u:%zz" + password + "@127.0.0.1:1/x", "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store with a mistyped password"},
		{[]string{"--store", "mongodb://u:" + password + "?@127.0.0.1:1/x", "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store whose password has a question mark"},
		{[]string{"--store", "mongodb://u:" + password + "/@127.0.0.1:1/x", "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store whose password has a slash"},
		{[]string{"--store", "mongodb://u:" + password + "@@127.0.0.1:1/x", "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store whose password has an at sign"},
		{[]string{"--store", "mongodb://u:" + password + ":@127.0.0.1:1/x", "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store whose password has a colon"},
		{[]string{"--store", "mongodb://127.0.0.1:1/x?tls=true&tlsCertificateKeyFile=missing.pem&tlsCertificateKeyFilePassword=" + password, "--secret", secret}, nil, 1, "invalid MongoDB URI", "a store whose password is an option"},
		{[]string{"--listen", "127.0.0.1:nonsense"}, nil, 1, "must be an address and a port", "an unknown port"},
		{[]string{"--secret", ""}, nil, 1, "--secret (DIALOGS_SECRET) is empty", "an empty secret"},
		{[]string{"--dev", "--listen", "0.0.0.0:80"}, nil, 1, "loopback only", "settings that contradict each other"},
		{[]string{"--tls-cert", "missing", "--tls-key", "missing"}, nil, 1, "--tls-cert", "a missing certificate"},
		{[]string{"--trusted-documents", "missing"}, nil, 1, "--trusted-documents", "missing documents"},
		{nil, []string{"DIALOGS_SECRET=short"}, 1, "at least 32 bytes", "a short secret"},
		{nil, []string{"DIALOGS_LIMT_NAME=5"}, 1, "did you mean DIALOGS_LIMIT_NAME?", "a mistyped variable"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			result := servertest.Run(t, test.env, append([]string{"check"}, test.args...)...)
			both := result.Stdout + result.Stderr
			if result.Code != test.code || !strings.Contains(both, test.want) {
				t.Errorf("got code %d, want %d and %q:\n%s", result.Code, test.code, test.want, both)
			}
			if strings.Contains(both, secret) || strings.Contains(both, password) {
				t.Errorf("it shows a secret:\n%s", both)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("it left %v (error %v)", entries, err)
			}
		})
	}
}

// TestHealthcheck asks servers with and without TLS, and none.
func TestHealthcheck(t *testing.T) {
	plain := servertest.Start(t)
	certificate := servertest.NewCertificate(t, 1)
	secure := servertest.Start(t, "--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile)
	away := servertest.StartAt(t, "mongodb://127.0.0.1:1/x", "--secret", strings.Repeat("x", 32), "--store-timeout", "50ms")
	address := func(s *servertest.Server) string {
		_, host, _ := strings.Cut(s.URL, "://")
		return host
	}
	for _, test := range []struct {
		env    []string
		code   int
		want   string // on standard error
		reason string
	}{
		{[]string{"DIALOGS_LISTEN=" + address(plain)}, 0, "", "a server that is ready"},
		{[]string{"DIALOGS_LISTEN=" + strings.Replace(address(plain), "127.0.0.1", "0.0.0.0", 1)}, 0, "", "a server on all addresses"},
		{[]string{"DIALOGS_LISTEN=" + address(secure), "DIALOGS_TLS_CERT=" + certificate.CertFile}, 0, "", "a server with TLS"},
		{[]string{"DIALOGS_LISTEN=" + address(away)}, 1, "dialogs: not ready: 503 Service Unavailable", "a server whose store is away"},
		{[]string{"DIALOGS_LISTEN=127.0.0.1:1"}, 1, `dialogs: --listen (DIALOGS_LISTEN) "127.0.0.1:1": no server answers: dial tcp 127.0.0.1:1: connect: connection refused`, "no server"},
	} {
		if result := servertest.Run(t, test.env, "healthcheck"); result.Code != test.code || result.Stderr != test.want {
			t.Errorf("%s: got code %d and %q", test.reason, result.Code, result.Stderr)
		}
	}
}
