package sqlite_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// fresh is a database in a directory of its own.
func fresh(t testing.TB) storetest.Database {
	dir := t.TempDir()
	return func(t testing.TB) dialog.Store { return open(t, dir, sqlite.Options{}) }
}

func open(t testing.TB, dir string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { storetest.Run(t, fresh) }
