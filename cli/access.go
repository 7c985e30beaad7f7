package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"dialogs/store"
)

// storeError names the setting of a store in an error about its directory, and says
// what to do when the process may not use it.
func storeError(flag, address string, err error) error {
	if err == nil {
		return nil
	}
	help := ""
	if dir, pathErr := filepath.Abs(address); pathErr == nil && store.KindOf(address) == store.Embedded {
		help = storeHelp(dir, err)
	}
	return fmt.Errorf("%s: %w%s", storeFlag(flag), err, help)
}

func storeHelp(dir string, err error) string {
	owner := fmt.Sprintf("%d:%d", os.Geteuid(), os.Getegid())
	var path *fs.PathError
	switch {
	case errors.Is(err, syscall.EROFS):
		return "; the file system is read-only: mount it writable, or choose another directory"
	case !errors.Is(err, fs.ErrPermission):
		return ""
	case errors.As(err, &path) && path.Op == "mkdir":
		return fmt.Sprintf("; the program runs as %s: create the directory for this user (install -d -o %d -g %d -m 700 %s), or choose another one",
			self(), os.Geteuid(), os.Getegid(), dir)
	}
	return fmt.Sprintf("; the program runs as %s: give the directory and its files to this user (chown -R %s %s), or choose another one", self(), owner, dir)
}

// fileError names the setting of a file in an error about reading it, and says what
// to do when the process may not read it.
func fileError(setting string, err error) error {
	if err == nil {
		return nil
	}
	help := ""
	if errors.Is(err, fs.ErrPermission) {
		help = fmt.Sprintf("; the program runs as %s: let this user read the file and enter the directories above it", self())
	}
	return fmt.Errorf("%s: %w%s", setting, err, help)
}

// inputError is an error about reading a file that an argument names, and says what
// to do when the process may not read it.
func inputError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		path.Path = withoutSecrets(path.Path) // somebody may have given a store instead
	}
	return fileError("FILE", err)
}

// outputError names the setting of a file in an error about writing it to a
// directory, and says what to do when the process may not do that.
func outputError(setting, dir string, err error) error {
	help := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		help = fmt.Sprintf("; the program runs as %s: let this user write to the directory, or choose another one", self())
	case errors.Is(err, syscall.EROFS):
		help = "; the file system is read-only: choose another directory"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // of a file whose name says nothing
	}
	return fmt.Errorf("%s: writing to %s: %w%s", setting, dir, err, help)
}

// listenError names the setting of an address in an error about listening there.
func listenError(setting, address string, err error) error {
	help := ""
	if errors.Is(err, fs.ErrPermission) {
		help = fmt.Sprintf("; the program runs as %s, who may not use this port: choose one from 1024 on, or allow it (CAP_NET_BIND_SERVICE)", self())
	}
	return fmt.Errorf("%s %q: %w%s", setting, address, err, help)
}

// self is the user that the process runs as.
func self() string {
	uid := os.Geteuid()
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}
