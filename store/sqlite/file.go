package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const databaseFile = "dialogs.db"

// Exists reports whether the directory has a store. It creates and opens
// nothing.
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

// makeDir creates the directory, and checks that this process may use what is in it.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the directory of the store: %w", err)
	}
	for _, path := range []string{dir, filepath.Join(dir, databaseFile), filepath.Join(dir, databaseFile+"-wal"), filepath.Join(dir, databaseFile+"-shm")} {
		if err := checkAccess(path); err != nil {
			return err
		}
	}
	return nil
}

// makeFile creates an empty database that only its owner can read; SQLite gives
// the files beside it the same permissions. An existing file must not even be
// opened: closing it would release the locks of this process's other
// connections.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	return f.Close()
}

// source is the database's name for the driver, with the settings of each
// connection.
func source(path string, wait time.Duration, readOnly bool) string {
	query := url.Values{
		"_busy_timeout": {fmt.Sprint(wait.Milliseconds())},
		"_synchronous":  {"FULL"}, // an acknowledged change is on the disk
		"_dqs":          {"0"},
		"_pragma":       {"cache_size(-16384)", "temp_store(MEMORY)", "trusted_schema(0)"},
	}
	if readOnly {
		query.Set("mode", "ro")
		query.Set("_query_only", "1")
	} else {
		query.Set("mode", "rw")
		query.Set("_journal_mode", "WAL")
		// For a new database. An update touches a few scattered rows, and each
		// costs a page in the WAL.
		query.Add("_pragma", "page_size(2048)")
		query.Add("_pragma", "wal_autocheckpoint(16000)") // pages
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
}
