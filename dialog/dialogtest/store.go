package dialogtest

import (
	"context"
	"fmt"

	"dialogs/dialog"
	"dialogs/store/storetest"
)

// NewStore is a store in memory, as plain as the contract allows, in which
// these classes are defined. Their revision must be 1, as of classes that
// nobody has added to.
func NewStore(classes ...dialog.Class) dialog.Store {
	store := storetest.NewMemory().Open()
	for _, c := range classes {
		if saved, err := store.SaveClass(context.Background(), c); err != nil || !saved {
			panic(fmt.Sprintf("dialogtest: the class %s at revision %d was not saved: %v", c.Name, c.Revision, err))
		}
	}
	return store
}
