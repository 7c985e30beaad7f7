package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// restoring is the prefix of the directories in which a restore prepares the
// files. A remaining one belongs to a restore that was killed.
const restoring = ".restore-"

// Restore creates a store in dir from the files that prepare puts into the
// directory that it is called with: the database, and other files of the store.
// dir must not exist, be empty, or only have the remains of a restore that was
// killed; no server may use it.
//
// The database is moved to its place last and in one step: before that, there
// is no store in dir; after it, the store is complete. A restore that fails
// leaves nothing behind. It returns the number of dialogs.
func Restore(ctx context.Context, dir string, prepare func(dir string) error) (dialogs int, err error) {
	if err := MayCreate(dir); err != nil {
		return 0, err
	}
	created, err := makeNewDir(dir)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil && created {
			err = errors.Join(err, os.Remove(dir))
		}
	}()
	if _, err := leftovers(dir); err != nil { // before a lock is created there
		return 0, err
	}
	unlock, err := lockNew(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unlock(err != nil)) }()
	left, err := leftovers(dir)
	if err != nil {
		return 0, err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return 0, err
		}
	}
	temp, err := os.MkdirTemp(dir, restoring)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := prepare(temp); err != nil {
		return 0, err
	}
	if dialogs, err = countIn(ctx, filepath.Join(temp, databaseFile)); err != nil {
		return 0, err
	}
	if err := renewEpoch(ctx, filepath.Join(temp, databaseFile)); err != nil {
		return 0, err
	}
	return dialogs, moveAll(temp, dir)
}

// renewEpoch makes earlier positions invalid in a restored database: it does
// not have the changes after the backup, which clients may know. A database
// without a table of positions gets it, and an epoch, when it is opened.
func renewEpoch(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", database(path, "rw"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'sync'").Scan(&tables); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if tables == 0 {
		return nil
	}
	_, err = db.ExecContext(ctx, "UPDATE sync SET epoch = randomblob(8)")
	return spaceError(ctx, err)
}

// makeNewDir creates the directory, and reports whether it did.
func makeNewDir(dir string) (created bool, err error) {
	_, err = os.Stat(dir)
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, makeDir(dir)
}

// lockNew locks a directory that may become a store. Unlike Lock, it creates no
// database. After a failure, unlock removes the lock's file, if it is new.
func lockNew(dir string) (unlock func(failed bool) error, err error) {
	path := filepath.Join(dir, lockFile)
	_, err = os.Lstat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	lock := flock.New(path, flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("a server is running on %s: stop it, or restore into a new directory", dir)
	}
	return func(failed bool) error {
		if failed && isNew {
			return errors.Join(os.Remove(path), lock.Unlock())
		}
		return lock.Unlock()
	}, nil
}

// leftovers lists the files that a killed restore left in the directory before
// it moved the database. Any other file in it is an error.
func leftovers(dir string) (paths []string, err error) {
	if exists, err := Exists(dir); err != nil {
		return nil, err
	} else if exists {
		return nil, fmt.Errorf("%s already has a store: restore into a new directory, or stop its server and move it away first", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var moved []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), restoring) || !entry.IsDir() {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		list, err := os.ReadFile(filepath.Join(path, movedFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		paths, moved = append(paths, path), append(moved, strings.Fields(string(list))...)
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case entry.Name() == lockFile, entry.Name() == "lost+found", slices.Contains(paths, path):
		case slices.Contains(moved, entry.Name()):
			// Before the list of it, which is removed last.
			paths = append([]string{path}, paths...)
		default:
			return nil, fmt.Errorf("%s is not empty (it has %q): restore into a new directory, or move its files away first", dir, entry.Name())
		}
	}
	return paths, nil
}

// movedFile lists, in the directory in which a restore prepares the files, those
// that it moves beside the database.
const movedFile = "moved"

// moveAll moves the files into the directory, the database last. When it fails,
// it removes those that it moved.
func moveAll(from, to string) (err error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != databaseFile {
			names = append(names, entry.Name())
		}
	}
	list := filepath.Join(from, movedFile)
	if err := os.WriteFile(list, []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(syncFile(list), syncDir(from), syncDir(to)); err != nil {
		return err
	}
	var moved []string
	defer func() {
		if err != nil {
			for _, path := range moved {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	for _, name := range append(names, databaseFile) {
		path := filepath.Join(to, name)
		// A link never replaces a file that was created in the meantime.
		if err := os.Link(filepath.Join(from, name), path); err != nil {
			return err
		}
		moved = append(moved, path)
		if err := syncDir(to); err != nil {
			return err
		}
	}
	return nil
}

// syncDir waits until the names in a directory are on the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
