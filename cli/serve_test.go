package cli_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dialogs/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// firstFlag finds the setting that an error is about.
var firstFlag = regexp.MustCompile(`^dialogs: --([a-z-]+)`)

// TestRefusedSettings starts servers that must not start: the error names the
// setting and what to do.
func TestRefusedSettings(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	s := servertest.Start(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		env    []string
		want   string
		reason string
	}{
		{[]string{"--nonsense"}, nil, `unknown flag --nonsense for "dialogs serve"`, "an unknown flag"},
		{[]string{"--lisen", "x"}, nil, "did you mean --listen?", "a mistyped flag"},
		{[]string{"nonsense"}, nil, "nonsense", "an argument"},
		{[]string{"--listen", busy.Addr().String()}, nil, "address already in use; choose another port", "a busy port"},
		{[]string{"--listen", "nonsense"}, nil, `--listen (DIALOGS_LISTEN) "nonsense"`, "no address"},
		{[]string{"--store", s.Store}, nil, "another server is already using the store", "a directory that is served already"},
		{[]string{"--store", file}, nil, file, "a file for a directory"},
		{[]string{"--store", "postgres://x"}, nil, "--store (DIALOGS_STORE) must be a directory", "an unknown store"},
		{[]string{"--store", "mongodb://127.0.0.1/x"}, nil, "--secret (DIALOGS_SECRET) is required with MongoDB", "MongoDB without a secret"},
		{[]string{"--store-file", file}, nil, "--store-file (DIALOGS_STORE_FILE): " + file + " is empty", "an empty file for the store"},
		{[]string{"--store", ""}, nil, "--store (DIALOGS_STORE) is empty: give it a value, or leave it out", "an empty store"},
		{[]string{"--secret", ""}, nil, "--secret (DIALOGS_SECRET) is empty", "an empty secret, as of a variable that is not set"},
		{[]string{"--secret-file", ""}, nil, "--secret-file (DIALOGS_SECRET_FILE) is empty", "no name of a file"},
		{[]string{"--allow-origins", ""}, nil, "--allow-origins (DIALOGS_ALLOW_ORIGINS) is empty", "an empty list"},
		{[]string{"--tls-cert", "", "--tls-key", ""}, nil, "--tls-key (DIALOGS_TLS_KEY) is empty", "no certificate where one was meant"},
		{[]string{"--request-timeout", ""}, nil, "--request-timeout (DIALOGS_REQUEST_TIMEOUT)", "an empty time"},
		{[]string{"--allow-headers", "a b"}, nil, `--allow-headers (DIALOGS_ALLOW_HEADERS) "a b": must be names of headers`, "a name that no header can have"},
		{[]string{"--listen", "127.0.0.1:nonsense"}, nil, `--listen (DIALOGS_LISTEN) "127.0.0.1:nonsense": must be an address and a port`, "an unknown port"},
		{[]string{"--listen", "127.0.0.1:99999"}, nil, `--listen (DIALOGS_LISTEN) "127.0.0.1:99999": must be an address and a port`, "a port that is too large"},
		{[]string{"--listen", "8080"}, nil, `--listen (DIALOGS_LISTEN) "8080": must be an address and a port, for example 127.0.0.1:8080`, "a port alone"},
		{[]string{"--store", "localhost:27017"}, nil, "--store (DIALOGS_STORE) must be a directory, or a URI", "a host with a port for a store"},
		{[]string{"--session-max", "10000h"}, nil, `--session-max (DIALOGS_SESSION_MAX) "10000h": must be at most 8784h`, "sessions for too long"},
		{[]string{"--keep-changes", "2161h"}, nil, `--keep-changes (DIALOGS_KEEP_CHANGES) "2161h": must be at most 2160h`, "changes that are kept for too long"},
		{[]string{"--keep-changes", "1m"}, nil, `must be at least 1h`, "changes that are not kept"},
		{[]string{"--log-level", "info", "--log-level-file", "missing"}, nil, "--log-level (DIALOGS_LOG_LEVEL) and --log-level-file (DIALOGS_LOG_LEVEL_FILE) cannot be given together", "two levels"},
		{[]string{"--log-level-file", "missing"}, nil, "--log-level-file (DIALOGS_LOG_LEVEL_FILE): ", "a level in a missing file"},
		{[]string{"--trusted-proxies", "0.0.0.0/0"}, nil, "would trust every client", "every client as a proxy"},
		{[]string{"--public-url", "dialogs.example.com"}, nil, "--public-url (DIALOGS_PUBLIC_URL)", "a URL without a scheme"},
		{[]string{"--store-file", "missing"}, nil, "--store-file", "a missing file for the store"},
		{[]string{"--store", "./data", "--store-file", "missing"}, nil, "--store (DIALOGS_STORE) and --store-file (DIALOGS_STORE_FILE) cannot be given together", "two stores"},
		{[]string{"--store-file", "missing"}, []string{"DIALOGS_STORE=./data"}, "cannot be given together", "two stores, one in the environment"},
		{[]string{"--secret", "short"}, nil, "--secret (DIALOGS_SECRET) must have at least 32 bytes", "a short secret"},
		{[]string{"--secret", strings.Repeat("x", 32) + ",short"}, nil, "number 2 of its secrets, which are separated by commas, must have at least 32 bytes; it has 5", "a short second secret"},
		{[]string{"--secret", strings.Repeat("x", 32) + ","}, nil, "number 2 of its secrets", "a comma after the secret"},
		{[]string{"--secret", strings.Repeat(strings.Repeat("x", 32)+",", 5) + strings.Repeat("x", 32)}, nil, "too many secrets: 6 (limit 5)", "six secrets"},
		{[]string{"--secret-file", "missing"}, nil, "--secret-file", "a missing file for the secret"},
		{[]string{"--secret", strings.Repeat("x", 32), "--secret-file", file}, nil, "cannot be given together", "two secrets"},
		{[]string{"--tls-cert", "x"}, nil, "--tls-cert (DIALOGS_TLS_CERT) and --tls-key (DIALOGS_TLS_KEY) must be given together", "a certificate without its key"},
		{[]string{"--tls-key", "x"}, nil, "--tls-cert", "a key without its certificate"},
		{[]string{"--tls-cert", "missing.pem", "--tls-key", "missing.pem"}, nil, "--tls-cert", "a certificate that is not there"},
		{[]string{"--jwks-issuer", "x"}, nil, "require --jwks-url (DIALOGS_JWKS_URL)", "an issuer without its keys"},
		{[]string{"--jwks-url", "https://127.0.0.1"}, nil, "--jwks-issuer", "any issuer"},
		{[]string{"--jwks-url", "nonsense", "--jwks-issuer", "x", "--jwks-audience", "y"}, nil, `--jwks-url (DIALOGS_JWKS_URL) "nonsense"`, "no URL"},
		{[]string{"--log-format", "xml"}, nil, `--log-format (DIALOGS_LOG_FORMAT) "xml": must be text or json`, "an unknown format"},
		{[]string{"--log-level", "loud"}, nil, "must be debug, info, warn or error", "an unknown level"},
		{[]string{"--dev", "--listen", "0.0.0.0:0"}, nil, "--dev (DIALOGS_DEV) serves on loopback only", "development beyond loopback"},
		{[]string{"--limit-name", "0"}, nil, `--limit-name (DIALOGS_LIMIT_NAME) "0": must be between 1 and 65536`, "a limit of nothing"},
		{[]string{"--limit-ids", "501"}, nil, "must be between 1 and 500", "a limit that no store can keep"},
		{[]string{"--rate-limit", "NaN"}, nil, "must be a number from 0 to 1000000", "not a number of requests"},
		{[]string{"--rate-limit-key", "+Inf"}, nil, "--rate-limit-key", "more requests than can be counted"},
		{[]string{"--rate-limit-key", "-1"}, nil, "--rate-limit-key", "less than no requests"},
		{[]string{"--request-timeout", "0s"}, nil, "--request-timeout", "no time for a request"},
		{[]string{"--store-timeout", "5"}, nil, `--store-timeout (DIALOGS_STORE_TIMEOUT) "5": needs a unit, for example 5s`, "a time without a unit"},
		{[]string{"--allow-origins", "https://App.example.com/"}, nil, "write https://app.example.com, as browsers send it", "an origin with a path and capitals"},
		{[]string{"--allow-origins", "https://app.example.com:443"}, nil, "write https://app.example.com, as browsers send it", "an origin with the default port"},
		{[]string{"--allow-origins", "https://*.example.com"}, nil, "for example https://app.example.com", "a wildcard"},
		{[]string{"--allow-origins", "*"}, nil, "--allow-origins", "every origin"},
		{[]string{"--allow-origins", "https://app.example.com:0443"}, nil, "write https://app.example.com, as browsers send it", "the default port with a zero"},
		{[]string{"--allow-origins", "https://app.example.com:99999"}, nil, "for example https://app.example.com", "a port that does not exist"},
		{[]string{"--allow-origins", "https://München.example"}, nil, "write https://xn--mnchen-3ya.example, as browsers send it", "a name that is not ASCII"},
		{[]string{"--allow-origins", "https://[::0001]"}, nil, "write https://[::1], as browsers send it", "a long IPv6 address"},
		{[]string{"--allow-origins", "https://127.0.0.001"}, nil, "for example https://app.example.com", "an IPv4 address with zeros"},
		{[]string{"--allow-origins", "https://a.example;https://b.example"}, nil, "for example https://app.example.com", "a semicolon between two origins"},
		{[]string{"--allow-origins", "https://app..example.com"}, nil, "for example https://app.example.com", "an empty label"},
		{[]string{"--allow-origins", "null"}, nil, "--allow-origins", "pages without an origin"},
		{[]string{"--trusted-documents", "missing.json"}, nil, "--trusted-documents", "trusted documents that are not there"},
		{nil, []string{"DIALOGS_LIMIT_NAME=many"}, `--limit-name (DIALOGS_LIMIT_NAME) "many": must be a whole number`, "not a number in the environment"},
		{nil, []string{"DIALOGS_DEV=perhaps"}, `--dev (DIALOGS_DEV) "perhaps": must be true or false`, "not a boolean in the environment"},
		{nil, []string{"DIALOGS_SECRET=short"}, "--secret", "a short secret in the environment"},
		{nil, []string{"DIALOGS_STROE=x"}, "did you mean DIALOGS_STORE?", "a mistyped variable"},
		{nil, []string{"DIALOGS_DVE=x", "DIALOGS_LOGFORMAT=json"}, "did you mean DIALOGS_LOG_FORMAT?", "a variable without one of its underscores"},
		{nil, []string{"DIALOGS_SECRET=" + strings.Repeat("x", 32), "DIALOGS_SECRET_FILE=missing"}, "cannot be given together", "two secrets in the environment"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Chdir(t.TempDir())
			args := append([]string{"serve"}, test.args...)
			if !strings.Contains(strings.Join(args, " "), "--listen") {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			result := servertest.Run(t, test.env, args...)
			if result.Code != 1 || !strings.HasPrefix(result.Stderr, "dialogs: ") || !strings.Contains(result.Stderr, test.want) {
				t.Errorf("got code %d and %q, want an error with %q", result.Code, result.Stderr, test.want)
			}
			if flag := firstFlag.FindStringSubmatch(result.Stderr); flag != nil && !strings.Contains(result.Stderr, "DIALOGS_"+strings.ToUpper(strings.ReplaceAll(flag[1], "-", "_"))) {
				t.Errorf("the error does not name the variable of --%s: %s", flag[1], result.Stderr)
			}
			if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
				t.Errorf("it left %v (error %v)", entries, err)
			}
			if result.Stdout != "" {
				t.Errorf("it printed %q", result.Stdout)
			}
			if strings.Contains(result.Stderr, "short\"") {
				t.Errorf("the error shows a secret: %s", result.Stderr)
			}
		})
	}
}

