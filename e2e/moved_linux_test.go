package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dialogs/servertest"
)

// TestDataReplaced restores a copy under a server. The next server serves the
// copy.
func TestDataReplaced(t *testing.T) {
	t.Parallel()
	old := servertest.Spawn(t)
	alice := servertest.WithToken(old.MustCLI("token", "alice"))
	old.Must(alice, createGroup, nil)
	stops(t, old)
	err := os.CopyFS(old.Store+".copy", os.DirFS(old.Store))
	for _, name := range []string{"dialogs.db", "secret", "serve.lock"} { // CopyFS drops their modes
		err = errors.Join(err, os.Chmod(filepath.Join(old.Store+".copy", name), 0o600))
	}
	if err := errors.Join(err, os.Chmod(old.Store+".copy", 0o700)); err != nil {
		t.Fatal(err)
	}
	p := servertest.SpawnAt(t, old.Store)
	p.Must(alice, createGroup, nil)
	// In one step: the server may look at any time.
	if err := unix.Renameat2(unix.AT_FDCWD, p.Store+".copy", unix.AT_FDCWD, p.Store, unix.RENAME_EXCHANGE); err != nil {
		t.Fatal(err)
	}
	servesNothing(t, p, alice, "was replaced")
	stops(t, p)
	next := servertest.SpawnAt(t, p.Store)
	reply := next.Must(alice, `{ dialogs { totalCount } }`, nil)
	if !strings.Contains(string(reply.Body), `"totalCount":1`) {
		t.Errorf("the copy has one dialog: %s", reply.Body)
	}
}
