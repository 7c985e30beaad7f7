package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// TestBackupOnFullDisk backs up to a disk that is too small, and restores there:
// the error says so, and nothing is left.
func TestBackupOnFullDisk(t *testing.T) {
	disk := dialogtest.Disk(t, 0, "size=32k")
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
