package storetest

import (
	"fmt"
	"slices"
	"time"

	"dialogs/dialog"
)

func testActs(e *env) {
	e.classes()
	for _, test := range []struct {
		reason string
		change dialog.Change
		want   func(d *dialog.Dialog)
	}{
		{"rename", dialog.Change{Name: dialog.Some("new")}, func(d *dialog.Dialog) { d.Name = "new" }},
		{"set the photo", dialog.Change{Photo: dialog.Some("new")}, func(d *dialog.Dialog) { d.Photo = "new" }},
		{"clear the photo", dialog.Change{ClearPhoto: true}, func(d *dialog.Dialog) { d.Photo = "" }},
		{
			"add occupants in order, those in stay where they are",
			dialog.Change{AddOccupants: []dialog.UserID{"d", "a", "c", "d"}},
			func(d *dialog.Dialog) { d.Occupants = append(d.Occupants, "d", "c") },
		},
		{
			"remove occupants, who lose their adminship",
			dialog.Change{RemoveOccupants: []dialog.UserID{"b", "stranger"}},
			func(d *dialog.Dialog) { d.Occupants, d.Admins = []dialog.UserID{"owner", "a"}, nil },
		},
		{
			"name admins, the owner ignored",
			dialog.Change{AddAdmins: []dialog.UserID{"a", "owner", "b"}},
			func(d *dialog.Dialog) { d.Admins = []dialog.UserID{"b", "a"} },
		},
		{"dismiss an admin", dialog.Change{RemoveAdmins: []dialog.UserID{"b", "a"}}, func(d *dialog.Dialog) { d.Admins = nil }},
		{
			"hand over to an admin",
			dialog.Change{NewOwner: dialog.Some[dialog.UserID]("b")},
			func(d *dialog.Dialog) { d.Owner, d.Admins = "b", nil },
		},
		{
			"hand over to someone who is added by the same change",
			dialog.Change{NewOwner: dialog.Some[dialog.UserID]("d"), AddOccupants: []dialog.UserID{"d"}},
			func(d *dialog.Dialog) { d.Owner, d.Occupants = "d", append(d.Occupants, "d") },
		},
		{
			"set one field and leave the others",
			dialog.Change{Custom: custom("Task", map[string]any{"count": 2})},
			func(d *dialog.Dialog) {
				d.Custom = dialog.CustomData{"Task": {"text": `"x"`, "count": "2"}, "Room": {"flag": "true"}}
			},
		},
		{
			"remove a field, and with it its class",
			dialog.Change{Custom: custom("Room", map[string]any{"flag": nil})},
			func(d *dialog.Dialog) { d.Custom = dialog.CustomData{"Task": {"text": `"x"`, "count": "1"}} },
		},
		{
			"everything at once",
			dialog.Change{
				Name: dialog.Some("new"), Photo: dialog.Some("new"), AddOccupants: []dialog.UserID{"c", "d"}, RemoveOccupants: []dialog.UserID{"a"},
				AddAdmins: []dialog.UserID{"d"}, RemoveAdmins: []dialog.UserID{"b"}, NewOwner: dialog.Some[dialog.UserID]("c"),
				Custom: custom("Room", map[string]any{"flag": false, "count": 3}), IfVersion: dialog.Some[int64](1), IdempotencyKey: dialog.Some("k"),
			},
			func(d *dialog.Dialog) {
				d.Name, d.Photo, d.Owner = "new", "new", "c"
				d.Occupants, d.Admins = []dialog.UserID{"owner", "b", "c", "d"}, []dialog.UserID{"d"}
				d.Custom = dialog.CustomData{"Task": {"text": `"x"`, "count": "1"}, "Room": {"flag": "false", "count": "3"}}
			},
		},
	} {
		made := e.create(user("owner"), dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("old"), Photo: dialog.Some("old"),
			Occupants: []dialog.UserID{"a", "b"}, Admins: []dialog.UserID{"b"},
			Custom: append(custom("Task", map[string]any{"text": "x", "count": 1}), custom("Room", map[string]any{"flag": true})...),
		})
		want := made
		want.Occupants = slices.Clip(made.Occupants)
		test.want(&want)
		want.Version = 2
		e.tick()
		want.UpdatedAt = e.clock.Now()
		out := e.update(user("owner"), made.ID, test.change)
		e.alike(out.Dialog, want, test.reason+": the answer")
		got := e.read(made.ID)
		e.alike(got, want, test.reason+": the dialog")
		if out.Change == nil || out.Replayed {
			e.Errorf("%s: change %+v, replayed %v", test.reason, out.Change, out.Replayed)
			continue
		}
		e.alikeRecords(got.History[1], *out.Change, test.reason+": the record")
	}
}

