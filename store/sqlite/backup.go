package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// DatabaseFile is the name of the database in a store's directory and in a
// backup.
const DatabaseFile = databaseFile

// Backup copies the database of the store in dir to an empty file at path:
// everything that was acknowledged before the call, and each later change
// completely or not at all. It does not disturb a server, and changes nothing
// in dir. It returns the number of dialogs in the copy.
func Backup(ctx context.Context, dir, path string) (dialogs int, err error) {
	db, err := sql.Open("sqlite", readOnly(filepath.Join(dir, databaseFile)))
	if err != nil {
		return 0, err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	if err = errors.Join(err, db.Close()); err != nil {
		return 0, fmt.Errorf("copying the database: %w", spaceError(ctx, err))
	}
	if err := syncFile(path); err != nil {
		return 0, err
	}
	return countIn(ctx, path)
}

// countIn returns the number of dialogs in a database that is not open. A
// database of a newer schema is an error.
func countIn(ctx context.Context, path string) (dialogs int, err error) {
	scripts, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite", readOnly(path)+"&immutable=1")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("reading %s: %w", path, err)
	}
	if version > len(scripts) {
		return 0, newerSchema(version, len(scripts))
	}
	if version == 0 {
		return 0, nil // a store that was never opened
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM dialog WHERE deleted = 0").Scan(&dialogs)
	return dialogs, err
}

// readOnly is the database's name for a connection that changes nothing, not even
// the schema of an older version.
func readOnly(path string) string { return database(path, "ro") }

// database is the database's name for a connection in one of SQLite's modes, which
// does not create it.
func database(path, mode string) string {
	query := url.Values{"mode": {mode}, "_busy_timeout": {"10000"}, "_pragma": {"trusted_schema(0)", "temp_store(MEMORY)"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
}

// spaceError converts SQLite's error for a full disk into the system's.
func spaceError(ctx context.Context, err error) error {
	var e *driver.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_FULL:
		return syscall.ENOSPC
	}
	return err
}

// syncFile waits until a file is on the disk.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
