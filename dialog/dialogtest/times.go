package dialogtest

import (
	"os"
	"testing"
)

// Times is how often a test with random input repeats: short times in "make
// test", long times in "make test-long", which sets TEST_LONG.
func Times(short, long int) int {
	if atLength() {
		return long
	}
	return short
}

// Long ends a test that takes long, unless this is "make test-long". "make test" lists it
// among the tests that it did not run.
func Long(tb testing.TB) {
	tb.Helper()
	if !atLength() {
		tb.Skipf("NOT RUN: %s: it takes long, and only make test-long runs it", tb.Name())
	}
}

func atLength() bool { return os.Getenv("TEST_LONG") != "" }
