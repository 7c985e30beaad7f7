package storetest

import (
	"fmt"
	"strings"
	"time"

	"dialogs/dialog"
)

// classFields are a field of each type, and a list of each.
func classFields() []dialog.Field {
	var fields []dialog.Field
	for _, f := range []dialog.Field{
		{Name: "flag", Type: dialog.Boolean},
		{Name: "count", Type: dialog.Integer},
		{Name: "ratio", Type: dialog.Float},
		{Name: "text", Type: dialog.String},
		{Name: "due", Type: dialog.DateTime},
		{Name: "place", Type: dialog.Location},
	} {
		fields = append(fields, f, dialog.Field{Name: f.Name + "s", Type: f.Type, List: true})
	}
	return fields
}

// classes defines the two classes that tests use.
func (e *env) classes() {
	e.Helper()
	for _, name := range []string{"Task", "Room"} {
		e.define(dialog.Class{Name: name, Fields: classFields()})
	}
}

func (e *env) define(c dialog.Class) {
	e.Helper()
	if _, err := e.svc.DefineClass(e.Context(), server(), c.Name, c.Fields); err != nil {
		e.Fatalf("defining %s: %v", c.Name, err)
	}
}

// custom is the input that sets fields of one class.
func custom(class string, fields map[string]any) []dialog.CustomInput {
	return []dialog.CustomInput{{Class: class, Fields: fields}}
}

func testFaithful(e *env) {
	e.classes()
	made := e.create(user("owner"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("A name"), Photo: dialog.Some("photo-1"),
		Occupants: []dialog.UserID{"zoe", "adam", "mia"}, Admins: []dialog.UserID{"mia", "adam"},
		Custom:         custom("Task", map[string]any{"text": "x", "counts": []any{1, 2}}),
		IdempotencyKey: dialog.Some("key"),
	})
	for i, change := range []dialog.Change{
		{Name: dialog.Some("Another")},
		{Photo: dialog.Some("photo-2"), IdempotencyKey: dialog.Some("key 2")},
		{AddOccupants: []dialog.UserID{"ben", "ann"}, RemoveOccupants: []dialog.UserID{"zoe", "nobody"}},
		{AddAdmins: []dialog.UserID{"ben"}, RemoveAdmins: []dialog.UserID{"adam"}},
		{NewOwner: dialog.Some[dialog.UserID]("mia")},
	} {
		e.clock.Move(time.Duration(i) * time.Minute)
		c := user("owner")
		if i == 1 {
			c = behalf("owner")
		}
		made = e.update(c, made.ID, change).Dialog
	}
	got := e.read(made.ID)
	e.alike(got, made, "the dialog as it was answered and as it is read")
	t0, t1, t2, t3, t4 := made.CreatedAt, made.CreatedAt, made.CreatedAt.Add(1*time.Minute), made.CreatedAt.Add(3*time.Minute), made.CreatedAt.Add(6*time.Minute)
	owner := dialog.Actor{User: "owner"}
	want := []dialog.Record{
		{
			Version: 1, Kind: dialog.Created, Actor: owner, At: t0, Key: "key",
			Joined: []dialog.UserID{"owner", "zoe", "adam", "mia"}, NewAdmins: []dialog.UserID{"mia", "adam"},
		},
		{Version: 2, Kind: dialog.Updated, Actor: owner, At: t1, Changed: []dialog.Aspect{dialog.AspectName}, Name: "Another"},
		{
			Version: 3, Kind: dialog.Updated, Actor: dialog.Actor{User: "owner", APIKey: "backend"}, At: t2, Key: "key 2",
			Changed: []dialog.Aspect{dialog.AspectPhoto},
		},
		{
			Version: 4, Kind: dialog.Updated, Actor: owner, At: t3, Changed: []dialog.Aspect{dialog.AspectOccupants},
			Joined: []dialog.UserID{"ben", "ann"}, Left: []dialog.UserID{"zoe"},
		},
		{
			Version: 5, Kind: dialog.Updated, Actor: owner, At: t4, Changed: []dialog.Aspect{dialog.AspectAdmins},
			NewAdmins: []dialog.UserID{"ben"}, LostAdmins: []dialog.UserID{"adam"},
		},
		{
			Version: 6, Kind: dialog.Updated, Actor: owner, At: t4.Add(4 * time.Minute),
			Changed: []dialog.Aspect{dialog.AspectAdmins, dialog.AspectOwner}, LostAdmins: []dialog.UserID{"mia"},
			NewOwner: "mia", OldOwner: "owner",
		},
	}
	for i := range got.History {
		if (got.History[i].InputHash == "") != (want[i].Key == "") {
			e.Errorf("record %d: key %q with input hash %q", i, want[i].Key, got.History[i].InputHash)
		}
		want[i].InputHash = got.History[i].InputHash
	}
	e.same(got.History, want, "the history")
	e.same(got.Occupants, []dialog.UserID{"owner", "adam", "mia", "ben", "ann"}, "occupants")
	e.same(got.Admins, []dialog.UserID{"ben"}, "admins")
	bare, err := e.store.Dialog(e.Context(), made.ID, false)
	if err != nil {
		e.Fatalf("reading without history: %v", err)
	}
	got.History = nil
	e.same(bare, got, "the dialog without its history")
	page, err := e.store.Dialogs(e.Context(), dialog.Query{User: "mia", Scope: dialog.Mine, Order: orders()[0], Limit: 1})
	if err != nil {
		e.Fatalf("listing: %v", err)
	}
	e.same(page, []dialog.Dialog{bare}, "the dialog in a list")
}

