package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialogs/store/sqlite"
)

// TestAbandoned removes a directory in several ways while a server has it: nobody
// creates a new store there before the server has ended.
func TestAbandoned(t *testing.T) {
	for _, test := range []struct {
		reason string
		remove func(dir string) error
	}{
		{"the directory", os.RemoveAll},
		{"the directory above", func(dir string) error { return os.RemoveAll(filepath.Dir(dir)) }},
		{"what is in it", func(dir string) error {
			return errors.Join(os.RemoveAll(dir+"/dialogs.db"), os.RemoveAll(dir+"/serve.lock"))
		}},
		{"the directory, with an empty one in its place", func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700))
		}},
		{"a symbolic link to the directory above, with another in its place", func(dir string) error {
			return errors.Join(os.Rename(filepath.Dir(dir), filepath.Dir(dir)+".old"), os.Symlink(filepath.Dir(filepath.Dir(dir)), filepath.Dir(dir)))
		}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "above", "data")
			unlock, err := sqlite.Lock(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := sqlite.MayCreate(dir); err != nil {
				t.Errorf("a store that is there: %v", err)
			}
			if err := test.remove(dir); err != nil {
				t.Fatal(err)
			}
			if s, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "still running") {
				t.Errorf("opening: %v", err)
				if err == nil {
					closing(t, s)
				}
			}
			if err := sqlite.MayCreate(dir); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("creating: %v", err)
			}
			if _, err := sqlite.Lock(dir); err == nil || !strings.Contains(err.Error(), "still running") {
				t.Errorf("a second server: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "dialogs.db")); err == nil {
				t.Error("a database was created")
			}
			beside := open(t, dir+"2", sqlite.Options{}) // nobody's
			closing(t, beside)
			if err := unlock(); err != nil {
				t.Fatal(err)
			}
			again, err := sqlite.Lock(dir)
			if err != nil {
				t.Fatalf("after the server has ended: %v", err)
			}
			if err := again(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRestoredBesideServer puts a copy into the place of a directory that a server
// has: a second server does not start, other commands use the copy.
func TestRestoredBesideServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	unlock, err := sqlite.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unlock() }()
	copied := open(t, dir+".copy", sqlite.Options{})
	closing(t, copied)
	if err := errors.Join(os.RemoveAll(dir), os.Rename(dir+".copy", dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Lock(dir); err == nil || !strings.Contains(err.Error(), "still running") {
		t.Errorf("a second server: %v", err)
	}
	s := open(t, dir, sqlite.Options{})
	closing(t, s)
}
