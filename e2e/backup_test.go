package e2e_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// tables is everything in a database, table by table. The probe of a server is
// left out, which changes all the time, and the epoch, which a restore renews. So
// is the index of names, which is brought up in the background.
func tables(t testing.TB, dir string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "dialogs.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	query := func(text string) (list []string) {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				t.Fatal(err)
			}
			var row strings.Builder
			for _, value := range values {
				fmt.Fprintf(&row, "%v|", value)
			}
			list = append(list, row.String())
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return list
	}
	all := map[string][]string{"schema": query("SELECT type, name, sql FROM sqlite_schema ORDER BY name"), "version": query("PRAGMA user_version")}
	for _, name := range query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'name\\_%' ESCAPE '\\' AND name NOT IN ('probe', 'unindexed') ORDER BY name") {
		name = strings.TrimSuffix(name, "|")
		columns := "*"
		if name == "sync" {
			columns = "position, forgotten"
		}
		all[name] = query("SELECT " + columns + " FROM " + name + " ORDER BY 1, 2")
	}
	return all
}

// TestBackup backs up a store that is served, restores it, and compares
// everything: what is stored, and who can still sign in.
func TestBackup(t *testing.T) {
	s := start(t)
	key, token := s.MustCLI("apikey", "create", "backend"), s.Token("alice")
	server := servertest.WithKey(key)
	s.Must(server, `mutation($in: DefineCustomClassInput!) { defineCustomClass(input: $in) { customClass { name } } }`,
		map[string]any{"in": classInput(dialogtest.Class())})
	for i := range 20 {
		s.Must(servertest.WithToken(token), `mutation($name: String!) { createDialog(input: {type: GROUP, name: $name, occupantIds: ["bob"]}) { dialog { id } } }`,
			map[string]any{"name": fmt.Sprint("group ", i)})
	}
	s.Must(servertest.WithToken(token), `mutation { createDialog(input: {type: PRIVATE, occupantIds: ["bob"]}) { dialog { id } } }`, nil)
	ended := s.Token("carol")
	if status, body := s.Rest(servertest.WithToken(ended), http.MethodDelete, "/session.json", nil); status != http.StatusOK {
		t.Fatalf("ending a session: got %d: %s", status, body)
	}

	file := filepath.Join(t.TempDir(), "backup.tar")
	report := s.MustCLI("backup", file)
	if !strings.Contains(report, "21 dialogs") || !strings.Contains(report, "secret") {
		t.Errorf("got the report %q", report)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v and error %v, want 0600", info.Mode(), err)
	}
	before := tables(t, s.Store)
	s.Must(server, `mutation { createDialog(input: {type: PUBLIC_GROUP, name: "later", ownerId: "x"}) { dialog { id } } }`, nil)

	dir := filepath.Join(t.TempDir(), "restored")
	result := servertest.Run(t, nil, "restore", file, "--store", dir)
	if result.Code != 0 || !strings.Contains(result.Stdout, "21 dialogs") {
		t.Fatalf("got code %d, %q and %q", result.Code, result.Stdout, result.Stderr)
	}
	if diff := cmp.Diff(before, tables(t, dir)); diff != "" {
		t.Errorf("the restored store has something else (-backed up +restored):\n%s", diff)
	}
	restored := startAt(t, dir)
	restored.Must(servertest.WithToken(token), whoami, nil)
	restored.Must(server, whoami, nil)
	if reply := restored.Post(servertest.WithToken(ended), whoami, nil); reply.Status != http.StatusUnauthorized {
		t.Errorf("a session that was ended: got %d: %s", reply.Status, reply.Body)
	}
	if listed := restored.MustCLI("apikey", "list"); listed != s.MustCLI("apikey", "list") {
		t.Errorf("the restored store has other API keys: %s", listed)
	}
	onlyFiles(t, filepath.Dir(file), "backup.tar")
}

// onlyFiles looks for what a command left behind.
func onlyFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the directory has something else (-want +got):\n%s", diff)
	}
}

