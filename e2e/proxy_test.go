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
	s := servertest.Start(t)
	key := s.MustCLI("apikey", "create", "backend")
	for language, p := range map[string]proxy{
		"nginx":     {"nginx", "nginx-light", nginx, "(start worker process) "},
		"caddyfile": {"caddy", "caddy", caddy, "(serving initial configuration)"},
	} {
		t.Run(p.program, func(t *testing.T) {
			if _, err := exec.LookPath(p.program); err != nil {
				clienttest.NotRun(t, "the server behind "+p.program, p.debian)
			}
			dir, port := t.TempDir(), freePort(t)
			snippet := replaceAll(t, snippetOf(t, "docs/deploy.md", language), map[string]string{
				"127.0.0.1:8080": strings.TrimPrefix(s.URL, "http://"),
			})
			clienttest.Await(t, p.command(t, snippet, dir, port, servertest.NewCertificate(t, 1)), p.serving)
			client := &http.Client{Transport: &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
				},
			}}
			t.Cleanup(client.CloseIdleConnections)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://dialogs.example.com/account_settings.json", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "ApiKey "+key)
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if want := `"https://dialogs.example.com"`; response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
				t.Errorf("got %d %s, want the server's address as the client knows it: %s", response.StatusCode, body, want)
			}
		})
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
