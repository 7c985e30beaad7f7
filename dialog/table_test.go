package dialog_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestTable tries every cell of the decision table through the service, each on a
// dialog of its own. Package storetest does the same with every engine.
func TestTable(t *testing.T) {
	people := dialogtest.Named("")
	for _, cell := range dialogtest.Table(t) {
		t.Run(cell.Name(), func(t *testing.T) {
			store := newStore(t)
			service := newService(store, dialog.DefaultLimits())
			made, err := service.Create(t.Context(), server(), people.Creation(cell.Type))
			if err != nil {
				t.Fatal(err)
			}
			before, err := store.Dialog(t.Context(), made.Dialog.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			err = cell.Ask(t.Context(), service, people, made.Dialog.ID)
			wantEqual(t, "verdict", dialogtest.VerdictOf(t, err), cell.Want)
			if err == nil {
				return
			}
			after, err := store.Dialog(t.Context(), made.Dialog.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, "the dialog after a refusal", after, before)
		})
	}
}