func testAddAndRemove(e *env) {
	d := e.group("owner", "a", "b", "c")
	out := e.update(user("owner"), d.ID, dialog.Change{
		AddOccupants: []dialog.UserID{"e", "c", "d"}, RemoveOccupants: []dialog.UserID{"b", "nobody", "a"},
	})
	got := e.read(d.ID)
	e.same(got.Occupants, []dialog.UserID{"owner", "c", "e", "d"}, "occupants")
	e.same(got.Version, int64(2), "one step is one version")
	e.same(out.Change.Joined, []dialog.UserID{"e", "d"}, "who joined")
	e.same(out.Change.Left, []dialog.UserID{"b", "a"}, "who left, in the order asked for")
	for u, in := range map[dialog.UserID]bool{"a": false, "b": false, "c": true, "d": true, "e": true, "nobody": false} {
		var want []dialog.ID
		if in {
			want = []dialog.ID{d.ID}
		}
		e.same(e.query(dialog.Query{User: u, Scope: dialog.Mine, Order: orders()[0], Limit: 5}), want, "dialogs of "+string(u))
	}
}

func testNothing(e *env) {
	e.classes()
	made := e.create(user("owner"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("x"), Photo: dialog.Some("p"), Occupants: []dialog.UserID{"a"},
		Admins: []dialog.UserID{"a"}, Custom: custom("Task", map[string]any{"text": "x"}),
	})
	before := e.read(made.ID)
	for i, change := range []dialog.Change{
		{Name: dialog.Some("x"), Photo: dialog.Some("p")},
		{AddOccupants: []dialog.UserID{"a"}, AddAdmins: []dialog.UserID{"a", "owner"}},
		{RemoveOccupants: []dialog.UserID{"nobody"}, RemoveAdmins: []dialog.UserID{"nobody"}},
		{NewOwner: dialog.Some[dialog.UserID]("owner")},
		{Custom: custom("Task", map[string]any{"text": "x", "count": nil})},
		{Custom: custom("Room", map[string]any{"text": nil})},
		{Name: dialog.Some("x"), IfVersion: dialog.Some[int64](1)},
	} {
		e.tick()
		for _, key := range []dialog.Optional[string]{{}, dialog.Some("same key")} {
			change.IdempotencyKey = key
			out := e.update(user("owner"), made.ID, change)
			if out.Change != nil || out.Replayed {
				e.Errorf("change %d finds all as it asks: change %+v, replayed %v", i, out.Change, out.Replayed)
			}
			e.alike(out.Dialog, before, fmt.Sprintf("the answer to change %d", i))
			e.same(e.read(made.ID), before, fmt.Sprintf("the dialog after change %d", i))
		}
	}
	out := e.update(user("owner"), made.ID, dialog.Change{Name: dialog.Some("y"), IdempotencyKey: dialog.Some("same key")})
	if out.Change == nil || out.Replayed {
		e.Error("a change that changed nothing used up its key")
	}
}

