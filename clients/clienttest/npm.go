// Package clienttest has what clients of the server are tested with: npm for
// those that are written in TypeScript, and a browser. The server itself comes
// from package servertest.
package clienttest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dialogs/servertest"
)

// NotRun says that something can't be tested here because what it needs is
// missing: the test is skipped, or fails in CI, where nothing may be missing.
func NotRun(tb testing.TB, what, needs string) {
	tb.Helper()
	const form = "NOT RUN: %s: needs %s"
	if os.Getenv("CI") == "true" {
		tb.Fatalf(form, what, needs)
	}
	tb.Skipf(form, what, needs)
}

// Install installs the npm package in the directory as its lock file says, and
// nothing when that was done before. No package's scripts run.
func Install(tb testing.TB, dir string) {
	tb.Helper()
	Depend(tb, dir)
	if installed(tb, dir) {
		return
	}
	Run(tb, dir, nil, "npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
}

// Depend looks at every file in a directory: go test repeats a test only when a
// file has changed that the test itself has looked at.
func Depend(tb testing.TB, dir string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "dist"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		_, err = os.Stat(path)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// installed tells whether what is installed is as new as the lock file.
func installed(tb testing.TB, dir string) bool {
	tb.Helper()
	lock, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		tb.Fatal(err)
	}
	// npm writes this file when everything else is in its place.
	there, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err == nil && !there.ModTime().Before(lock.ModTime())
}

// Run runs a command in the directory with more environment than the test's
// own, returns what it printed, and fails the test with that when the command
// fails.
func Run(tb testing.TB, dir string, environment []string, name string, args ...string) string {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), name, args...)
	command.Dir = dir
	command.Env = append(servertest.WithoutSettings(os.Environ()), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
