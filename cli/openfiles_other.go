//go:build !unix

package cli

// openFiles is how many files this process may have open: such a system has no
// limit that could be asked for.
func openFiles() (most int, limited bool) { return 0, false }