func testIfVersion(e *env) {
	d := e.group("owner")
	rename := func(name string, version int64) (dialog.Outcome, error) {
		return e.tryUpdate(user("owner"), d.ID, dialog.Change{Name: dialog.Some(name), IfVersion: dialog.Some(version)})
	}
	if _, err := rename("second", 1); err != nil {
		e.Fatalf("ifVersion of the version: %v", err)
	}
	changed := &dialog.Error{
		Code: dialog.Conflict, Field: "ifVersion", CurrentVersion: 2, Message: "the dialog has changed: its version is now 2",
	}
	for _, version := range []int64{-1 << 63, -1, 0, 1, 3, 1<<32 + 2, 1<<63 - 1} {
		_, err := rename("third", version)
		e.wantError(err, changed, fmt.Sprintf("ifVersion %d at version 2", version))
	}
	e.same(e.read(d.ID).Name, "second", "the name")
	_, err := e.tryUpdate(user("owner"), d.ID, dialog.Change{Delete: true, IfVersion: dialog.Some[int64](1)})
	e.wantError(err, changed, "deleting another version")
	e.update(user("owner"), d.ID, dialog.Change{Delete: true, IfVersion: dialog.Some[int64](2)})
	e.gone(d.ID)
}

func testRefused(e *env) {
	e.limit(func(l *dialog.Limits) { l.Occupants = 4; l.Admins = 1; l.CustomBytes = 20 })
	e.classes()
	d := e.create(user("owner"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("x"), Occupants: []dialog.UserID{"a", "b"}, Admins: []dialog.UserID{"a"},
	})
	other := e.public("owner", "public")
	private := e.private("owner", "a")
	const (
		owner, admin, occupant, outsider = dialog.StandingOwner, dialog.StandingAdmin, dialog.StandingOccupant, dialog.StandingOutsider
	)
	denied := func(rule string, standing dialog.Standing, message string, allowed ...dialog.Standing) *dialog.Error {
		return &dialog.Error{Code: dialog.Forbidden, Message: message, Denial: &dialog.Denial{Rule: rule, Standing: standing, Allowed: allowed}}
	}
	invalid := func(field, message string) *dialog.Error {
		return &dialog.Error{Code: dialog.Invalid, Field: field, Message: message}
	}
	unseen := denied("see", outsider, "only the owner, an admin or an occupant may see this dialog; you are not a member", owner, admin, occupant)
	for _, test := range []struct {
		reason string
		caller dialog.Caller
		id     dialog.ID
		change dialog.Change
		want   *dialog.Error
	}{
		{"an outsider", user("x"), d.ID, dialog.Change{}, unseen},
		{"an outsider with an API key", behalf("x"), d.ID, dialog.Change{}, unseen},
		{
			"an outsider of a public group", user("a"), other.ID,
			dialog.Change{},
			denied("rename", outsider, "only the owner or an admin may change the name or photo; you are not a member", owner, admin),
		},
		{
			"an occupant removes another", user("b"), d.ID,
			dialog.Change{RemoveOccupants: []dialog.UserID{"a"}},
			denied("removeOthers", occupant, "only the owner may remove the owner or an admin; you are an occupant", owner),
		},
		{
			"an admin removes the owner", user("a"), d.ID,
			dialog.Change{RemoveOccupants: []dialog.UserID{"owner"}},
			denied("removeOthers", admin, "only the owner may remove the owner or an admin; you are an admin", owner),
		},
		{
			"an occupant deletes", user("b"), d.ID,
			dialog.Change{Delete: true},
			denied("delete", occupant, "only the owner may delete this dialog; you are an occupant", owner),
		},
		{"a private dialog has no name", user("a"), private.ID, dialog.Change{}, invalid("name", "a private dialog has no name")},
		{
			"a public group has no occupants", server(), other.ID,
			dialog.Change{AddOccupants: []dialog.UserID{"z"}},
			invalid("addOccupants", "occupants cannot be added to a public group"),
		},
		{
			"too many occupants", user("owner"), d.ID,
			dialog.Change{AddOccupants: []dialog.UserID{"c", "d"}},
			invalid("addOccupants", "too many occupants: 5 (limit 4)"),
		},
		{
			"too many admins", user("owner"), d.ID,
			dialog.Change{AddAdmins: []dialog.UserID{"b"}},
			invalid("addAdmins", "too many admins: 2 (limit 1)"),
		},
		{
			"an admin who is not an occupant", user("owner"), d.ID,
			dialog.Change{RemoveAdmins: []dialog.UserID{"a"}, AddAdmins: []dialog.UserID{"z"}},
			invalid("addAdmins", "every admin must also be an occupant"),
		},
		{
			"an owner who is not an occupant", user("owner"), d.ID,
			dialog.Change{NewOwner: dialog.Some[dialog.UserID]("z")},
			invalid("newOwnerId", "the new owner must be an occupant"),
		},
		{
			"too much custom data", user("owner"), d.ID,
			dialog.Change{Custom: custom("Task", map[string]any{"text": "1234567890123456789"})},
			invalid("customData", "too much custom data: 21 bytes (limit 20)"),
		},
	} {
		before := e.read(test.id)
		e.tick()
		if !test.change.Delete {
			test.change.Name, test.change.IdempotencyKey = dialog.Some("renamed"), dialog.Some("key")
		}
		_, err := e.tryUpdate(test.caller, test.id, test.change)
		e.wantError(err, test.want, test.reason)
		e.same(e.read(test.id), before, test.reason+": the dialog")
	}
}

