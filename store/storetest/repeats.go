package storetest

import (
	"fmt"
	"time"

	"dialogs/dialog"
)

func testUpdateKey(e *env) {
	e.classes()
	d := e.group("o", "a")
	change := dialog.Change{
		Name: dialog.Some("new"), AddOccupants: []dialog.UserID{"b"}, RemoveOccupants: []dialog.UserID{"a"},
		Custom: custom("Task", map[string]any{"text": "x"}), IfVersion: dialog.Some[int64](1), IdempotencyKey: dialog.Some("k"),
	}
	first := e.update(user("o"), d.ID, change)
	e.tick()
	e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some("newer"), AddOccupants: []dialog.UserID{"a"}})
	before := e.read(d.ID)
	for range 2 {
		e.tick()
		out := e.update(user("o"), d.ID, change)
		if !out.Replayed {
			e.Fatal("the same key again is not a replay")
		}
		e.alikeRecords(*out.Change, *first.Change, "the change that a replay answers with")
		e.alike(out.Dialog, before, "the dialog that a replay answers with")
		e.same(e.read(d.ID), before, "the dialog after a replay")
	}
	for reason, other := range map[string]dialog.Change{
		"another name":      {Name: dialog.Some("other")},
		"a part of it":      {Name: dialog.Some("new")},
		"another ifVersion": {Name: change.Name, AddOccupants: change.AddOccupants, RemoveOccupants: change.RemoveOccupants, Custom: change.Custom},
		"a deletion":        {Delete: true},
	} {
		other.IdempotencyKey = change.IdempotencyKey
		_, err := e.tryUpdate(user("o"), d.ID, other)
		e.wantReused(err, "the same key with "+reason)
	}
	e.same(e.read(d.ID), before, "the dialog after other inputs with the key")

	elsewhere := e.group("o", "a")
	if out := e.update(user("o"), elsewhere.ID, change); out.Replayed {
		e.Error("a key used on another dialog is a replay")
	}

	// The key of an update and that of the creation are one history.
	made := e.create(user("o"), dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), IdempotencyKey: dialog.Some("born")})
	_, err := e.tryUpdate(user("o"), made.ID, dialog.Change{Name: dialog.Some("y"), IdempotencyKey: dialog.Some("born")})
	e.wantReused(err, "the key of the creation on an update")
}

func testUpdateKeyActor(e *env) {
	d := e.group("o", "a")
	change := func(name string) dialog.Change {
		return dialog.Change{Name: dialog.Some(name), IdempotencyKey: dialog.Some("k")}
	}
	e.update(user("o"), d.ID, change("by o"))
	if out := e.update(behalf("o"), d.ID, change("by o")); !out.Replayed {
		e.Error("a user is one actor, also when an API key acts for them")
	}
	other := dialog.Caller{User: "o", APIKey: "another backend"}
	if out := e.update(other, d.ID, change("by o")); !out.Replayed {
		e.Error("a user is one actor, whichever API key acts for them")
	}
	for _, c := range []dialog.Caller{user("a"), server(), {APIKey: "another backend"}, {APIKey: "o"}, {APIKey: "Backend"}} {
		out := e.update(c, d.ID, change(fmt.Sprintf("by %+v", c)))
		if out.Replayed || out.Change == nil {
			e.Errorf("the key of another actor is a replay for %+v", c)
		}
		if out := e.update(c, d.ID, change(fmt.Sprintf("by %+v", c))); !out.Replayed {
			e.Errorf("the same key again is not a replay for %+v", c)
		}
	}
	e.same(e.read(d.ID).Version, int64(7), "the version after 6 changes")

	// A replay is answered to the user who could make the change, even if they can no
	// longer see what came of it.
	leave := dialog.Change{RemoveOccupants: []dialog.UserID{"a"}, IdempotencyKey: dialog.Some("leave")}
	e.update(user("a"), d.ID, leave)
	out := e.update(user("a"), d.ID, leave)
	if !out.Replayed || !out.Dialog.Deleted || out.Dialog.Name != "" {
		e.Errorf("a replay for one who left: %+v", out)
	}
}

func testUpdateKeyKept(e *env) {
	d := e.group("o")
	keyed := dialog.Change{Name: dialog.Some("keyed"), IdempotencyKey: dialog.Some("k")}
	e.update(user("o"), d.ID, keyed)
	for n := range dialog.HistoryKept - 1 {
		e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some(fmt.Sprint(n))})
	}
	if out := e.update(user("o"), d.ID, keyed); !out.Replayed {
		e.Error("no replay of the oldest record that is kept")
	}
	e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some("one more")})
	if out := e.update(user("o"), d.ID, keyed); out.Replayed {
		e.Error("a replay of a record that is not kept any more")
	}
	e.same(e.read(d.ID).Name, "keyed", "the name after the key was used again")
}

