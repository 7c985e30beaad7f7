package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	databaseFile = "dialogs.db"
	lockFile     = "serve.lock"
)

// Lock takes the directory for one server, so that two never serve it at the
// same time. The directory is made if need be. Only servers lock: [Open] does
// not, and what the command line does beside a server is safe.
func Lock(dir string) (unlock func() error, err error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the directory %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("the directory %s is served by another process", dir)
	}
	return lock.Unlock, nil
}

// Exists tells whether the directory has a store, which [Open] would make
// otherwise. It makes and opens nothing.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a store: %w", err)
	}
	return true, nil
}

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the store: %w", err)
	}
	return nil
}

// makeFile makes an empty database that its owner alone can read; SQLite gives
// the files beside it the same permissions. A file that is there must not even
// be opened: closing it would drop the locks that other connections of this
// process hold on it.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making the database: %w", err)
	}
	return f.Close()
}

// source is the name of the database for the driver, with the settings of each
// connection.
func source(path string, wait time.Duration, readOnly bool) string {
	query := url.Values{
		"_busy_timeout": {fmt.Sprint(wait.Milliseconds())},
		"_synchronous":  {"FULL"}, // what is acknowledged is on the disk
		"_dqs":          {"0"},
		"_pragma":       {"cache_size(-16384)", "temp_store(MEMORY)", "trusted_schema(0)"},
	}
	if readOnly {
		query.Set("mode", "ro")
		query.Set("_query_only", "1")
	} else {
		query.Set("mode", "rw")
		query.Set("_journal_mode", "WAL")
		// Of a new database. An update touches a few rows here and there, and
		// each costs a page in the WAL.
		query.Add("_pragma", "page_size(2048)")
		query.Add("_pragma", "wal_autocheckpoint(16000)") // pages
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
}
