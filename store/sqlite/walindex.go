package sqlite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
)

// walHeaderBytes is the length of the header of SQLite's WAL index, which the file has
// twice (https://www.sqlite.org/walformat.html).
const walHeaderBytes = 48

// A walHeader changes with each commit, also of other processes: it has a counter of
// commits, and checksums of what was written.
type walHeader [walHeaderBytes]byte

// A walIndex reads the header of SQLite's WAL index, the file with the ending -shm.
// While the header stays the same, so does the database: SQLite itself compares it at the
// beginning of each transaction that reads. Reading it takes one system call.
type walIndex struct{ file *os.File }

// openWALIndex opens the WAL index of a database that is open. It must be closed after
// SQLite's own connections: closing the file releases the locks of this process on it.
// Elsewhere than on Linux, a file that is mapped into memory may read differently, and
// there is no header.
func openWALIndex(database string) (*walIndex, error) {
	if runtime.GOOS != "linux" {
		return &walIndex{}, nil
	}
	path, err := filepath.EvalSymlinks(database) // as SQLite does
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path + "-shm")
	if err != nil {
		return nil, err
	}
	return &walIndex{file}, nil
}

// header returns the header; not ok if there is none, or another version of the format.
// While it is being written, its copy differs; what has been read is then the header of
// no commit, and never comes back.
func (w *walIndex) header() (h walHeader, ok bool) {
	if w.file == nil {
		return h, false
	}
	if n, err := w.file.ReadAt(h[:], 0); n < len(h) || err != nil {
		return h, false
	}
	const version, isInit = 3007000, 12
	return h, binary.NativeEndian.Uint32(h[:]) == version && h[isInit] == 1
}

func (w *walIndex) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