func testInstants(e *env) {
	for _, at := range []time.Time{
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2038, 1, 19, 3, 14, 8, 1_000_000, time.UTC),
		time.Date(2026, 3, 29, 2, 30, 0, 123_456_789, time.FixedZone("CEST", 2*60*60)),
		time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
	} {
		e.clock.Set(at)
		d := e.read(e.group("owner").ID)
		want := at.UTC().Truncate(time.Millisecond)
		e.same([]time.Time{d.CreatedAt, d.UpdatedAt, d.History[0].At}, []time.Time{want, want, want}, fmt.Sprintf("instants of %v", at))
	}
}

func testEmpty(e *env) {
	e.classes()
	public := e.read(e.public("owner", "empty").ID)
	e.same(public.Occupants, []dialog.UserID(nil), "occupants of a public group")
	e.same(public.Admins, []dialog.UserID(nil), "admins of a public group")
	e.same(public.Custom, dialog.CustomData(nil), "custom data of a new dialog")
	e.same(public.Photo, "", "the photo of a new dialog")
	e.same(public.History[0].Changed, []dialog.Aspect(nil), "what a creation changed")
	e.same(public.History[0].Joined, []dialog.UserID(nil), "who joined a public group")

	group := e.create(user("owner"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("x"), Photo: dialog.Some("p"), Occupants: []dialog.UserID{"a"},
		Admins: []dialog.UserID{"a"}, Custom: custom("Task", map[string]any{"text": "x"}),
	})
	e.update(user("owner"), group.ID, dialog.Change{
		ClearPhoto: true, RemoveAdmins: []dialog.UserID{"a"}, Custom: custom("Task", map[string]any{"text": nil}),
	})
	got := e.read(group.ID)
	e.same(got.Admins, []dialog.UserID(nil), "admins after the last went")
	e.same(got.Custom, dialog.CustomData(nil), "custom data after the last field went")
	e.same(got.Photo, "", "a photo that was cleared")
	e.same(got.History[1].Joined, []dialog.UserID(nil), "who joined in a change that added nobody")

	e.update(user("owner"), group.ID, dialog.Change{Custom: custom("Task", map[string]any{"text": "", "texts": []any{}})})
	e.same(e.read(group.ID).Custom, dialog.CustomData{"Task": {"text": `""`, "texts": "[]"}}, "empty text and an empty list are values")

	page, err := e.store.Dialogs(e.Context(), dialog.Query{User: "nobody", Scope: dialog.Mine, Order: orders()[0], Limit: 5})
	if err != nil {
		e.Fatalf("listing: %v", err)
	}
	e.same(page, []dialog.Dialog(nil), "a page without dialogs")
	keys, err := e.store.APIKeys(e.Context())
	if err != nil || keys != nil {
		e.Errorf("keys where there are none: %v, %v", keys, err)
	}
}

func testMissing(e *env) {
	there := e.group("owner")
	for _, id := range []dialog.ID{"000000000000000000000000", "ffffffffffffffffffffffff", flipped(there.ID)} {
		e.gone(id)
		_, err := e.tryUpdate(server(), id, dialog.Change{Name: dialog.Some("x"), IdempotencyKey: dialog.Some("k")})
		e.wantError(err, dialog.ErrNotFound(), "updating with a key what is not there")
		_, err = e.tryUpdate(server(), id, dialog.Change{Name: dialog.Some("x"), IfVersion: dialog.Some[int64](1)})
		e.wantError(err, dialog.ErrNotFound(), "updating with ifVersion what is not there")
	}
}

// flipped differs from the id in its last digit.
func flipped(id dialog.ID) dialog.ID {
	last := "0"
	if strings.HasSuffix(string(id), last) {
		last = "1"
	}
	return id[:len(id)-1] + dialog.ID(last)
}

func testInstances(e *env) {
	e.classes()
	other := e.instance()
	svc := e.service(other, dialog.DefaultLimits())
	d := e.group("owner", "a")
	out, err := svc.Update(e.Context(), user("a"), string(d.ID), dialog.Change{
		Name: dialog.Some("from the other"), Custom: custom("Room", map[string]any{"flag": true}),
	})
	if err != nil {
		e.Fatalf("updating through another instance: %v", err)
	}
	e.alike(e.read(d.ID), out.Dialog, "what another instance wrote")
	if err := e.store.AddAPIKey(e.Context(), dialog.APIKey{Name: "k", CreatedAt: start()}); err != nil {
		e.Fatalf("adding a key: %v", err)
	}
	keys, err := other.APIKeys(e.Context())
	if err != nil || len(keys) != 1 {
		e.Errorf("keys through another instance: %v, %v", keys, err)
	}
	before := e.read(d.ID)
	third := e.open(e)
	if err := third.Close(); err != nil {
		e.Fatalf("closing: %v", err)
	}
	reopened := e.instance()
	after, err := reopened.Dialog(e.Context(), d.ID, true)
	if err != nil {
		e.Fatalf("reading after opening again: %v", err)
	}
	e.same(after, before, "the dialog after opening again")
}
