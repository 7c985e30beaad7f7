package sqlite

import (
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A server announces its directory with locks on the directories above it, up
// to the root, and on the directory itself. They need no files, disappear with
// the process, and survive the removal of the directory. Each is a shared lock
// on one byte of a directory, whose position is a hash of the path from there
// to the store. So servers with other stores, mounts and containers do not
// conflict: locks belong to the directory and not to its path.

// announce locks until release is called. Directories that can't be read are left
// out.
func announce(dir string) (release func() error, err error) {
	var held []*os.File
	release = func() error {
		var errs []error
		for _, f := range held {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}
	err = eachAbove(dir, func(f *os.File, lock *unix.Flock_t) error {
		if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, lock); err != nil {
			return errors.Join(unlockable(err), f.Close())
		}
		held = append(held, f)
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// unlockable drops the errors of file systems that have no locks on directories.
func unlockable(err error) error {
	if errors.Is(err, unix.EBADF) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// isServed reports whether a server announces the directory.
func isServed(dir string) bool {
	found := false
	_ = eachAbove(dir, func(f *os.File, lock *unix.Flock_t) error { // it returns no errors itself
		lock.Type = unix.F_WRLCK // which a shared lock is in the way of
		if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, lock); err == nil && lock.Type != unix.F_UNLCK {
			found = true
		}
		return f.Close()
	})
	return found
}

// eachAbove opens the directory and those above it, as far as they exist and
// can be read, until do fails. do gets the lock of the directory.
func eachAbove(dir string, do func(*os.File, *unix.Flock_t) error) error {
	path, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	paths := []string{path} // a symbolic link may point to another place later
	if resolved, err := filepath.EvalSymlinks(path); err == nil && resolved != path {
		paths = append(paths, resolved)
	}
	for _, path := range paths {
		for above := path; ; above = filepath.Dir(above) {
			if f, err := os.OpenFile(above, os.O_RDONLY|unix.O_DIRECTORY, 0); err == nil {
				if err := do(f, lockFor(above, path)); err != nil {
					return err
				}
			}
			if above == filepath.Dir(above) {
				break
			}
		}
	}
	return nil
}

func lockFor(above, path string) *unix.Flock_t {
	name, err := filepath.Rel(above, path)
	if err != nil {
		name = path
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // it never fails
	return &unix.Flock_t{Type: unix.F_RDLCK, Start: int64(hash.Sum64() >> 2), Len: 1}
}
