package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// A proxy is a snippet of docs/deploy.md that runs before a server, on a free
// port.
type proxy struct {
	program, debian string
	// command writes what the snippet needs around it, and starts it.
	command func(t *testing.T, snippet, dir, port string, c servertest.Certificate) *exec.Cmd
	// serving is what it prints once it accepts connections.
	serving string
}

func nginx(t *testing.T, snippet, dir, port string, c servertest.Certificate) *exec.Cmd {
	t.Helper()
	snippet = replaceAll(t, snippet, map[string]string{
		"listen 443 ssl":                   "listen 127.0.0.1:" + port + " ssl",
		"/etc/ssl/dialogs.example.com.pem": c.CertFile,
		"/etc/ssl/dialogs.example.com.key": c.KeyFile,
	})
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	config := filepath.Join(dir, "nginx.conf")
	write(t, config, fmt.Sprintf("daemon off;\npid %s;\nerror_log stderr notice;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n",
		filepath.Join(dir, "pid"), temp.String(), snippet))
	return exec.CommandContext(context.WithoutCancel(t.Context()), "nginx", "-e", "stderr", "-c", config)
}

func caddy(t *testing.T, snippet, dir, port string, c servertest.Certificate) *exec.Cmd {
	t.Helper()
	snippet = replaceAll(t, snippet, map[string]string{
		"dialogs.example.com {\n": fmt.Sprintf("dialogs.example.com:%s {\n\tbind 127.0.0.1\n\ttls %s %s\n", port, c.CertFile, c.KeyFile),
	})
	config := filepath.Join(dir, "Caddyfile")
	write(t, config, "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"+snippet)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "caddy", "run", "--adapter", "caddyfile", "--config", config)
	command.Env = append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return command
}

// TestProxies runs what docs/deploy.md shows for proxies before a server.
func TestProxies(t *testing.T) {
	for language, p := range map[string]proxy{
		"nginx":     {"nginx", "nginx-light", nginx, "(start worker process) "},
		"caddyfile": {"caddy", "caddy", caddy, "(serving initial configuration)"},
	} {
		t.Run(p.program, func(t *testing.T) {
			if _, err := exec.LookPath(p.program); err != nil {
				clienttest.NotRun(t, "the server behind "+p.program, p.debian)
			}
			s := start(t, "--trusted-proxies", "127.0.0.1", "--public-url", "https://dialogs.example.com", "--rate-limit", "1", "--rate-limit-key", "0")
			key := s.MustCLI("apikey", "create", "backend")
			dir, port := t.TempDir(), freePort(t)
			snippet := replaceAll(t, snippetOf(t, "docs/deploy.md", language), map[string]string{
				"127.0.0.1:8080": strings.TrimPrefix(s.URL, "http://"),
			})
			clienttest.Await(t, p.command(t, snippet, dir, port, servertest.NewCertificate(t, 1)), p.serving)
			near, far := through(t, port, "127.0.0.2"), through(t, port, "127.0.0.3")

			status, _, body := near(servertest.WithKey(key))
			if want := `"https://dialogs.example.com"`; status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("got %d %s, want the server's address as clients know it: %s", status, body, want)
			}
			// Whatever a client writes into the header, its own address waits.
			forged := func(i int) servertest.Header {
				return append(servertest.WithToken("nonsense"), "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i), "X-Request-Id", "forged")
			}
			for i := range 3 {
				var id string
				if status, id, body = near(forged(i)); id == "forged" || id == "" {
					t.Errorf("got the request id %q", id)
				}
			}
			if status != http.StatusTooManyRequests {
				t.Errorf("got %d %s, want the address to wait", status, body)
			}
			if status, _, body := near(servertest.WithKey(key)); status != http.StatusOK {
				t.Errorf("a valid caller of that address: got %d %s", status, body)
			}
			if status, _, body := far(forged(0)); status != http.StatusUnauthorized {
				t.Errorf("another address behind the proxy: got %d %s", status, body)
			}
			s.Stderr.Await(t, `"address":"127.0.0.3"`)
		})
	}
}

// through asks the proxy for the server's settings from an address of this
// machine.
func through(t *testing.T, port, address string) func(servertest.Header) (status int, id, body string) {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:"+port)
		},
	}}
	t.Cleanup(client.CloseIdleConnections)
	return func(h servertest.Header) (int, string, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://dialogs.example.com/account_settings.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(h); i += 2 {
			request.Header.Add(h[i], h[i+1])
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header.Get("X-Request-Id"), string(body)
	}
}

// freePort is a port that nothing listened on a moment ago: neither proxy can
// let the system choose one and tell it.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
