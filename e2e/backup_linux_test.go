package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dialogs/servertest"
)

// TestBackupOnFullDisk backs up to a disk that is too small, and restores there:
// the error says so, and nothing is left.
func TestBackupOnFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("dialogs-test", disk, "tmpfs", 0, "size=32k"); err != nil {
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
			t.Fatal(err)
		}
		t.Skip("NOT RUN: a backup on a full disk: needs to mount a small file system")
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := start(t)
	s.Must(servertest.WithToken(s.Token("alice")), `mutation { createDialog(input: {type: GROUP, name: "x"}) { dialog { id } } }`, nil)
	good := filepath.Join(t.TempDir(), "good.tar")
	s.MustCLI("backup", good)
	for _, args := range [][]string{
		{"backup", filepath.Join(disk, "b.tar"), "--store", s.Store},
		{"restore", good, "--store", filepath.Join(disk, "data")},
	} {
		result := servertest.Run(t, nil, args...)
		if result.Code != 1 || !strings.Contains(result.Stderr, "is full") || !strings.Contains(result.Stderr, disk) {
			t.Errorf("%s: got code %d and %q, want to hear that the disk is full", args[0], result.Code, result.Stderr)
		}
		onlyFiles(t, disk)
	}
}
