package storetest

import (
	"fmt"
	"slices"

	"dialogs/dialog"
)

// scan reads a whole store by small batches.
func (e *env) scan(store dialog.Store, limit int) []dialog.Dialog {
	e.Helper()
	var all []dialog.Dialog
	after := dialog.ID("")
	for {
		batch, err := store.Scan(e.Context(), after, limit)
		if err != nil {
			e.Fatalf("scanning after %q: %v", after, err)
		}
		if len(batch) > limit {
			e.Fatalf("%d dialogs, more than the limit", len(batch))
		}
		if len(batch) == 0 {
			return all
		}
		all = append(all, batch...)
		after = batch[len(batch)-1].ID
	}
}

func testScan(e *env) {
	e.classes()
	e.same(e.scan(e.store, 10), []dialog.Dialog(nil), "a store without dialogs")
	var want []dialog.Dialog
	for _, d := range e.crowd() {
		want = append(want, e.read(d.ID))
	}
	sortedByID(want...)
	for _, limit := range []int{1, 7, len(want), 100} {
		e.same(e.scan(e.store, limit), want, fmt.Sprintf("all dialogs by %d", limit))
	}
	batch, err := e.store.Scan(e.Context(), flipped(want[2].ID), 2)
	if err != nil {
		e.Fatalf("scanning: %v", err)
	}
	from := 2
	if flipped(want[2].ID) > want[2].ID {
		from = 3
	}
	e.same(batch, want[from:from+2], "the dialogs behind an id that none has")
}

// testRestore moves everything to another store, where it must work as if it
// had always been there.
func testRestore(e *env) {
	e.classes()
	e.crowd()
	keyedChange := dialog.Change{Name: dialog.Some("keyed"), IdempotencyKey: dialog.Some("k")}
	group, private := e.group("u0", "u1"), e.private("u0", "u1")
	e.update(user("u0"), group.ID, keyedChange)
	for n := range dialog.HistoryKept + 3 {
		e.update(user("u0"), private.ID, dialog.Change{Custom: custom("Task", map[string]any{"count": n})})
	}
	want := e.scan(e.store, 100)

	there := e.newDatabase(e)(e)
	e.Cleanup(func() { closing(e, there) })
	for range 2 { // what is restored twice is there once
		for batch := range slices.Chunk(want, 5) {
			if err := there.Restore(e.Context(), batch); err != nil {
				e.Fatalf("restoring: %v", err)
			}
		}
		e.same(e.scan(there, 100), want, "all dialogs in the other store")
	}
	if err := there.Restore(e.Context(), nil); err != nil {
		e.Errorf("restoring nothing: %v", err)
	}
	for _, q := range scoped() {
		q.Order, q.Limit = orders()[0], 100
		here := e.query(q)
		page, err := there.Dialogs(e.Context(), q)
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		e.same(idsOf(page), here, fmt.Sprintf("a list in the other store: %+v", q))
	}
	e.store, e.svc = there, dialog.NewService(there, dialog.DefaultPolicy(dialog.DefaultLimits()), e.clock.Now, newSeeded(2))
	e.classes()
	if out := e.update(user("u0"), group.ID, keyedChange); !out.Replayed {
		e.Error("the key of a change is not known in the other store")
	}
	out, err := e.tryCreate(user("u1"), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"u0"}})
	if err != nil || out.Created || out.Dialog.ID != private.ID {
		e.Errorf("the private dialog of two in the other store: %+v, %v", out, err)
	}
	e.update(user("u0"), private.ID, dialog.Change{Custom: custom("Task", map[string]any{"count": nil})})
	got := e.read(private.ID)
	e.same(got.Version, int64(dialog.HistoryKept+5), "the version after one more change")
	e.update(user("u0"), private.ID, dialog.Change{Delete: true})
	e.gone(private.ID)
	if next := e.private("u1", "u0"); next.ID == private.ID {
		e.Error("the private dialog that was deleted came back")
	}
}

