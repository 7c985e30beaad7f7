package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestPermissions sees that nobody else can read anything, whatever the
// process's mask.
func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by the store")
	s := open(t, dir, sqlite.Options{})
	t.Cleanup(func() { closing(t, s) })
	unlock, err := sqlite.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unlock() })
	if err := s.Ping(t.Context()); err != nil { // so that there is a WAL
		t.Fatal(err)
	}
	seen := map[string]fs.FileMode{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen[entry.Name()] = info.Mode().Perm()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"by the store": 0o700, "dialogs.db": 0o600, "dialogs.db-wal": 0o600, "dialogs.db-shm": 0o600, "serve.lock": 0o600,
	} {
		if got, ok := seen[name]; !ok || got != want {
			t.Errorf("%s has the mode %v, want %v", name, got, want)
		}
		delete(seen, name)
	}
	if len(seen) > 0 {
		t.Errorf("other files: %v", seen)
	}
}

// TestDirectories opens directories whose names mean something in an URI.
func TestDirectories(t *testing.T) {
	for _, name := range []string{"a b", "a?mode=memory", "a#b", "a%20b", "a&b=c", "\u00e4", "a:b", "file:x"} {
		dir := filepath.Join(t.TempDir(), name)
		s := open(t, dir, sqlite.Options{})
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		closing(t, s)
		if _, err := os.Stat(filepath.Join(dir, "dialogs.db")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	t.Chdir(t.TempDir())
	s := open(t, "./data", sqlite.Options{})
	closing(t, s)
	if _, err := os.Stat("data/dialogs.db"); err != nil {
		t.Error(err)
	}
}

// TestClosedIsOneFile sees that a store that was closed is one file, which can
// be copied.
func TestClosedIsOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "dialogs.db" {
		t.Errorf("files of a store that was closed: %v, %v", entries, err)
	}
}

func TestOpenFails(t *testing.T) {
	for _, test := range []struct {
		reason string
		spoil  func(dir string) error
		says   string
	}{
		{"the directory is a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "not a directory"},
		{"the database is none", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "dialogs.db"), []byte(strings.Repeat("no database ", 1000)), 0o600)
		}, "not a database"},
		{"the database is of a newer version", func(dir string) error {
			return raw(dir, "PRAGMA user_version = 99")
		}, "newer version"},
		{"the database has tables of somebody else", func(dir string) error {
			return raw(dir, "CREATE TABLE dialog (x)")
		}, "already exists"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if test.reason != "the directory is a file" {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := test.spoil(dir); err != nil {
			t.Fatalf("%s: %v", test.reason, err)
		}
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
		if err == nil {
			closing(t, s)
			t.Errorf("%s: opened", test.reason)
			continue
		}
		if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %q and the directory in it", test.reason, err, test.says)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := sqlite.Open(ended, t.TempDir(), sqlite.Options{}); err == nil {
		closing(t, s)
		t.Error("opened with a context that had ended")
	}
}

// raw executes a statement past the store.
func raw(dir, statement string) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// TestOpenTogether opens a new directory from many sides at once.
func TestOpenTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			closing(t, s)
		})
	}
	all.Wait()
}

// TestSettings looks at the connections themselves.
func TestSettings(t *testing.T) {
	s := opened(t)
	for name, want := range map[string]any{
		"journal_mode": "wal", "synchronous": int64(2), "wal_autocheckpoint": int64(16000), "page_size": int64(2048),
		"cache_size": int64(-16384), "busy_timeout": sqlite.DefaultTimeout.Milliseconds(),
	} {
		got, err := s.WriteValue(t.Context(), "PRAGMA "+name)
		if err != nil || got != want {
			t.Errorf("%s of the writer is %v, %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]any{"journal_mode": "wal", "query_only": int64(1), "cache_size": int64(-16384)} {
		got, err := s.ReadValue(t.Context(), "PRAGMA "+name)
		if err != nil || got != want {
			t.Errorf("%s of a reader is %v, %v, want %v", name, got, err, want)
		}
	}
	if _, err := s.ReadValue(t.Context(), "DELETE FROM class RETURNING name"); err == nil || dialog.IsCode(err, dialog.NotFound) {
		t.Errorf("a write on a connection that reads: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	unlock, err := sqlite.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Lock(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("locked twice: %v", err)
	}
	s := open(t, dir, sqlite.Options{}) // which asks for no lock
	closing(t, s)
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Lock(dir)
	if err != nil {
		t.Fatalf("locking what was unlocked: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	if _, err := sqlite.Lock(filepath.Join(dir, "dialogs.db")); err == nil {
		t.Error("locked a file")
	}
}

func ExampleLock() {
	dir, err := os.MkdirTemp("", "dialogs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	unlock, err := sqlite.Lock(dir)
	fmt.Println(err)
	_, err = sqlite.Lock(dir)
	fmt.Println(strings.ReplaceAll(err.Error(), dir, "data"))
	fmt.Println(unlock())
	// Output:
	// <nil>
	// another server is already using the store in data
	// <nil>
}
