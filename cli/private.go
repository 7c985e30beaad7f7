package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// settingFileMost is the largest file that is read as the value of a setting.
const settingFileMost = 64 << 10

// readSetting reads a setting from the file that a flag names. The file may be
// a link, as mounted secrets are, or a pipe.
func readSetting(flag, path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer must not block
	if err != nil {
		return "", fileError(named(flag), err)
	}
	text, err := readShort(file)
	if err != nil {
		return "", fileError(named(flag), err)
	}
	if text == "" {
		return "", fmt.Errorf("%s: %s is empty", named(flag), path)
	}
	return text, nil
}

// readPrivate returns the content of a file that keepPrivate made. It does not
// open anything that was put in its place.
func readPrivate(path string) (string, error) {
	found, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !found.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	if opened, err := file.Stat(); err != nil || !os.SameFile(found, opened) {
		return "", errors.Join(err, fmt.Errorf("%s was replaced while it was opened", path), file.Close())
	}
	return readShort(file)
}

// readShort reads a small file and closes it.
func readShort(file *os.File) (string, error) {
	content, err := io.ReadAll(io.LimitReader(file, settingFileMost+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	if len(content) > settingFileMost {
		return "", fmt.Errorf("%s is too large (limit %d bytes)", file.Name(), settingFileMost)
	}
	return strings.TrimSpace(string(content)), nil
}

// keepPrivate makes a file that only its owner can read, and returns its
// content. If two processes create it at the same time, one wins and both
// return its content.
func keepPrivate(path string, content func() string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if err := writePrivate(path, content()); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return readPrivate(path)
}

// writePrivate creates a file that only its owner can read, completely or not
// at all. An existing file is kept, and the error is [os.ErrExist].
func writePrivate(path, content string) error {
	temp, err := writeTemp(path, content)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }()
	return os.Link(temp, path) // never replaces
}

// replacePrivate is writePrivate, but replaces a file that exists.
func replacePrivate(path, content string) error {
	temp, err := writeTemp(path, content)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// writeTemp makes a file beside the path that only its owner can read.
func writeTemp(path, content string) (name string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return "", err
	}
	_, err = temp.WriteString(content + "\n")
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}

// An exposedFile has a secret, and other users can read it.
type exposedFile struct {
	setting, path string
	mode          fs.FileMode
}

func (e exposedFile) String() string {
	return fmt.Sprintf("%s: other users can read %s (mode %04o)", e.setting, e.path, e.mode)
}

// exposedFiles are the files with secrets that other users can read. Outside of
// the store's directory that is often intended: mounted secrets have wide modes.
// Inside, it is an error.
func (s *settings) exposedFiles() (exposed []exposedFile, err error) {
	if runtime.GOOS == "windows" { // where the mode says nothing
		return nil, nil
	}
	for _, setting := range []struct{ flag, path string }{
		{"secret-file", s.secret.file}, {"store-file", s.store.addressFile}, {"tls-key", s.tlsKey},
	} {
		info, err := os.Stat(setting.path)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o044 == 0 {
			continue // the reader of the file reports the error
		}
		e := exposedFile{named(setting.flag), setting.path, info.Mode().Perm()}
		if s.store.embedded() && sameDir(filepath.Dir(setting.path), s.store.address) {
			return nil, fmt.Errorf("%s: run chmod 600 %s", e, setting.path)
		}
		exposed = append(exposed, e)
	}
	return exposed, nil
}

func sameDir(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// warnOfExposedFiles logs each of them.
func warnOfExposedFiles(exposed []exposedFile, log *slog.Logger) {
	for _, e := range exposed {
		log.Warn("secret can be read by other users", "setting", e.setting, "path", e.path, "mode", fmt.Sprintf("%04o", e.mode))
	}
}
