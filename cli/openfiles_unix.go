//go:build unix

package cli

import (
	"math"
	"syscall"
)

// openFiles is how many files this process may have open; not limited if the
// system does not say.
func openFiles() (most int, limited bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return 0, false
	}
	return int(limit.Cur), true
}
