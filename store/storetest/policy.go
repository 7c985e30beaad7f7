package storetest

import (
	"fmt"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// testTable tries every cell of the decision table through the service, each
// on a dialog of its own. What is denied must leave the dialog as it is.
func testTable(e *env) {
	e.define(dialogtest.Class())
	cells := dialogtest.Table(e)
	const workers = 16
	e.race(workers, func(worker int) error {
		for i := worker; i < len(cells); i += workers {
			if err := e.tryCell(cells[i], dialogtest.Named(fmt.Sprintf("%d-", i))); err != nil {
				return fmt.Errorf("%s: %w", cells[i].Name(), err)
			}
		}
		return nil
	})
}

func (e *env) tryCell(cell dialogtest.Cell, people dialogtest.People) error {
	made, err := e.tryCreate(server(), people.Creation(cell.Type))
	if err != nil {
		return err
	}
	denied := cell.Ask(e.Context(), e.svc, people, made.Dialog.ID)
	e.same(dialogtest.VerdictOf(e, denied), cell.Want, cell.Name())
	if denied == nil {
		return nil
	}
	after, err := e.store.Dialog(e.Context(), made.Dialog.ID, false)
	e.alike(after, made.Dialog, cell.Name()+": the dialog after a denial")
	return err
}

// testSeen compares the two places that decide who may see a dialog: the rule
// table, for reading one dialog, and the engine's lists.
func testSeen(e *env) {
	e.define(dialogtest.Class())
	for _, kind := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
		people := dialogtest.Named(fmt.Sprintf("%d-", kind))
		d := e.create(server(), people.Creation(kind))
		for _, c := range []dialog.Caller{
			user(people.Owner), user(people.Admin), user(people.OtherAdmin), user(people.Occupant), user(people.OtherOccupant),
			user(people.Outsider), behalf(people.Owner), behalf(people.Outsider), server(),
		} {
			_, err := e.svc.Dialog(e.Context(), c, string(d.ID), false)
			if err != nil && !dialog.IsCode(err, dialog.Forbidden) {
				e.Fatalf("reading: %v", err)
			}
			for _, filter := range []dialog.Filter{{}, {IDs: []dialog.ID{d.ID}}, {Types: []dialog.Type{kind}}, {Owner: people.Owner}} {
				q := dialog.Query{User: c.User, Scope: dialog.Visible, Filter: filter, Order: orders()[0], Limit: 10}
				listed := false
				for _, id := range e.query(q) {
					listed = listed || id == d.ID
				}
				if maySee := err == nil; listed != maySee {
					e.Errorf("a %s and %+v: the rules say visible %t, the list %t: %+v", kind, c, maySee, listed, q)
				}
			}
		}
	}
}
