package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// storeFiles are the names of the files that a store may have in its directory.
func storeFiles() []string {
	return []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm", databaseFile + "-journal", lockFile, probeFile}
}

// Check reports whether the directory and the files in it can be trusted, before
// any of them is opened: they must belong to this process's user or to root, other
// users must not be able to write to them, and each file must be a regular one.
// private names further files of the program in the directory, which other users
// must not even be able to read. What does not exist is fine.
//
// Its error says what to run.
func Check(dir string, private ...string) error {
	info, err := os.Stat(dir) // the directory itself may be a link
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	}
	if err := checkOwner(dir, info); err != nil {
		return err
	}
	if err := checkWritable(dir, info, "700"); err != nil {
		return err
	}
	for _, name := range slices.Concat(storeFiles(), private) {
		if err := checkFile(filepath.Join(dir, name), slices.Contains(private, name)); err != nil {
			return err
		}
	}
	return nil
}

func checkFile(path string, private bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is %s instead of a regular file: remove it, or put the file itself there", path, kindOf(info.Mode()))
	}
	if err := checkOwner(path, info); err != nil {
		return err
	}
	if private {
		return checkReadable(path, info)
	}
	return checkWritable(path, info, "600")
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// shellWord quotes a path for a shell.
func shellWord(path string) string {
	if strings.IndexFunc(path, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+@", r)
	}) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