// TestBackupUnderLoad backs up while many write: each backup has all that was
// acknowledged before, and no half of a change.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	s := start(t, "--rate-limit", "0")
	const writers = 4
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	counts := make([]counter, writers)
	for w := range writers {
		h := servertest.WithToken(s.Token(fmt.Sprint("u", w)))
		answer := s.Must(h, `mutation { createDialog(input: {type: GROUP, name: "0"}) { dialog { id } } }`, nil)
		var made struct{ Dialog struct{ ID string } }
		servertest.Decode(t, answer.Data["createDialog"], &made)
		counts[w].id = made.Dialog.ID
		writing.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				body := fmt.Sprintf(`{"query": "mutation { updateDialog(id: \"%s\", input: {name: \"%d\"}) { dialog { version } } }"}`, made.Dialog.ID, n)
				if reply, err := s.Try(h, []byte(body)); err != nil || len(reply.Errors) > 0 {
					t.Errorf("writing: %v %s", err, reply.Body)
					return
				}
				counts[w].set(n)
			}
		})
	}
	defer writing.Wait()
	defer stop()
	for i := range 3 {
		for w := range counts {
			counts[w].await(t, (i+1)*5)
		}
		acknowledged := make([]int, writers)
		for w := range counts {
			acknowledged[w] = counts[w].get()
		}
		file, dir := filepath.Join(t.TempDir(), "b.tar"), filepath.Join(t.TempDir(), "data")
		s.MustCLI("backup", file)
		if result := servertest.Run(t, nil, "restore", file, "--store", dir); result.Code != 0 {
			t.Fatal(result.Stderr)
		}
		restored := process{&servertest.Process{Server: servertest.StartAt(t, dir)}}
		for w := range counts {
			h := servertest.WithToken(restored.Token(fmt.Sprint("u", w)))
			restored.hasAtLeast(h, counts[w].id, acknowledged[w])
		}
		restored.Stop()
	}
}

// A counter is how far a writer is.
type counter struct {
	id string
	mu sync.Mutex
	n  int
}

func (c *counter) set(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
}

func (c *counter) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) await(t testing.TB, n int) {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); c.get() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the writers do not get on")
		}
	}
}

// hasAtLeast looks for a dialog whose name counts its changes.
func (p process) hasAtLeast(h servertest.Header, id string, least int) {
	p.Helper()
	answer := p.Must(h, `query($id: ID!) { dialog(id: $id) { name version history { version name } } }`, map[string]any{"id": id})
	var d struct {
		Name    string
		Version int
		History []struct {
			Version int
			Name    string
		}
	}
	servertest.Decode(p, answer.Data["dialog"], &d)
	if d.Name != fmt.Sprint(d.Version-1) || d.Version-1 < least || d.History[0].Version != d.Version {
		p.Errorf("got %+v, want the name of its version and at least %d", d, least)
	}
}

