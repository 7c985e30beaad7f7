package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

const lockFile = "serve.lock"

// Lock reserves the directory for one server. It creates the directory and an
// empty database if necessary. It fails when another process holds the lock.
// Only servers lock: [Open] does not, and other commands may use the store
// while a server runs.
//
// On Linux, the lock holds for the path even after the directory was removed or
// replaced: see [MayCreate].
func Lock(dir string) (unlock func() error, err error) {
	if isServed(dir) && MayCreate(dir) != nil {
		return nil, errAbandoned(dir)
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("another server is already using the store in %s", dir)
	}
	if isServed(dir) { // by a server whose lock file was removed or replaced
		return nil, errors.Join(errAbandoned(dir), lock.Unlock())
	}
	if err := makeFile(filepath.Join(dir, databaseFile)); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	release, err := announce(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), lock.Unlock())
	}
	return func() error { return errors.Join(release(), lock.Unlock()) }, nil
}

// MayCreate returns an error when a store must not be created in the directory: a
// server is running on it, and its files were removed. A new, empty store there
// would hide what happened. If there is a store in the directory, the answer is
// nil.
func MayCreate(dir string) error {
	exists, err := Exists(dir)
	if err != nil || exists || !isServed(dir) {
		return err
	}
	return errAbandoned(dir)
}

func errAbandoned(dir string) error {
	return fmt.Errorf("a server is still running on %s, whose files were removed or replaced: stop it first", dir)
}