func testHistory(e *env) {
	d := e.group("owner")
	for n := range 2*dialog.HistoryKept + 3 {
		e.tick()
		change := dialog.Change{Name: dialog.Some(fmt.Sprintf("name %d", n))}
		if n%10 == 0 {
			change.IdempotencyKey = dialog.Some("key")
		}
		c := user("owner")
		if n > dialog.HistoryKept/2 && n%10 == 0 { // the key of another actor, or it would be a replay
			c = dialog.Caller{APIKey: fmt.Sprintf("backend %d", n)}
		} else if n%10 == 0 {
			change.IdempotencyKey = dialog.Some(fmt.Sprintf("key %d", n))
		}
		out := e.update(c, d.ID, change)
		got := e.read(d.ID)
		e.alikeRecords(got.History[len(got.History)-1], *out.Change, "the newest record")
		if n > 0 {
			e.same(got.History[len(got.History)-2].Name, fmt.Sprintf("name %d", n-1), "the record before")
		}
	}
}

// testHistoryOfNewcomers: new members also see what happened before they
// joined; former members see nothing.
func testHistoryOfNewcomers(e *env) {
	d := e.group("owner", "old")
	e.tick()
	e.update(user("owner"), d.ID, dialog.Change{Name: dialog.Some("before")})
	e.tick()
	e.update(user("owner"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"new"}, RemoveOccupants: []dialog.UserID{"old"}})
	seen, err := e.svc.Dialog(e.Context(), user("new"), string(d.ID), true)
	if err != nil {
		e.Fatalf("reading as the one who joined: %v", err)
	}
	e.same(seen.History, e.read(d.ID).History, "the history as the one who joined sees it")
	e.same(len(seen.History), 3, "records")
	e.same(seen.History[0].Joined, []dialog.UserID{"owner", "old"}, "the users who were members before")
	e.same(seen.History[1].Name, "before", "the name before")
	_, err = e.svc.Dialog(e.Context(), user("old"), string(d.ID), true)
	if !dialog.IsCode(err, dialog.Forbidden) {
		e.Errorf("reading as the one who left: %v", err)
	}
}

