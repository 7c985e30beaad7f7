package e2e_test

import (
	"path/filepath"
	"testing"

	"dialogs/servertest"
)

// changes is the sync query.
const changes = `query($after: String) { dialogChanges(after: $after) { changed { id version } removedIds cursor hasMore } }`

// aChangesPage is its answer.
type aChangesPage struct {
	Changed []struct {
		ID      string
		Version int
	}
	RemovedIds []string
	Cursor     string
	HasMore    bool
}

// changesAfter reads a page; without a cursor, the position of now.
func changesAfter(t testing.TB, s server, h servertest.Header, after any) aChangesPage {
	t.Helper()
	var page aChangesPage
	servertest.Decode(t, s.Must(h, changes, map[string]any{"after": after}).Data["dialogChanges"], &page)
	return page
}

// TestResync takes a cursor to a store that does not have the changes which its
// client knows: the client must be told, and can then start again.
func TestResync(t *testing.T) {
	const create = `mutation { createDialog(input: {type: GROUP, name: "Lunch"}) { created } }`
	for name, copied := range map[string]func(t *testing.T, from server) string{
		"restored from a backup": func(t *testing.T, from server) string {
			file, dir := filepath.Join(t.TempDir(), "backup.tar"), filepath.Join(t.TempDir(), "restored")
			from.MustCLI("backup", file)
			if result := servertest.Run(t, nil, "restore", file, "--store", dir); result.Code != 0 {
				t.Fatalf("got code %d and %q", result.Code, result.Stderr)
			}
			return dir
		},
		"migrated": func(t *testing.T, from server) string {
			dir := filepath.Join(t.TempDir(), "copy")
			from.MustCLI("migrate", "--from", from.Store, "--to", dir)
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			alice := servertest.WithToken(s.Token("alice"))
			s.Must(alice, create, nil)
			cursor := changesAfter(t, s, alice, nil).Cursor
			other := startAt(t, copied(t, s))
			alice = servertest.WithToken(other.Token("alice")) // a migrated store has a secret of its own
			reply := other.Post(alice, changes, map[string]any{"after": cursor})
			if len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "RESYNC_REQUIRED" {
				t.Errorf("with a cursor of the other store: got %s", reply.Body)
			}
			cursor = changesAfter(t, other, alice, nil).Cursor
			other.Must(alice, create, nil)
			if page := changesAfter(t, other, alice, cursor); len(page.Changed) != 1 || page.HasMore {
				t.Errorf("after starting again: got %+v", page)
			}
		})
	}
}
