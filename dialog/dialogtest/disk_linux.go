package dialogtest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Disk mounts a file system in memory for the time of a test, with the options of
// tmpfs, and returns its directory. Only root can mount: without that, the test is
// skipped and says so; root in CI must be able to.
func Disk(tb testing.TB, flags uintptr, options string) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := unix.Mount("dialogs-test", dir, "tmpfs", flags, options); err != nil {
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
			tb.Fatalf("mounting a file system: %v", err)
		}
		tb.Skipf("NOT RUN: %s: needs to mount a file system: %v", tb.Name(), err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Errorf("unmounting a file system: %v", err)
		}
	})
	return dir
}
