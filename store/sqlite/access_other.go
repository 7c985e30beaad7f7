//go:build !unix

package sqlite

// checkAccess does nothing: SQLite reports the error.
func checkAccess(string) error { return nil }
