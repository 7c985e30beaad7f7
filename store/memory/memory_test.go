package memory_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/memory"
	"dialogs/store/storetest"
)

func database(testing.TB) storetest.Database {
	db := memory.NewDatabase()
	return func(testing.TB) dialog.Store { return db.Open() }
}

func TestStore(t *testing.T) { storetest.Run(t, database) }

// TestDifferential compares the reference with itself: nothing in it may
// depend on the order of a map or on which store asks.
func TestDifferential(t *testing.T) {
	storetest.Differential(t, 1, dialogtest.Times(1000, 20_000), database(t), database(t))
}