// TestBackupRefuses looks at the errors of both commands, and that they leave
// nothing behind.
func TestBackupRefuses(t *testing.T) {
	s := start(t)
	s.Must(servertest.WithToken(s.Token("alice")), `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
	good := filepath.Join(t.TempDir(), "good.tar")
	s.MustCLI("backup", good)
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	altered := func(name string, change func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, change(bytes.Clone(content)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replaced := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(from)) {
				t.Fatalf("the backup does not have %q", from)
			}
			return bytes.Replace(b, []byte(from), []byte(to), 1)
		}
	}
	full := filepath.Join(t.TempDir(), "full")
	if err := os.Mkdir(full, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(full, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		args   []string
		want   string
	}{
		{"a file that exists", []string{"backup", good, "--store", s.Store}, "already exists"},
		{"no store", []string{"backup", "new.tar", "--store", "typo"}, "no store in typo"},
		{"a directory that does not exist", []string{"backup", "missing/new.tar", "--store", s.Store}, "missing"},
		{"MongoDB", []string{"backup", "new.tar", "--store", "mongodb://127.0.0.1:1/x"}, "mongodump"},
		{"MongoDB, to restore", []string{"restore", good, "--store", "mongodb://127.0.0.1:1/x"}, "mongorestore"},
		{"no file", []string{"restore", "typo.tar", "--store", "new"}, "typo.tar"},
		{"a store that is served", []string{"restore", good, "--store", s.Store}, "stop its server"},
		{"a directory with something else", []string{"restore", good, "--store", full}, "not empty (it has \"notes.txt\")"},
		{"nothing", []string{"restore", altered("empty", func([]byte) []byte { return nil }), "--store", "new"}, "not a backup"},
		{"another file", []string{"restore", altered("text", func([]byte) []byte { return []byte(strings.Repeat("text", 1000)) }), "--store", "new"}, "not a backup"},
		{"half of it", []string{"restore", altered("half", func(b []byte) []byte { return b[:len(b)/2] }), "--store", "new"}, "incomplete"},
		{"without its last file", []string{"restore", altered("part", func(b []byte) []byte { return b[:len(b)-4096] }), "--store", "new"}, "damaged"},
		{"one bit changed", []string{"restore", altered("bit", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), "--store", "new"}, "checksum"},
		{"a newer format", []string{"restore", altered("newer", replaced(`"format": 1`, `"format": 2`)), "--store", "new"}, "format 2"},
		{"a file of another name", []string{"restore", altered("other", replaced(`"name": "secret"`, `"name": "s/cret"`)), "--store", "new"}, "unknown file"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			if result := servertest.Run(t, nil, test.args...); result.Code != 1 || !strings.Contains(result.Stderr, test.want) {
				t.Errorf("got code %d and %q, want an error with %q", result.Code, result.Stderr, test.want)
			}
			onlyFiles(t, dir)
			onlyFiles(t, full, "notes.txt")
			onlyFiles(t, filepath.Dir(good), "good.tar")
		})
	}
	if code := s.Stop(); code != 0 {
		t.Fatal(s.Stderr)
	}
	onlyFiles(t, full, "notes.txt")
	if result := servertest.Run(t, nil, "restore", good, "--store", s.Store); result.Code != 1 || !strings.Contains(result.Stderr, "already has a store") {
		t.Errorf("a store that is not served: got code %d and %q", result.Code, result.Stderr)
	}
}

// TestRestoreKilled kills restores at every moment: what is left is either no
// store, and the restore can be repeated, or all of it.
func TestRestoreKilled(t *testing.T) {
	t.Parallel()
	s := start(t)
	for range 5 {
		s.Must(servertest.WithToken(s.Token("alice")), `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
	}
	file := filepath.Join(t.TempDir(), "b.tar")
	s.MustCLI("backup", file)
	want := tables(t, s.Store)
	parent := t.TempDir()
	interrupted := 0
	for i := range dialogtest.Times(10, 200) {
		dir := filepath.Join(parent, fmt.Sprint(i))
		command := exec.CommandContext(t.Context(), servertest.Binary(t), "restore", file, "--store", dir)
		command.Env = servertest.WithoutSettings(os.Environ())
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		// The moment differs from run to run: wait for a state of the directory.
		awaitChange(dir, i%10)
		_ = command.Process.Kill()
		_ = command.Wait()
		if _, err := os.Stat(filepath.Join(dir, "dialogs.db")); errors.Is(err, os.ErrNotExist) {
			interrupted++
			if result := servertest.Run(t, nil, "restore", file, "--store", dir); result.Code != 0 {
				t.Fatalf("repeating a restore that was killed: %s", result.Stderr)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tables(t, dir)); diff != "" {
			t.Fatalf("a store that is not whole (-want +got):\n%s", diff)
		}
		if secret, err := os.ReadFile(filepath.Join(dir, "secret")); err != nil || len(secret) < 32 {
			t.Fatalf("the store has no secret: %q, %v", secret, err)
		}
	}
	t.Logf("%d restores were interrupted", interrupted)
}

// awaitChange waits until this many files have appeared in a directory and its
// directories, or some time has passed.
func awaitChange(dir string, files int) {
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); {
		found := 0
		for _, pattern := range []string{"*", "*/*", ".restore-*/*"} {
			paths, _ := filepath.Glob(filepath.Join(dir, pattern))
			found += len(paths)
		}
		if found >= files {
			return
		}
	}
}
