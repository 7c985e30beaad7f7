package main_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver

	"dialogs/clients/clienttest"
	"dialogs/servertest"
)

// TestMirror changes dialogs while a mirror starts, runs, is away, and runs again: at the
// end, its database has what the server has.
func TestMirror(t *testing.T) {
	dir := t.TempDir()
	binary, path := filepath.Join(dir, "mirror"), filepath.Join(dir, "mirror.db")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil { // the mirror takes the port
		t.Fatal(err)
	}
	s := changed{Server: servertest.Start(t, "--dev", "--webhook-allow", "127.0.0.1"), random: rand.New(rand.NewPCG(1, 2))}
	s.key = servertest.WithKey(s.DevelopmentKey())
	for range 120 { // more than a page
		s.create()
	}
	var made struct{ Secret string }
	servertest.Decode(t, s.Must(s.key, `mutation($url: String!) { createWebhook(input: {url: $url, withDialog: true}) { secret } }`,
		map[string]any{"url": "http://" + address}).Data["createWebhook"], &made)
	mirror := func(t *testing.T) {
		t.Helper()
		command := exec.CommandContext(context.WithoutCancel(t.Context()), binary, path)
		command.Env = append(os.Environ(),
			"DIALOGS_URL="+s.URL+"/graphql", "DIALOGS_KEY="+s.DevelopmentKey(), "WEBHOOK_SECRET="+made.Secret, "LISTEN="+address)
		clienttest.Await(t, command, "(copying)")
	}
	t.Run("from the start", func(t *testing.T) {
		mirror(t)
		for range 200 {
			s.change()
		}
		s.awaitCopy(t, path)
	})
	for range 30 { // while it is away
		s.change()
	}
	t.Run("again", func(t *testing.T) {
		mirror(t)
		s.change()
		s.awaitCopy(t, path)
	})
}

// A changed is a server whose dialogs change.
type changed struct {
	*servertest.Server
	key    servertest.Header
	random *rand.Rand
	ids    []string
	n      int
}

func (s *changed) create() {
	s.n++
	var made struct{ Dialog struct{ ID string } }
	servertest.Decode(s, s.Must(s.key, `mutation($name: String!) { createDialog(input: {type: GROUP, name: $name, ownerId: "alice"}) { dialog { id } } }`,
		map[string]any{"name": fmt.Sprint("group ", s.n)}).Data["createDialog"], &made)
	s.ids = append(s.ids, made.Dialog.ID)
}

// change makes one random change.
func (s *changed) change() {
	s.n++
	i := s.random.IntN(len(s.ids))
	variables := map[string]any{"id": s.ids[i], "text": fmt.Sprint(s.n)}
	switch s.random.IntN(6) {
	case 0:
		s.create()
	case 1:
		s.Must(s.key, `mutation($id: ID!) { deleteDialog(id: $id) { deletedId } }`, map[string]any{"id": s.ids[i]})
		s.ids = append(s.ids[:i], s.ids[i+1:]...)
	case 2:
		s.Must(s.key, `mutation($id: ID!, $text: ID!) { updateDialog(id: $id, input: {addOccupants: [$text]}) { dialog { version } } }`, variables)
	default:
		s.Must(s.key, `mutation($id: ID!, $text: String!) { updateDialog(id: $id, input: {name: $text}) { dialog { version } } }`, variables)
	}
}

// awaitCopy waits until the mirror's database has exactly what the server has.
func (s *changed) awaitCopy(t *testing.T, path string) {
	t.Helper()
	want := map[string]any{}
	var after *string
	for more := true; more; {
		var page struct {
			Nodes    []map[string]any
			PageInfo struct {
				HasNextPage bool
				EndCursor   *string
			}
		}
		servertest.Decode(t, s.Must(s.key, `query($after: String) { dialogs(first: 100, after: $after) { nodes {
			id type name photo ownerId occupantIds adminIds customData { className fields } createdAt updatedAt version
		} pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after}).Data["dialogs"], &page)
		for _, d := range page.Nodes {
			want[d["id"].(string)] = d //nolint:errcheck // an id is a string
		}
		after, more = page.PageInfo.EndCursor, page.PageInfo.HasNextPage
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var diff string
	for deadline := time.Now().Add(servertest.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if diff = cmp.Diff(want, copied(t, db)); diff == "" {
			return
		}
	}
	t.Errorf("the copy differs (-server +copy):\n%s", diff)
}

func copied(t *testing.T, db *sql.DB) map[string]any {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT id, body FROM dialog WHERE body IS NOT NULL")
	if err != nil {
		return nil // the mirror writes
	}
	defer rows.Close()
	all := map[string]any{}
	for rows.Next() {
		var id, body string
		var d map[string]any
		if err := rows.Scan(&id, &body); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &d); err != nil {
			t.Fatal(err)
		}
		all[id] = d
	}
	if rows.Err() != nil {
		return nil
	}
	return all
}
