package e2e_test

import (
	"crypto/rand"
	"path/filepath"
	"syscall"
	"testing"

	"dialogs/servertest"
)

// TestSecretReplaced replaces the secret of the server as docs/operations.md says: sessions
// stay valid meanwhile, and webhooks deliver throughout.
func TestSecretReplaced(t *testing.T) {
	t.Parallel()
	dir, receiver := filepath.Join(t.TempDir(), "data"), newHook(t)
	first, second := rand.Text()+rand.Text(), rand.Text()+rand.Text()
	start := func(secret string) *servertest.Server {
		return servertest.StartAt(t, dir, "--secret", secret, "--webhook-allow", "127.0.0.1")
	}
	who := func(s *servertest.Server, token string) int {
		t.Helper()
		return s.Post(servertest.WithToken(token), `{ viewer { userId } }`, nil).Status
	}
	create := func(s *servertest.Server, token string) {
		t.Helper()
		made := s.Must(servertest.WithToken(token), `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
		var d struct{ Dialog struct{ ID string } }
		servertest.Decode(t, made.Data["createDialog"], &d)
		receiver.await(t, d.Dialog.ID+"_1")
	}

	s := start(first)
	s.MustCLI("webhook", "add", receiver.URL, "--webhook-allow", "127.0.0.1", "--secret", first)
	old := s.MustCLI("token", "alice", "--secret", first)
	create(s, old)
	s.Stop()

	s = start(second + "," + first)
	s.Stderr.Await(t, `secrets of webhooks re-encrypted`)
	if status := who(s, old); status != 200 {
		t.Errorf("status %d for a session token of the old secret", status)
	}
	create(s, old)
	next := s.MustCLI("token", "alice", "--secret", second+", "+first)
	s.Stop()

	s = start(second)
	if status := who(s, next); status != 200 {
		t.Errorf("status %d for a session token of the new secret", status)
	}
	if status := who(s, old); status != 401 {
		t.Errorf("status %d for a session token of the secret that was removed, want 401", status)
	}
	create(s, next)
}

// TestSecretReloaded replaces the secret of a running server: sessions that it creates then
// are valid with the new secret alone, and webhooks go on.
func TestSecretReloaded(t *testing.T) {
	t.Parallel()
	first, second := rand.Text()+rand.Text(), rand.Text()+rand.Text()
	file, receiver := writeFile(t, first), newHook(t)
	p := servertest.Spawn(t, "--secret-file", file, "--webhook-allow", "127.0.0.1")
	key := servertest.WithKey(p.MustCLI("apikey", "create", "backend"))
	p.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})
	servertest.Replace(t, file, []byte(second+","+first))
	p.Signal(syscall.SIGHUP)
	p.Stderr.Await(t, `secrets of webhooks re-encrypted`)
	p.Stderr.Await(t, `"msg":"reloaded"`)
	made := p.Must(key, `mutation { createSession(input: {userId: "alice"}) { token } }`, nil)
	var session struct{ Token string }
	servertest.Decode(t, made.Data["createSession"], &session)
	servertest.Replace(t, file, []byte(second))
	p.Signal(syscall.SIGHUP)
	p.Stderr.Await(t, `(?s)"msg":"reloaded".*"msg":"reloaded"`)
	created := p.Must(servertest.WithToken(session.Token), `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
	var d struct{ Dialog struct{ ID string } }
	servertest.Decode(t, created.Data["createDialog"], &d)
	receiver.await(t, d.Dialog.ID+"_1")
}