// TestBusyPort starts servers whose port another program has, for clients or for operators:
// the error says which flag to change and to what, and nothing is left behind.
func TestBusyPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	host, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	next := net.JoinHostPort(host, strconv.Itoa(number+1))
	for _, test := range []struct {
		args []string
		env  []string
		want string
	}{
		{[]string{"--listen", busy.Addr().String()}, nil, `--listen (DIALOGS_LISTEN) %q: address already in use; choose another port, for example --listen ` + next},
		{nil, []string{"DIALOGS_LISTEN=" + busy.Addr().String()}, `--listen (DIALOGS_LISTEN) %q: address already in use; choose another port, for example --listen ` + next},
		{
			[]string{"--listen", "127.0.0.1:0", "--admin-listen", busy.Addr().String()},
			nil,
			`--admin-listen (DIALOGS_ADMIN_LISTEN) %q: address already in use; choose another port, for example --admin-listen ` + next,
		},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		result := servertest.Run(t, test.env, append([]string{"serve", "--store", dir}, test.args...)...)
		if want := "dialogs: " + fmt.Sprintf(test.want, busy.Addr()); result.Code != 1 || result.Stderr != want || result.Stdout != "" {
			t.Errorf("serve %v %v: the server ended with %d and %q, want %q", test.args, test.env, result.Code, result.Stderr, want)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("serve %v %v: a store was made: %v", test.args, test.env, err)
		}
	}
}