func keyed(key, name string) dialog.Creation {
	return dialog.Creation{Type: dialog.Group, Name: dialog.Some(name), IdempotencyKey: dialog.Some(key)}
}

func testCreateKey(e *env) {
	made := e.create(user("o"), keyed("k", "x"))
	e.update(user("o"), made.ID, dialog.Change{Name: dialog.Some("renamed")})
	e.tick()
	before := e.read(made.ID)
	for range 2 {
		out, err := e.tryCreate(user("o"), keyed("k", "x"))
		if err != nil || out.Created {
			e.Fatalf("the key again: created %v, %v", out.Created, err)
		}
		e.alike(out.Dialog, before, "the dialog that a replay answers with")
	}
	for reason, other := range map[string]dialog.Creation{
		"another name": keyed("k", "y"),
		"another type": {Type: dialog.PublicGroup, Name: dialog.Some("x"), IdempotencyKey: dialog.Some("k")},
		"more people":  {Type: dialog.Group, Name: dialog.Some("x"), Occupants: []dialog.UserID{"a"}, IdempotencyKey: dialog.Some("k")},
	} {
		_, err := e.tryCreate(user("o"), other)
		e.wantReused(err, "the key with "+reason)
	}
	if e.create(user("o"), keyed("k2", "x")).ID == made.ID {
		e.Error("another key made the same dialog")
	}
	q := dialog.Query{User: "o", Scope: dialog.Mine}
	if n, err := e.store.Count(e.Context(), q); err != nil || n != 2 {
		e.Errorf("%d dialogs of two keys, %v", n, err)
	}
}

func testCreateKeyActor(e *env) {
	made := map[dialog.ID]bool{}
	for _, c := range []dialog.Caller{user("o"), user("O"), behalf("a"), user("backend")} {
		made[e.create(c, keyed("k", "x")).ID] = true
	}
	byServer := func(key string) dialog.Caller { return dialog.Caller{APIKey: key} }
	creation := keyed("k", "x")
	creation.Owner = dialog.Some[dialog.UserID]("o")
	for _, key := range []string{"backend", "Backend", "o"} {
		made[e.create(byServer(key), creation).ID] = true
	}
	if len(made) != 7 {
		e.Errorf("%d dialogs of seven actors with one key", len(made))
	}
	for _, c := range []dialog.Caller{behalf("o"), {User: "o", APIKey: "another"}, user("a")} {
		out, err := e.tryCreate(c, keyed("k", "x"))
		if err != nil || out.Created || !made[out.Dialog.ID] {
			e.Errorf("a user is one actor however they signed in, %+v: created %v, %v", c, out.Created, err)
		}
	}
}

func testCreateKeyDeleted(e *env) {
	made := e.create(user("o"), keyed("k", "x"))
	e.update(user("o"), made.ID, dialog.Change{Delete: true})
	out, err := e.tryCreate(user("o"), keyed("k", "x"))
	if err != nil || out.Created {
		e.Fatalf("the key of a dialog that is deleted: created %v, %v", out.Created, err)
	}
	e.same(out.Dialog, dialog.Dialog{ID: made.ID, Deleted: true}, "the answer")
	raw, err := e.store.Create(e.Context(), dialog.CreatePlan{
		Dialog: dialog.Dialog{ID: flipped(made.ID), Type: dialog.Group, Owner: "o", CreatedAt: e.clock.Now(), UpdatedAt: e.clock.Now(), Version: 1},
		Actor:  dialog.Actor{User: "o"}, Key: "k", InputHash: made.History[0].InputHash,
	})
	if err != nil || raw.Created || !raw.Dialog.Deleted || raw.Dialog.ID != made.ID {
		e.Errorf("the store's answer for a tombstone: %+v, %v", raw, err)
	}
	_, err = e.tryCreate(user("o"), keyed("k", "y"))
	e.wantReused(err, "the key of a dialog that is deleted with another input")
	e.gone(made.ID)
}

func testCreateKeyEnds(e *env) {
	made := e.create(user("o"), keyed("k", "x"))
	e.clock.Move(-time.Hour)
	if out, err := e.tryCreate(user("o"), keyed("k", "x")); err != nil || out.Created {
		e.Errorf("the key after the clock went back: created %v, %v", out.Created, err)
	}
	e.clock.Move(time.Hour + dialog.KeyKept - time.Minute)
	if out, err := e.tryCreate(user("o"), keyed("k", "x")); err != nil || out.Created {
		e.Errorf("the key within its day: created %v, %v", out.Created, err)
	}
	e.clock.Move(2 * time.Minute)
	second := e.create(user("o"), keyed("k", "y"))
	if second.ID == made.ID {
		e.Error("a key whose day is over found the old dialog")
	}
	e.clock.Move(time.Minute)
	out, err := e.tryCreate(user("o"), keyed("k", "y"))
	if err != nil || out.Created || out.Dialog.ID != second.ID {
		e.Errorf("the key in its second life: %+v, %v", out, err)
	}
	e.same(e.read(made.ID).Name, "x", "the first dialog")
}

