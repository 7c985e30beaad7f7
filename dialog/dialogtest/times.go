package dialogtest

import "os"

// Times is how often a test with random input repeats: short times in "make
// test", long times in "make test-long", which sets TEST_LONG.
func Times(short, long int) int {
	if os.Getenv("TEST_LONG") != "" {
		return long
	}
	return short
}
