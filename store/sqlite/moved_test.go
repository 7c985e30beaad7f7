package sqlite_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestFilesMoved removes and replaces files under an open store: nothing is
// acknowledged that would disappear, and what is there now stays as it is.
func TestFilesMoved(t *testing.T) {
	rename := func(from, to string) error { return os.Rename(from, to) }
	for _, test := range []struct {
		reason string
		move   func(dir, other string) error
		says   string
		// left is the key of the store that is at the path afterwards.
		left string
	}{
		{"the directory is removed", func(dir, _ string) error { return os.RemoveAll(dir) }, "was removed", ""},
		{"the directory above is removed", func(dir, _ string) error { return os.RemoveAll(filepath.Dir(dir)) }, "was removed", ""},
		{"the directory is a file now", func(dir, _ string) error {
			return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
		}, "was removed", ""},
		{"another directory is in its place", func(dir, other string) error {
			return errors.Join(rename(dir, dir+".old"), rename(other, dir))
		}, "was replaced", "other"},
		{"the database is replaced", func(dir, other string) error {
			return rename(filepath.Join(other, "dialogs.db"), filepath.Join(dir, "dialogs.db"))
		}, "dialogs.db was replaced", ""},
		{"the WAL is removed", func(dir, _ string) error { return os.Remove(filepath.Join(dir, "dialogs.db-wal")) }, "dialogs.db-wal was re", ""}, // a connection that opens makes a new one
		{"the index of the WAL is removed", func(dir, _ string) error { return os.Remove(filepath.Join(dir, "dialogs.db-shm")) }, "dialogs.db-shm was re", ""},
	} {
		t.Run(test.reason, func(t *testing.T) {
			base := t.TempDir()
			dir, otherDir := filepath.Join(base, "above", "data"), filepath.Join(base, "other")
			other := open(t, otherDir, sqlite.Options{})
			addKey(t, other, "other")
			closing(t, other)
			s := open(t, dir, sqlite.Options{})
			addKey(t, s, "before")
			if err := test.move(dir, otherDir); err != nil {
				t.Fatal(err)
			}
			for try := range 2 {
				err := s.AddAPIKey(t.Context(), dialog.APIKey{Name: "after", Hash: [32]byte{1}})
				if !dialog.IsCode(err, dialog.Unavailable) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("write %d: %v, want Unavailable that says %q", try, err, test.says)
				}
			}
			if _, err := s.APIKeys(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
				t.Errorf("reading: %v, want Unavailable", err)
			}
			if err := s.Ping(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
				t.Errorf("probing: %v, want Unavailable", err)
			}
			if test.left == "" {
				closing(t, s)
				return
			}
			now := open(t, dir, sqlite.Options{}) // beside the one that has lost its files
			addKey(t, now, "restored")
			closing(t, s)
			addKey(t, now, "restored too")
			closing(t, now)
			now = open(t, dir, sqlite.Options{})
			defer closing(t, now)
			keys, err := now.APIKeys(t.Context())
			if err != nil || len(keys) != 3 {
				t.Errorf("what is at the path has the keys %v, %v, want 3", keys, err)
			}
		})
	}
}

func addKey(t *testing.T, s *sqlite.Store, name string) {
	t.Helper()
	if err := s.AddAPIKey(t.Context(), dialog.APIKey{Name: name, Hash: sha256.Sum256([]byte(name))}); err != nil {
		t.Fatal(err)
	}
}
