//go:build !unix

package graph

// readable cannot tell on this system: reading has to wait.
func readable(uintptr) bool { return true }

// writable cannot tell on this system: writing may have to wait.
func writable(uintptr) bool { return false }
