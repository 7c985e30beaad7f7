package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
)

// A lostError says that the files of an open store are not at their paths any
// more: they were removed or replaced. Writes go to files that disappear when
// they are closed.
type lostError struct {
	path    string
	removed bool
}

func (e *lostError) Error() string {
	what := "replaced"
	if e.removed {
		what = "removed"
	}
	return fmt.Sprintf("%s was %s while it was in use; restart the server to use what is there now", e.path, what)
}

// files are the files of an open store, as they were opened. Once one of them
// is lost, they stay lost: what was read before may not match the current
// files.
type files struct {
	opened []openedFile // the database first
	lost   atomic.Pointer[lostError]
}

type openedFile struct {
	path string
	info os.FileInfo
}

// newFiles looks at the files of a database that was just opened. before is what
// was at its path before that.
func newFiles(path string, before os.FileInfo) (*files, error) {
	f := &files{opened: []openedFile{{path, before}}}
	if err := f.check(); err != nil {
		return nil, err
	}
	for _, p := range []string{path + "-wal", path + "-shm"} {
		info, err := os.Stat(p)
		if errors.Is(err, fs.ErrNotExist) { // no WAL on this file system
			continue
		}
		if err != nil {
			return nil, err
		}
		f.opened = append(f.opened, openedFile{p, info})
	}
	return f, nil
}

// known returns what an earlier check found.
func (f *files) known() error {
	if lost := f.lost.Load(); lost != nil {
		return lost
	}
	return nil
}

// check checks that the files were not replaced since they were opened.
func (f *files) check() error {
	if err := f.known(); err != nil {
		return err
	}
	for _, opened := range f.opened {
		now, err := os.Stat(opened.path)
		gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
		switch {
		case err == nil && os.SameFile(opened.info, now):
		case err == nil || gone:
			f.lost.CompareAndSwap(nil, &lostError{path: opened.path, removed: gone})
			return f.known()
		default: // for example no permission: it may be the same file
			return fmt.Errorf("checking the files of the store: %w", err)
		}
	}
	return nil
}