func testPrivate(e *env) {
	made := e.private("a", "b")
	for _, pair := range [][2]dialog.UserID{{"a", "b"}, {"b", "a"}} {
		out, err := e.tryCreate(user(pair[0]), dialog.Creation{Type: dialog.Private, Occupants: pair[1:]})
		if err != nil || out.Created {
			e.Fatalf("%v again: created %v, %v", pair, out.Created, err)
		}
		e.alike(out.Dialog, made, "the dialog there is, as it is")
	}
	e.same(e.read(made.ID).Owner, dialog.UserID("a"), "the owner is who made it")
	if e.private("a", "c").ID == made.ID || e.private("c", "b").ID == made.ID {
		e.Error("another pair found the dialog of a and b")
	}
	// A group of the two users does not count.
	e.group("a", "b")
	for i := range 2 {
		e.tick()
		e.update(user("b"), made.ID, dialog.Change{Delete: true})
		next := e.private("b", "a")
		if next.ID == made.ID {
			e.Fatalf("round %d: the dialog that was deleted came back", i)
		}
		e.gone(made.ID)
		made = next
	}
	e.same(e.read(made.ID).Version, int64(1), "the version of the new one")
}

func testPrivateKey(e *env) {
	creation := dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"b"}, IdempotencyKey: dialog.Some("k")}
	made := e.private("a", "b")
	out, err := e.tryCreate(user("a"), creation)
	if err != nil || out.Created || out.Dialog.ID != made.ID {
		e.Fatalf("the pair is there: %+v, %v", out, err)
	}
	// It found the dialog and created none: the key is free for another input.
	e.create(user("a"), keyed("k", "x"))
	_, err = e.tryCreate(user("a"), creation)
	e.wantReused(err, "the key that the group used")

	// The key of the creation goes before the pair.
	creation.IdempotencyKey = dialog.Some("k2")
	e.update(user("a"), made.ID, dialog.Change{Delete: true})
	first := e.create(user("a"), creation)
	e.update(user("a"), first.ID, dialog.Change{Delete: true})
	second := e.private("b", "a")
	out, err = e.tryCreate(user("a"), creation)
	if err != nil || out.Created || out.Dialog.ID != first.ID || !out.Dialog.Deleted {
		e.Errorf("the key of the deleted one, while %s is there: %+v, %v", second.ID, out, err)
	}
}

func testIDGiven(e *env) {
	const id = "0123456789abcdef01234567"
	given := func(typ dialog.Type, key string) dialog.Creation {
		c := dialog.Creation{Type: typ, Owner: dialog.Some[dialog.UserID]("o"), ID: dialog.Some(id)}
		if typ == dialog.Private {
			c.Occupants = []dialog.UserID{"p"}
		} else {
			c.Name = dialog.Some("x")
		}
		if key != "" {
			c.IdempotencyKey = dialog.Some(key)
		}
		return c
	}
	made := e.create(server(), given(dialog.Group, "k"))
	e.same(made.ID, dialog.ID(id), "the id")
	before := e.read(made.ID)
	refused := func(reason string) {
		e.Helper()
		_, err := e.tryCreate(server(), given(dialog.Group, "another"))
		e.wantError(err, dialog.ErrIDTaken(), reason)
		_, err = e.tryCreate(server(), given(dialog.Private, ""))
		e.wantError(err, dialog.ErrIDTaken(), reason+", for a private dialog")
		// No claim is left behind: neither of the key, nor of the pair.
		other := given(dialog.Private, "another")
		other.ID = dialog.Optional[string]{}
		d := e.create(server(), other)
		e.update(server(), d.ID, dialog.Change{Delete: true})
		e.clock.Move(dialog.KeyKept / 4)
	}
	refused("an id that is taken")
	e.same(e.read(made.ID), before, "the dialog that has the id")
	out, err := e.tryCreate(server(), given(dialog.Group, "k"))
	if err != nil || out.Created || out.Dialog.ID != id {
		e.Errorf("the key that made it: %+v, %v", out, err)
	}
	e.update(server(), made.ID, dialog.Change{Delete: true})
	_, err = e.tryCreate(server(), given(dialog.PublicGroup, ""))
	e.wantError(err, dialog.ErrIDTaken(), "an id that a tombstone has")
	e.gone(made.ID)

	pair := e.private("o", "p")
	taken := given(dialog.Private, "")
	taken.ID = dialog.Some(string(flipped(id)))
	out, err = e.tryCreate(server(), taken)
	if err != nil || out.Created || out.Dialog.ID != pair.ID {
		e.Errorf("a free id for a pair that has a dialog: %+v, %v", out, err)
	}
	e.gone(flipped(id))
}