// TestForeignVariables starts a server with variables that look like its own:
// Kubernetes sets such ones for a service that is called "dialogs".
func TestForeignVariables(t *testing.T) {
	s := servertest.StartWith(t, []string{
		"DIALOGS_PORT=tcp://10.0.0.1:80", "DIALOGS_SERVICE_HOST=10.0.0.1", "DIALOGS_SERVICE_PORT=80",
		"DIALOGS_PORT_80_TCP_ADDR=10.0.0.1", "DIALOGS_SOMETHING_ELSE=x", "DIALOGS_ENV=production",
	}, filepath.Join(t.TempDir(), "data"))
	s.Stderr.Await(t, `"level":"WARN","msg":"unknown environment variables ignored","names":\["DIALOGS_ENV","DIALOGS_PORT","DIALOGS_PORT_80_TCP_ADDR","DIALOGS_SERVICE_HOST","DIALOGS_SERVICE_PORT","DIALOGS_SOMETHING_ELSE"\]`)
}

func TestFlagWinsOverEnvironment(t *testing.T) {
	fromEnvironment, fromFlag := filepath.Join(t.TempDir(), "environment"), filepath.Join(t.TempDir(), "flag")
	env := []string{"DIALOGS_STORE=" + fromEnvironment}
	if result := servertest.Run(t, env, "apikey", "create", "x", "--store", fromFlag); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	if _, err := os.Stat(fromEnvironment); !os.IsNotExist(err) {
		t.Error("the environment won")
	}
	if result := servertest.Run(t, env, "apikey", "create", "x"); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	if _, err := os.Stat(fromEnvironment); err != nil {
		t.Errorf("the environment is not read: %v", err)
	}
}

// TestSecretFiles starts a server whose secret and store are named by files.
func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	secret, store, data := filepath.Join(dir, "secret"), filepath.Join(dir, "store"), filepath.Join(dir, "data")
	for path, content := range map[string]string{secret: strings.Repeat("s", 40), store: data} {
		if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{"--secret-file", secret, "--store-file", store}
	s := servertest.Serve(t, nil, data, append([]string{"serve", "--listen", "127.0.0.1:0"}, files...)...)
	if _, err := os.Stat(filepath.Join(data, "dialogs.db")); err != nil {
		t.Errorf("the store is not where the file says: %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, "secret")); !os.IsNotExist(err) {
		t.Errorf("a secret was made beside the given one: %v", err)
	}
	token := servertest.Run(t, nil, append([]string{"token", "alice"}, files...)...)
	s.Must(servertest.WithToken(token.Stdout), `{ viewer { userId } }`, nil)
}
