package e2e_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

const otherUser = 12345

// TestAccess starts the program as a user who may not use what it is told to use.
// Each error names the setting, the path, the reason, the user and what to do.
func TestAccess(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: the program as another user: needs root")
	}
	for _, test := range []struct {
		reason string
		// prepare makes what is used, in a directory that the user can enter.
		prepare func(dir string) ([]string, error)
		want    []string
	}{
		{"a directory that can't be made", func(dir string) ([]string, error) {
			return []string{"--store", filepath.Join(dir, "data")}, nil
		}, []string{"--store (DIALOGS_STORE)", "/data: permission denied", "uid 12345", "install -d -o 12345 -g 12345 -m 700 "}},
		{"a directory that can't be written", func(dir string) ([]string, error) {
			return []string{"--store", dir}, nil
		}, []string{"--store (DIALOGS_STORE)", "permission denied", "uid 12345", "chown -R 12345:12345 "}},
		{"a database that can't be written", func(dir string) ([]string, error) {
			data := filepath.Join(dir, "data")
			return []string{"--store", data}, errors.Join(os.Mkdir(data, 0o700), os.Chown(data, otherUser, otherUser), os.WriteFile(filepath.Join(data, "dialogs.db"), nil, 0o600))
		}, []string{"--store (DIALOGS_STORE)", "dialogs.db: permission denied", "uid 12345", "chown -R 12345:12345 "}},
		{"a secret of the store that can't be read", func(dir string) ([]string, error) {
			data := filepath.Join(dir, "data")
			return []string{"--store", data}, errors.Join(os.Mkdir(data, 0o700), os.Chown(data, otherUser, otherUser), os.WriteFile(filepath.Join(data, "secret"), nil, 0o600))
		}, []string{"--store (DIALOGS_STORE)", "secret: permission denied", "uid 12345", "chown -R 12345:12345 "}},
		{"a directory above that can't be entered", func(dir string) ([]string, error) {
			above := filepath.Join(dir, "above")
			return []string{"--store", filepath.Join(above, "data")}, os.Mkdir(above, 0o700)
		}, []string{"--store (DIALOGS_STORE)", "permission denied", "uid 12345"}},
		{"a file for the directory", func(dir string) ([]string, error) {
			return []string{"--store", filepath.Join(dir, "file")}, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
		}, []string{"--store (DIALOGS_STORE)", "file is not a directory"}},
		{"a file for the directory above", func(dir string) ([]string, error) {
			return []string{"--store", filepath.Join(dir, "file", "data")}, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
		}, []string{"--store (DIALOGS_STORE)", "not a directory"}},
		{"a secret file that can't be read", func(dir string) ([]string, error) {
			secret := filepath.Join(dir, "s")
			return []string{"--store", filepath.Join(dir, "data"), "--secret-file", secret}, os.WriteFile(secret, nil, 0o600)
		}, []string{"--secret-file (DIALOGS_SECRET_FILE)", "/s: permission denied", "uid 12345", "let this user read"}},
		{"a certificate that can't be read", func(dir string) ([]string, error) {
			pem := filepath.Join(dir, "pem")
			return []string{"--store", filepath.Join(dir, "data"), "--tls-cert", pem, "--tls-key", pem}, os.WriteFile(pem, nil, 0o600)
		}, []string{"--tls-cert", "/pem: permission denied", "uid 12345", "let this user read"}},
		{"trusted documents that can't be read", func(dir string) ([]string, error) {
			file := filepath.Join(dir, "trusted")
			return []string{"--store", filepath.Join(dir, "data"), "--trusted-documents", file}, os.WriteFile(file, nil, 0o600)
		}, []string{"--trusted-documents (DIALOGS_TRUSTED_DOCUMENTS)", "/trusted: permission denied", "uid 12345"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir, binary := enterable(t)
			args, err := test.prepare(dir)
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
			command.Env = servertest.WithoutSettings(os.Environ())
			command.Dir = dir
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUser, Gid: otherUser}}
			failsToStart(t, command, test.want)
		})
	}
}

// TestAccessOfCommands runs commands as a user who may not use the files that they
// name. Each error names the argument or flag, the reason, the user and what to do.
func TestAccessOfCommands(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: the program as another user: needs root")
	}
	dir, binary := enterable(t)
	own := filepath.Join(dir, "own")
	run := func(args ...string) *exec.Cmd {
		command := exec.CommandContext(t.Context(), binary, args...)
		command.Env = servertest.WithoutSettings(os.Environ())
		command.Dir = dir
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUser, Gid: otherUser}}
		return command
	}
	backup := filepath.Join(own, "backup.tar")
	if err := errors.Join(os.Mkdir(own, 0o700), os.Chown(own, otherUser, otherUser), os.WriteFile(filepath.Join(dir, "closed"), nil, 0o600),
		run("apikey", "create", "a", "--store", filepath.Join(own, "data")).Run(), run("backup", backup, "--store", filepath.Join(own, "data")).Run()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want []string }{
		{[]string{"backup", "b.tar", "--store", "own/data"}, []string{"FILE: writing to .: permission denied", "let this user write"}},
		{[]string{"restore", "closed", "--store", "own/new"}, []string{"FILE: open closed: permission denied", "let this user read"}},
		{[]string{"restore", "own/backup.tar", "--store", "new"}, []string{"--store (DIALOGS_STORE)", "permission denied", "install -d -o 12345"}},
		{[]string{"import", "closed", "--store", "own/data"}, []string{"FILE: open closed: permission denied", "let this user read"}},
		{[]string{"import", "own/data", "--refused", "r.jsonl", "--store", "own/data"}, []string{"--refused: writing to .: permission denied", "let this user write"}},
		{[]string{"migrate", "--from", "own/data", "--to", "new"}, []string{"--to: ", "permission denied", "install -d -o 12345"}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			failsToStart(t, run(test.args...), append(test.want, "uid 12345"))
		})
	}
}

// TestReadOnly starts the program on a file system that is mounted read-only.
func TestReadOnly(t *testing.T) {
	disk := dialogtest.Disk(t, unix.MS_RDONLY, "size=1m,mode=700")
	for _, store := range []string{disk, filepath.Join(disk, "data")} {
		command := exec.CommandContext(t.Context(), servertest.Binary(t), "serve", "--listen", "127.0.0.1:0", "--store", store)
		command.Env = servertest.WithoutSettings(os.Environ())
		failsToStart(t, command, []string{"--store (DIALOGS_STORE)", store, "read-only", "mount it writable"})
	}
}

// enterable is a directory that every user can enter, and the program in it.
func enterable(t *testing.T) (dir, binary string) {
	t.Helper()
	dir = t.TempDir()
	binary = filepath.Join(dir, "dialogs")
	// Another process writes the copy: a program that this one starts at the same time would
	// inherit the open file, and a file that is open for writing cannot be executed.
	err := exec.CommandContext(t.Context(), "cp", servertest.Binary(t), binary).Run()
	if err = errors.Join(err, os.Chmod(binary, 0o755), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir, binary
}

// failsToStart expects one line of an error with all of this in it.
func failsToStart(t *testing.T, command *exec.Cmd, want []string) {
	t.Helper()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	err := command.Run()
	line := strings.TrimSpace(stderr.String())
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(line, "dialogs: ") {
		t.Fatalf("got %v and %s", err, line)
	}
	for _, part := range want {
		if !strings.Contains(line, part) {
			t.Errorf("got %q, want %q in it", line, part)
		}
	}
	if n := strings.Count(line, "\n"); n > 0 {
		t.Errorf("got several lines: %s", line)
	}
}
