package clients_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// TestPython verifies a webhook's delivery with the library of Standard Webhooks for
// Python.
func TestPython(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "python3", "-m", "pip", "--version").Run(); err != nil {
		clienttest.NotRun(t, "webhooks in Python", "python3 with pip")
	}
	requirements, err := os.ReadFile("python/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	// A new requirement gets a directory of its own.
	site, err := filepath.Abs(filepath.Join("python", "site", strings.TrimSpace(string(requirements))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(site, "complete")); err != nil {
		clienttest.Run(t, "python", nil, "python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site, "-r", "requirements.txt")
		if err := os.WriteFile(filepath.Join(site, "complete"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	arrived := make(chan map[string]any, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		headers := map[string]string{}
		for name := range r.Header {
			headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		select {
		case arrived <- map[string]any{"headers": headers, "body": string(body)}:
		default: // one is enough
		}
	}))
	defer receiver.Close()
	server := servertest.Start(t, "--dev", "--webhook-allow", "127.0.0.1")
	key := servertest.WithKey(server.DevelopmentKey())
	made := server.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})
	var webhook struct{ Secret string }
	servertest.Decode(t, made.Data["createWebhook"], &webhook)
	server.Must(key, `mutation { createDialog(input: {type: GROUP, name: "Lunch", ownerId: "alice"}) { dialog { id } } }`, nil)
	var delivery map[string]any
	select {
	case delivery = <-arrived:
	case <-time.After(servertest.Patience):
		t.Fatal("nothing was delivered")
	}
	verify := func(secret string) (string, error) {
		delivery["secret"] = secret
		input, err := json.Marshal(delivery)
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), "python3", "python/verify.py")
		command.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1")
		command.Stdin = strings.NewReader(string(input))
		out, err := command.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := verify(webhook.Secret); err != nil || out != "dialog.created" {
		t.Errorf("verifying: %v: %s", err, out)
	}
	if out, err := verify("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); err == nil {
		t.Errorf("another secret verifies it, too: %s", out)
	}
}
