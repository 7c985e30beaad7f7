package storetest_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/store/storetest"
)

func memory(testing.TB) storetest.Database {
	m := storetest.NewMemory()
	return func(testing.TB) dialog.Store { return m.Open() }
}

func TestMemory(t *testing.T) { storetest.Run(t, memory) }

func TestDifferential(t *testing.T) {
	storetest.Differential(t, 1, 4000, memory(t), memory(t))
}
