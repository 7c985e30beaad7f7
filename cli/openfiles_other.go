//go:build !unix

package cli

// openFiles is how many files this process may have open: this system has no
// limit that can be queried.
func openFiles() (most int, limited bool) { return 0, false }
