package live_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dialogs/auth"
	"dialogs/dialog"
	"dialogs/servertest"
)

// A server is one that is measured, in a process of its own.
type server struct {
	*servertest.Process
	l      *load
	minter *auth.Minter
}

// start runs a server with room for the load.
func (l *load) start(args ...string) *server {
	l.Helper()
	return l.startAt(filepath.Join(l.TempDir(), "data"), args...)
}

func (l *load) startAt(store string, args ...string) *server {
	l.Helper()
	secret := strings.Repeat("secret-of-this-benchmark", 3)
	file := filepath.Join(l.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		l.Fatal(err)
	}
	room := strconv.Itoa(l.idle + 200)
	args = append(args, "--secret-file", file, "--rate-limit", "0", "--init-timeout", "1m", "--max-connections", room, "--max-connections-per-address", room, "--quota-dialogs-per-day", "0")
	if *profiles != "" {
		args = append(args, "--admin-listen", "127.0.0.1:0", "--admin-pprof")
	}
	minter, err := auth.NewMinter([][]byte{[]byte(secret)}, time.Now, rand.Reader)
	if err != nil {
		l.Fatal(err)
	}
	return &server{servertest.SpawnAt(l.T, store, args...), l, minter}
}

// token is a session token of a user.
func (s *server) token(user string) string {
	s.Helper()
	token, _, err := s.minter.Mint(dialog.UserID(user), time.Hour)
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// create makes a dialog of the user.
func (s *server) create(user, kind string) string {
	s.Helper()
	input := map[string]any{"type": kind, "name": "Lunch", "photo": strings.Repeat("p", 2048)}
	reply := s.Must(servertest.WithToken(s.token(user)), `mutation($in: CreateDialogInput!) { createDialog(input: $in) { dialog { id } } }`, map[string]any{"in": input})
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(s, reply.Data["createDialog"], &made)
	return made.Dialog.ID
}

// position is a cursor behind all that has happened.
func (s *server) position(token string) string {
	s.Helper()
	reply := s.Must(servertest.WithToken(token), `{ dialogChanges { cursor } }`, nil)
	var changes struct{ Cursor string }
	servertest.Decode(s, reply.Data["dialogChanges"], &changes)
	return changes.Cursor
}

// version is the one that a public group has now.
func (s *server) version(id string) int64 {
	s.Helper()
	reply := s.Must(servertest.WithToken(s.token("anyone")), `query($id: ID!) { dialog(id: $id) { version } }`, map[string]any{"id": id})
	var found struct{ Version int64 }
	servertest.Decode(s, reply.Data["dialog"], &found)
	return found.Version
}

// rename changes a dialog, and returns the version that it has then.
func (s *server) rename(h servertest.Header, id, name string) (int64, error) {
	body, err := json.Marshal(map[string]any{
		"query":     `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: { name: $name }) { change { version } } }`,
		"variables": map[string]string{"id": id, "name": name},
	})
	if err != nil {
		return 0, err
	}
	reply, err := s.Try(h, body)
	if err != nil {
		return 0, err
	}
	var updated struct{ Change struct{ Version int64 } }
	if err := json.Unmarshal(reply.Data["updateDialog"], &updated); err != nil {
		return 0, fmt.Errorf("%w: %s", err, reply.Body)
	}
	return updated.Change.Version, nil
}
