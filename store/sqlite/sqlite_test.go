package sqlite_test

import (
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/memory"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database is one in a directory of its own.
func database(t testing.TB) storetest.Database {
	dir := t.TempDir()
	return func(t testing.TB) dialog.Store { return open(t, dir, sqlite.Options{}) }
}

func TestStore(t *testing.T) { storetest.Run(t, database) }

func TestDifferential(t *testing.T) {
	model := memory.NewDatabase()
	storetest.Differential(t, 1, dialogtest.Times(1500, 20_000), func(testing.TB) dialog.Store { return model.Open() }, database(t))
}

// TestDifferentialOfFewLists has memory for a few dialogs and lists of a few users
// only.
func TestDifferentialOfFewLists(t *testing.T) {
	model := memory.NewDatabase()
	dir := t.TempDir()
	storetest.Differential(t, 2, dialogtest.Times(500, 20_000), func(testing.TB) dialog.Store { return model.Open() },
		func(t testing.TB) dialog.Store { return open(t, dir, sqlite.Options{Lists: 2048, Documents: 64 << 10}) })
}

func open(t testing.TB, dir string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// opened is an empty store that is closed with the test.
func opened(t testing.TB) *sqlite.Store {
	t.Helper()
	s := open(t, t.TempDir(), sqlite.Options{})
	t.Cleanup(func() { closing(t, s) })
	return s
}

func closing(t testing.TB, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("closing the store: %v", err)
	}
}

// waitFor waits until something is so, and fails the test when it never is.
func waitFor(t testing.TB, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); {
		if time.Now().After(deadline) {
			t.Fatal("timed out waiting")
		}
		runtime.Gosched()
	}
}
