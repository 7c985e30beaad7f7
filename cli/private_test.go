//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dialogs/servertest"
)

// TestDataDirectory starts commands on directories that other users could have
// prepared: each is refused before anything is opened.
func TestDataDirectory(t *testing.T) {
	write := func(name string, mode os.FileMode) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(strings.Repeat("x", 40)), 0o600); err != nil {
				return err
			}
			return os.Chmod(path, mode)
		}
	}
	link := func(name string) func(string) error {
		return func(dir string) error {
			outside := filepath.Join(filepath.Dir(dir), "elsewhere")
			if err := os.WriteFile(outside, []byte(strings.Repeat("x", 40)), 0o600); err != nil {
				return err
			}
			return os.Symlink(outside, filepath.Join(dir, name))
		}
	}
	pipe := func(name string) func(string) error {
		return func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, name), 0o600) }
	}
	mode := func(mode os.FileMode) func(string) error {
		return func(dir string) error { return os.Chmod(dir, mode) }
	}
	owner := func(name string) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, nil, 0o600); name != "." && err != nil {
				return err
			}
			return os.Chown(path, 12345, 12345)
		}
	}
	for _, test := range []struct {
		reason  string
		prepare func(dir string) error
		want    []string // in the error; none when empty
		root    bool     // needs root
	}{
		{"a directory of one's own", mode(0o700), nil, false},
		{"one that others may read", mode(0o755), nil, false},
		{"one that everyone may write to", mode(0o777), []string{"(mode 0777)", "chmod 700 "}, false},
		{"one that the group may write to", mode(0o770), []string{"(mode 0770)", "chmod 700 "}, false},
		{"one of another user", owner("."), []string{"uid 12345"}, true},
		{"a database of another user", owner("dialogs.db"), []string{"dialogs.db", "uid 12345"}, true},
		{"a database that others may write to", write("dialogs.db", 0o666), []string{"dialogs.db", "(mode 0666)", "chmod 600 "}, false},
		{"a link for the database", link("dialogs.db"), []string{"dialogs.db", "symbolic link"}, false},
		{"a link for the WAL", link("dialogs.db-wal"), []string{"dialogs.db-wal", "symbolic link"}, false},
		{"a link for the shared memory", link("dialogs.db-shm"), []string{"dialogs.db-shm", "symbolic link"}, false},
		{"a link for the secret", link("secret"), []string{"secret", "symbolic link"}, false},
		{"a link for the development key", link("development.key"), []string{"development.key", "symbolic link"}, false},
		{"a link for the lock", link("serve.lock"), []string{"serve.lock", "symbolic link"}, false},
		{"a pipe for the database", pipe("dialogs.db"), []string{"dialogs.db", "named pipe"}, false},
		{"a pipe for the WAL", pipe("dialogs.db-wal"), []string{"dialogs.db-wal", "named pipe"}, false},
		{"a pipe for the secret", pipe("secret"), []string{"secret", "named pipe"}, false},
		{"a pipe for the development key", pipe("development.key"), []string{"development.key", "named pipe"}, false},
		{"a pipe for the probe of a server", pipe("probe.tmp"), []string{"probe.tmp", "named pipe"}, false},
		{"a pipe for the lock", pipe("serve.lock"), []string{"serve.lock", "named pipe"}, false},
		{"a directory for the secret", func(dir string) error { return os.Mkdir(filepath.Join(dir, "secret"), 0o700) }, []string{"secret", "a directory"}, false},
		{"a secret that everyone may read", write("secret", 0o604), []string{"secret", "(mode 0604)", "chmod 600 "}, false},
		{"a secret that the group may read", write("secret", 0o640), []string{"secret", "(mode 0640)", "chmod 600 "}, false},
		{"a development key that everyone may read", write("development.key", 0o644), []string{"development.key", "chmod 600 "}, false},
	} {
		t.Run(test.reason, func(t *testing.T) {
			if test.root && os.Geteuid() != 0 {
				t.Skip("NOT RUN: files of other users: needs root")
			}
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := test.prepare(dir); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"check"}, {"apikey", "create", "x"}, {"serve", "--listen", "127.0.0.1:0", "--dev"}, {"token", "alice"}} {
				if args[0] == "serve" && len(test.want) == 0 {
					continue
				}
				result := servertest.Run(t, nil, append(args, "--store", dir)...)
				if len(test.want) == 0 {
					if result.Code != 0 {
						t.Errorf("%s: got code %d and %q", args[0], result.Code, result.Stderr)
					}
					continue
				}
				for _, want := range append(test.want, "--store (DIALOGS_STORE)") {
					if result.Code != 1 || !strings.Contains(result.Stderr, want) {
						t.Errorf("%s: got code %d and %q, want an error with %q", args[0], result.Code, result.Stderr, want)
					}
				}
			}
		})
	}
}

// TestPrivateFiles reads secrets from files outside of the store's directory, and
// in it.
func TestPrivateFiles(t *testing.T) {
	const value = "0123456789abcdef0123456789abcdef"
	dir := t.TempDir()
	at := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	mounted := filepath.Join(dir, "mounted")
	if err := os.Symlink(at("wide", 0o644), mounted); err != nil {
		t.Fatal(err)
	}
	large := at("large", 0o600)
	if err := os.WriteFile(large, make([]byte, 70<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason, path string
		code         int
		want         string // in everything that it prints
	}{
		{"a private file", at("private", 0o600), 0, "The configuration is valid."},
		{"a mounted secret: a link to a file that everyone can read", mounted, 0, "other users can read " + mounted},
		{"the same in the data directory", at("data/mine", 0o640), 1, "chmod 600 "},
		{"a pipe that nobody writes to", pipe, 1, "is empty"},
		{"a file that is not a secret", large, 1, "too large"},
		{"a directory", dir, 1, "--secret-file"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			result := servertest.Run(t, nil, "check", "--store", filepath.Join(dir, "data"), "--secret-file", test.path)
			if result.Code != test.code || !strings.Contains(result.Stdout+result.Stderr, test.want) {
				t.Errorf("got code %d, %q and %q, want %q", result.Code, result.Stdout, result.Stderr, test.want)
			}
			if strings.Contains(result.Stdout+result.Stderr, value) {
				t.Error("the secret is shown")
			}
		})
	}
}

// TestPrivateFileWarning serves with a mounted secret, and says in the log that
// others can read it.
func TestPrivateFileWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s := servertest.StartAt(t, filepath.Join(t.TempDir(), "data"), "--secret-file", path)
	line := s.Stderr.Await(t, `(?m)^(.*secret can be read by other users.*)$`)
	for _, want := range []string{"WARN", "--secret-file", path, "0644"} {
		if !strings.Contains(line, want) {
			t.Errorf("got the line %s, want %q in it", line, want)
		}
	}
}