func testClockBack(e *env) {
	d := e.group("owner")
	for i, back := range []time.Duration{time.Hour, -2 * time.Hour, -time.Millisecond, 0, 90 * time.Minute} {
		before := e.read(d.ID)
		e.clock.Move(back)
		out := e.update(user("owner"), d.ID, dialog.Change{Name: dialog.Some(fmt.Sprint(i))})
		got := e.read(d.ID)
		want := before.UpdatedAt
		if now := e.clock.Now(); now.After(want) {
			want = now
		}
		e.same(got.UpdatedAt, want, fmt.Sprintf("updatedAt after step %d", i))
		e.same(out.Dialog.UpdatedAt, want, "updatedAt in the answer")
		e.same(got.History[len(got.History)-1].At, e.clock.Now(), "the record's instant")
		e.same(got.CreatedAt, before.CreatedAt, "createdAt")
	}
}

func testSuccession(e *env) {
	d := e.create(user("o"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("x"), Occupants: []dialog.UserID{"a", "b", "c", "d"}, Admins: []dialog.UserID{"c", "b"},
	})
	for _, step := range []struct {
		reason, leaves, names, owner dialog.UserID
		admins                       []dialog.UserID
	}{
		{"to the longest-standing admin", "o", "", "c", []dialog.UserID{"b"}},
		{"to whom they name", "c", "d", "d", []dialog.UserID{"b"}},
		{"to the last admin", "d", "", "b", nil},
		{"to the longest-standing occupant", "b", "", "a", nil},
	} {
		change := dialog.Change{RemoveOccupants: []dialog.UserID{step.leaves}}
		if step.names != "" {
			change.NewOwner = dialog.Some(step.names)
		}
		out := e.update(user(step.leaves), d.ID, change)
		got := e.read(d.ID)
		e.same(got.Owner, step.owner, string(step.reason))
		e.same(got.Admins, step.admins, string(step.reason)+": admins")
		e.same([]dialog.UserID{out.Change.OldOwner, out.Change.NewOwner}, []dialog.UserID{step.leaves, step.owner}, "the record's owners")
		if !out.Dialog.Deleted {
			e.Errorf("%s: who left still sees the dialog", step.reason)
		}
		e.same(e.query(dialog.Query{User: step.leaves, Scope: dialog.Visible, Order: orders()[0], Limit: 5}), []dialog.ID(nil), "what is left to them")
		owned := dialog.Query{Scope: dialog.Mine, Order: orders()[0], Limit: 5, Filter: dialog.Filter{Owner: step.owner}}
		e.same(e.query(owned), []dialog.ID{d.ID}, "what the new owner owns")
	}
	out := e.update(user("a"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"a"}})
	e.same(out.Change.Kind, dialog.Deleted, "what the last one's leaving is")
	e.gone(d.ID)

	public := e.public("o", "open")
	e.update(user("o"), public.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("anyone"), AddAdmins: []dialog.UserID{"one", "two"}})
	got := e.read(public.ID)
	e.same(got.Owner, dialog.UserID("anyone"), "a public group's owner can be anyone")
	e.same(got.Admins, []dialog.UserID{"one", "two"}, "and so can its admins")
}

