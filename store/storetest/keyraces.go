package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"

	"dialogs/dialog"
)

func testUpdateKeyRace(e *env) {
	d := e.group("o")
	var made atomic.Int32
	e.race(writers, func(i int) error {
		c := user("o")
		if i%2 == 1 {
			c = behalf("o")
		}
		out, err := e.tryUpdate(c, d.ID, dialog.Change{AddOccupants: []dialog.UserID{"a"}, IdempotencyKey: dialog.Some("k")})
		if err != nil {
			return err
		}
		if !out.Replayed {
			made.Add(1)
		}
		if out.Change == nil || out.Change.Version != 2 {
			return fmt.Errorf("answered with change %+v", out.Change)
		}
		return nil
	})
	e.same(made.Load(), int32(1), "how many made the change")
	e.same(e.read(d.ID).Version, int64(2), "the version")
}

// oneWins lets many create at once and returns the one dialog that all were
// answered with.
func (e *env) oneWins(create func(i int) (dialog.CreateOutcome, error)) dialog.ID {
	e.Helper()
	var created atomic.Int32
	ids := make([]dialog.ID, writers)
	e.race(writers, func(i int) error {
		out, err := create(i)
		if err != nil {
			return err
		}
		if ids[i] = out.Dialog.ID; out.Created {
			created.Add(1)
		}
		return nil
	})
	e.same(created.Load(), int32(1), "how many made the dialog")
	slices.Sort(ids)
	e.same(len(slices.Compact(ids)), 1, "how many dialogs there are")
	return ids[0]
}

func testCreateKeyRace(e *env) {
	other := dialog.NewService(e.instance(), dialog.DefaultPolicy(dialog.DefaultLimits()), e.clock.Now, newSeeded(2))
	services := []*dialog.Service{e.svc, other}
	for round := range 3 {
		id := e.oneWins(func(i int) (dialog.CreateOutcome, error) {
			return services[i%2].Create(e.Context(), user("o"), keyed(fmt.Sprint(round), "x"))
		})
		e.same(e.read(id).Version, int64(1), "the version")
	}
	n, err := e.store.Count(e.Context(), dialog.Query{User: "o", Scope: dialog.Mine})
	if err != nil || n != 3 {
		e.Errorf("%d dialogs of 3 keys, %v", n, err)
	}
}

func testPrivateRace(e *env) {
	other := dialog.NewService(e.instance(), dialog.DefaultPolicy(dialog.DefaultLimits()), e.clock.Now, newSeeded(2))
	for range 3 {
		id := e.oneWins(func(i int) (dialog.CreateOutcome, error) {
			pair := []dialog.UserID{"a", "b"}
			svc := e.svc
			if i%3 == 0 {
				svc = other
			}
			c := dialog.Creation{Type: dialog.Private, Occupants: pair[1-i%2 : 2-i%2]}
			if i%4 == 0 {
				c.IdempotencyKey = dialog.Some(fmt.Sprint(i))
			}
			return svc.Create(e.Context(), user(pair[i%2]), c)
		})
		for _, u := range []dialog.UserID{"a", "b"} {
			e.same(e.query(dialog.Query{User: u, Scope: dialog.Mine, Order: orders()[0], Limit: 5}), []dialog.ID{id}, "dialogs of the two")
		}
		e.update(user("a"), id, dialog.Change{Delete: true})
		e.clock.Move(2 * dialog.KeyKept) // the keys of this round are over
	}
}

func testIDRace(e *env) {
	const id = "0123456789abcdef01234567"
	var created, taken atomic.Int32
	var owner atomic.Value
	e.race(writers, func(i int) error {
		c := dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), Owner: dialog.Some(writer(i)), ID: dialog.Some(id)}
		if i%2 == 0 {
			c.IdempotencyKey = dialog.Some(fmt.Sprint(i))
		}
		out, err := e.tryCreate(server(), c)
		switch {
		case dialog.IsCode(err, dialog.Conflict):
			taken.Add(1)
			return nil
		case err == nil && out.Created:
			created.Add(1)
			owner.Store(writer(i))
		}
		return err
	})
	e.same([]int32{created.Load(), taken.Load()}, []int32{1, writers - 1}, "who made the dialog, and who found the id taken")
	e.same(any(e.read(id).Owner), owner.Load(), "the owner")
}