// testRestoreOver replaces dialogs by others.
func testRestoreOver(e *env) {
	e.classes()
	d := e.create(user("o"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("before"), Occupants: []dialog.UserID{"a", "b"}, Admins: []dialog.UserID{"a"},
		Custom: custom("Task", map[string]any{"text": "x"}),
	})
	before := e.read(d.ID)
	for n := range 3 {
		e.tick()
		e.update(user("o"), d.ID, dialog.Change{
			Name: dialog.Some(fmt.Sprint(n)), RemoveOccupants: []dialog.UserID{"b"}, AddOccupants: []dialog.UserID{"c"},
			NewOwner: dialog.Some[dialog.UserID]("c"), Custom: custom("Task", map[string]any{"text": nil}),
		})
		if n < 2 {
			e.update(server(), d.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("o"), RemoveOccupants: []dialog.UserID{"c"}})
		}
	}
	restore := func(reason string, list ...dialog.Dialog) {
		e.Helper()
		if err := e.store.Restore(e.Context(), list); err != nil {
			e.Fatalf("%s: %v", reason, err)
		}
	}
	mine := func(u dialog.UserID) []dialog.ID {
		e.Helper()
		return e.query(dialog.Query{User: u, Scope: dialog.Mine, Order: orders()[0], Limit: 5})
	}
	restore("over a later version", before)
	e.same(e.read(d.ID), before, "the dialog as it was")
	for u, want := range map[dialog.UserID][]dialog.ID{"o": {d.ID}, "a": {d.ID}, "b": {d.ID}, "c": nil} {
		e.same(mine(u), want, fmt.Sprintf("dialogs of %s", u))
	}
	e.update(user("o"), d.ID, dialog.Change{Delete: true})
	restore("over a tombstone", before)
	e.same(e.read(d.ID), before, "the dialog that had been deleted")
	e.same(mine("b"), []dialog.ID{d.ID}, "dialogs of b after all")

	private := e.read(e.private("p", "q").ID)
	e.update(user("p"), private.ID, dialog.Change{Delete: true})
	restore("a private dialog over its tombstone", private)
	out, err := e.tryCreate(user("q"), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"p"}})
	if err != nil || out.Created || out.Dialog.ID != private.ID {
		e.Errorf("the private dialog that was restored: %+v, %v", out, err)
	}
	e.update(user("p"), private.ID, dialog.Change{Delete: true})
	next := e.read(e.private("q", "p").ID)
	err = e.store.Restore(e.Context(), []dialog.Dialog{private})
	e.wantError(err, dialog.ErrPairTaken(private.ID), "restoring a private dialog whose two users have another")
	e.gone(private.ID)
	e.same(e.read(next.ID), next, "the other private dialog")
	restore("the other over itself", next)
	e.same(e.scan(e.store, 10), sortedByID(before, next), "all dialogs in the end")

	first, second := private, private
	first.ID, first.Owner, first.Occupants = "00000000000000000000000a", "r", []dialog.UserID{"r", "s"}
	second.ID, second.Owner, second.Occupants = "00000000000000000000000b", "s", []dialog.UserID{"s", "r"}
	e.wantError(e.store.Restore(e.Context(), []dialog.Dialog{first, second}), dialog.ErrPairTaken(second.ID), "restoring two private dialogs of two users")
	e.gone(second.ID)
}

func sortedByID(list ...dialog.Dialog) []dialog.Dialog {
	slices.SortFunc(list, func(a, b dialog.Dialog) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) })
	return list
}

// testRestoreRace restores the same dialogs from several sides at once.
func testRestoreRace(e *env) {
	want := sortedByID(e.read(e.private("a", "b").ID), e.read(e.group("a", "b").ID), e.read(e.public("a", "open").ID))
	database := e.newDatabase(e)
	stores := []dialog.Store{database(e), database(e)}
	for _, store := range stores {
		e.Cleanup(func() { closing(e, store) })
	}
	e.race(8, func(i int) error { return stores[i%2].Restore(e.Context(), want) })
	e.same(e.scan(stores[0], 2), want, "all dialogs")
}