func testDeletion(e *env) {
	e.classes()
	for _, make := range []func() dialog.Dialog{
		func() dialog.Dialog {
			return e.create(user("o"), dialog.Creation{
				Type: dialog.Group, Name: dialog.Some("x"), Photo: dialog.Some("p"), Occupants: []dialog.UserID{"a"},
				Admins: []dialog.UserID{"a"}, Custom: custom("Task", map[string]any{"text": "x"}),
			})
		},
		func() dialog.Dialog { return e.private("o", "a") },
		func() dialog.Dialog { return e.public("o", "open") },
	} {
		d := make()
		bystander := e.group("o", "a")
		e.tick()
		out := e.update(user("o"), d.ID, dialog.Change{Delete: true, IdempotencyKey: dialog.Some("k")})
		e.same(out.Change.Kind, dialog.Deleted, "the record's kind")
		e.same(out.Change.Version, int64(2), "the record's version")
		if !out.Dialog.Deleted {
			e.Error("the answer to a deletion is not a tombstone")
		}
		e.gone(d.ID)
		for _, u := range []dialog.UserID{"o", "a"} {
			for _, scope := range []dialog.Scope{dialog.Mine, dialog.Visible} {
				q := dialog.Query{User: u, Scope: scope, Order: orders()[0], Limit: 5}
				e.same(e.query(q), []dialog.ID{bystander.ID}, "dialogs of "+string(u)+" after a deletion")
				n, err := e.store.Count(e.Context(), q)
				if err != nil || n != 1 {
					e.Errorf("%d dialogs of %s after a deletion, %v", n, u, err)
				}
			}
		}
		again := e.update(user("o"), d.ID, dialog.Change{Delete: true, IdempotencyKey: dialog.Some("k")})
		if !again.Replayed || again.Change.Version != 2 {
			e.Errorf("a deletion repeated with its key: %+v", again)
		}
		e.update(user("o"), bystander.ID, dialog.Change{Delete: true})
	}
	empty := dialog.Query{Scope: dialog.Mine, Order: orders()[0], Limit: 5}
	e.same(e.query(empty), []dialog.ID(nil), "all dialogs after all are deleted")
	e.same(e.query(dialog.Query{User: "o", Scope: dialog.Public, Order: orders()[0], Limit: 5}), []dialog.ID(nil), "public ones")
}

func testTombstoneEnd(e *env) {
	d := e.group("o")
	change := dialog.Change{Delete: true, IdempotencyKey: dialog.Some("k")}
	e.update(user("o"), d.ID, change)
	e.clock.Move(dialog.DefaultSyncKept - time.Minute)
	if out := e.update(user("o"), d.ID, change); !out.Replayed {
		e.Error("no replay from a tombstone that is kept")
	}
	e.clock.Move(2 * time.Minute)
	_, err := e.tryUpdate(user("o"), d.ID, change)
	e.wantError(err, dialog.ErrNotFound(), "a replay from a tombstone that is not kept any more")
}

// testLimits lowers limits below the existing data.
func testLimits(e *env) {
	e.classes()
	d := e.create(user("o"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("a long name"), Occupants: []dialog.UserID{"a", "b", "c"}, Admins: []dialog.UserID{"a", "b"},
		Custom: custom("Task", map[string]any{"text": "0123456789", "count": 12345}),
	})
	e.limit(func(l *dialog.Limits) { l.Occupants = 2; l.Admins = 1; l.CustomBytes = 5; l.NameLength = 3 })
	for _, test := range []struct {
		reason string
		change dialog.Change
		code   dialog.Code // zero when allowed
	}{
		{"another photo adds to no list", dialog.Change{Photo: dialog.Some("p")}, 0},
		{"one comes, one goes", dialog.Change{AddOccupants: []dialog.UserID{"d"}, RemoveOccupants: []dialog.UserID{"c"}}, 0},
		{"one more", dialog.Change{AddOccupants: []dialog.UserID{"e"}}, dialog.Invalid},
		{"one admin for another", dialog.Change{AddAdmins: []dialog.UserID{"d"}, RemoveAdmins: []dialog.UserID{"a"}}, 0},
		{"one more admin", dialog.Change{AddAdmins: []dialog.UserID{"a"}}, dialog.Invalid},
		{"less custom data", dialog.Change{Custom: custom("Task", map[string]any{"text": "01234567"})}, 0},
		{"as much custom data", dialog.Change{Custom: custom("Task", map[string]any{"count": 54321})}, 0},
		{"more custom data", dialog.Change{Custom: custom("Task", map[string]any{"flag": true})}, dialog.Invalid},
	} {
		_, err := e.tryUpdate(user("o"), d.ID, test.change)
		if test.code == 0 && err != nil || test.code != 0 && !dialog.IsCode(err, test.code) {
			e.Errorf("%s: %v", test.reason, err)
		}
	}
	got := e.read(d.ID)
	e.same(got.Occupants, []dialog.UserID{"o", "a", "b", "d"}, "occupants")
	e.same(got.Admins, []dialog.UserID{"b", "d"}, "admins")
}
