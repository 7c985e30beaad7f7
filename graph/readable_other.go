//go:build !unix

package graph

// readable always returns true on this system, where it is unknown: reading may block.
func readable(uintptr) bool { return true }

// writable always returns false on this system, where it is unknown: writing may block.
func writable(uintptr) bool { return false }
