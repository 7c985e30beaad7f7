package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

func testClasses(e *env) {
	list := func() []dialog.Class {
		e.Helper()
		classes, err := e.store.Classes(e.Context())
		if err != nil {
			e.Fatalf("listing: %v", err)
		}
		return classes
	}
	e.same(list(), []dialog.Class(nil), "classes where there are none")
	save := func(c dialog.Class, want bool, reason string) {
		e.Helper()
		saved, err := e.store.SaveClass(e.Context(), c)
		if err != nil || saved != want {
			e.Errorf("%s: saved %v, %v, want %v", reason, saved, err, want)
		}
	}
	text := dialog.Field{Name: "text", Type: dialog.String}
	texts := dialog.Field{Name: "Text", Type: dialog.Location, List: true}
	save(dialog.Class{Name: "b", Revision: 2}, false, "a second revision of nothing")
	save(dialog.Class{Name: "b", Revision: 1}, true, "a class without fields")
	save(dialog.Class{Name: "b", Revision: 1, Fields: []dialog.Field{text}}, false, "a first revision where there is one")
	save(dialog.Class{Name: "B", Revision: 1, Fields: []dialog.Field{texts, text}}, true, "a class that differs in case")
	save(dialog.Class{Name: "a_9", Revision: 1, Fields: []dialog.Field{text}}, true, "another class")
	save(dialog.Class{Name: "b", Revision: 3, Fields: []dialog.Field{text}}, false, "a revision too far")
	save(dialog.Class{Name: "b", Revision: 2, Fields: []dialog.Field{texts}}, true, "the next revision")
	save(dialog.Class{Name: "b", Revision: 2, Fields: []dialog.Field{text}}, false, "the same revision again")
	e.same(list(), []dialog.Class{
		{Name: "B", Revision: 1, Fields: []dialog.Field{texts, text}},
		{Name: "a_9", Revision: 1, Fields: []dialog.Field{text}},
		{Name: "b", Revision: 2, Fields: []dialog.Field{texts}},
	}, "classes by name, fields in their order")

	// An instance that does not know a class or a field yet looks again.
	other := e.service(e.instance(), dialog.DefaultLimits())
	if _, err := e.svc.DefineClass(e.Context(), server(), "Late", []dialog.Field{text}); err != nil {
		e.Fatalf("defining: %v", err)
	}
	d := e.group("o")
	for _, field := range []string{"text", "more"} {
		if _, err := e.svc.DefineClass(e.Context(), server(), "Late", []dialog.Field{{Name: field, Type: dialog.String}}); err != nil {
			e.Fatalf("defining: %v", err)
		}
		if _, err := other.Update(e.Context(), user("o"), string(d.ID), dialog.Change{Custom: custom("Late", map[string]any{field: "x"})}); err != nil {
			e.Errorf("a field that another instance defined: %v", err)
		}
	}
}

// testClassRace has many instances add a field each, and two types for one.
func testClassRace(e *env) {
	const instances = 16
	other := e.service(e.instance(), dialog.DefaultLimits())
	var refused atomic.Int32
	e.race(instances, func(i int) error {
		svc := e.svc
		if i%2 == 1 {
			svc = other
		}
		if _, err := svc.DefineClass(e.Context(), server(), "Wide", []dialog.Field{{Name: "f" + string(writer(i)), Type: dialog.String}}); err != nil {
			return err
		}
		_, err := svc.DefineClass(e.Context(), server(), "Wide", []dialog.Field{{Name: "both", Type: dialog.FieldType(1 + i%2)}})
		if dialog.IsCode(err, dialog.Invalid) {
			refused.Add(1)
			return nil
		}
		return err
	})
	e.same(refused.Load(), int32(instances/2), "definitions that came after one of another type")
	classes, err := e.store.Classes(e.Context())
	if err != nil || len(classes) != 1 {
		e.Fatalf("classes: %v, %v", classes, err)
	}
	e.same(len(classes[0].Fields), instances+1, "the fields of all")
	e.same(classes[0].Revision, int64(instances+1), "the revision")
}

func testAPIKeyRace(e *env) {
	var added, taken, removed atomic.Int32
	e.race(writers, func(i int) error {
		err := e.addKey("k", fmt.Sprint(i))
		if dialog.IsCode(err, dialog.Conflict) {
			taken.Add(1)
			return nil
		}
		if err == nil {
			added.Add(1)
		}
		return err
	})
	e.same([]int32{added.Load(), taken.Load()}, []int32{1, writers - 1}, "who added the key, and who found its name taken")
	e.race(writers, func(int) error {
		err := e.store.RemoveAPIKey(e.Context(), "k")
		if dialog.IsCode(err, dialog.NotFound) {
			return nil
		}
		if err == nil {
			removed.Add(1)
		}
		return err
	})
	e.same(removed.Load(), int32(1), "who removed it")
}

// methods calls each method of the port once.
func (e *env) methods(store dialog.Store) map[string]func(ctx context.Context) error {
	now := e.clock.Now()
	d := dialog.Dialog{
		ID: "00000000000000000000beef", Type: dialog.Group, Name: "x", Owner: "o", Occupants: []dialog.UserID{"o"},
		CreatedAt: now, UpdatedAt: now, Version: 1,
		History: []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: "o"}, At: now, Joined: []dialog.UserID{"o"}}},
	}
	there := e.group("o").ID
	plan := dialog.Plan{ID: there, Caller: user("o"), Policy: dialog.DefaultPolicy(dialog.DefaultLimits()), At: now, Name: dialog.Some("y")}
	q := dialog.Query{User: "o", Scope: dialog.Mine, Order: orders()[0], Limit: 1}
	return map[string]func(ctx context.Context) error{
		"Ping":    store.Ping,
		"Dialog":  func(ctx context.Context) error { _, err := store.Dialog(ctx, there, false); return err },
		"History": func(ctx context.Context) error { _, err := store.Dialog(ctx, there, true); return err },
		"Dialogs": func(ctx context.Context) error { _, err := store.Dialogs(ctx, q); return err },
		"Count":   func(ctx context.Context) error { _, err := store.Count(ctx, q); return err },
		"Create": func(ctx context.Context) error {
			_, err := store.Create(ctx, dialog.CreatePlan{Dialog: d, Actor: dialog.Actor{User: "o"}})
			return err
		},
		"Scan":    func(ctx context.Context) error { _, err := store.Scan(ctx, "", 1); return err },
		"Restore": func(ctx context.Context) error { return store.Restore(ctx, []dialog.Dialog{d}) },
		"Update":  func(ctx context.Context) error { _, err := store.Update(ctx, plan); return err },
		"Classes": func(ctx context.Context) error { _, err := store.Classes(ctx); return err },
		"SaveClass": func(ctx context.Context) error {
			_, err := store.SaveClass(ctx, dialog.Class{Name: "C", Revision: 1})
			return err
		},
		"AddAPIKey": func(ctx context.Context) error {
			return store.AddAPIKey(ctx, dialog.APIKey{Name: "k", CreatedAt: now})
		},
		"APIKeys":      func(ctx context.Context) error { _, err := store.APIKeys(ctx); return err },
		"RemoveAPIKey": func(ctx context.Context) error { return store.RemoveAPIKey(ctx, "k") },
		"EndSession": func(ctx context.Context) error {
			return store.EndSession(ctx, dialog.EndedSession{ID: "s", Until: now.Add(time.Hour)})
		},
		"SessionsEnded":   func(ctx context.Context) error { _, err := store.SessionsEnded(ctx, []string{"s"}); return err },
		"EndedSessions":   func(ctx context.Context) error { _, err := store.EndedSessions(ctx); return err },
		"UseAPIKey":       func(ctx context.Context) error { return store.UseAPIKey(ctx, "k", now) },
		"SuspendUser":     func(ctx context.Context) error { return store.SuspendUser(ctx, "u", false, time.Time{}) },
		"EndUserSessions": func(ctx context.Context) error { return store.EndUserSessions(ctx, "u", now) },
		"UserAccess":      func(ctx context.Context) error { _, err := store.UserAccess(ctx, []dialog.UserID{"u"}); return err },
		"AllUserAccess":   func(ctx context.Context) error { _, err := store.AllUserAccess(ctx); return err },
		"StartErasure": func(ctx context.Context) error {
			_, err := store.StartErasure(ctx, dialog.Erasure{User: "u"})
			return err
		},
		"Erasures":       func(ctx context.Context) error { _, err := store.Erasures(ctx); return err },
		"AdvanceErasure": func(ctx context.Context) error { _, err := store.AdvanceErasure(ctx, "u", ""); return err },
		"FinishErasure":  func(ctx context.Context) error { _, err := store.FinishErasure(ctx, "u", now); return err },
		"UserKept":       func(ctx context.Context) error { _, err := store.UserKept(ctx, "u"); return err },
		"Traces":         func(ctx context.Context) error { _, err := store.Traces(ctx, "u", "", 1); return err },
		"Scrub":          func(ctx context.Context) error { return store.Scrub(ctx, "u", []dialog.ID{there}) },
	}
}

func testContext(e *env) {
	canceled, cancel := context.WithCancel(e.Context())
	cancel()
	late, cancel := context.WithDeadline(e.Context(), time.Unix(0, 0))
	defer cancel()
	methods := e.methods(e.store)
	for name, call := range methods {
		e.wantError(call(canceled), dialog.ErrUnavailable(nil), name+" with a context that was canceled")
		e.wantError(call(late), dialog.ErrUnavailable(nil), name+" with a deadline that has passed")
	}
	// And the store continues.
	for _, name := range []string{"Ping", "Dialog", "History", "Dialogs", "Count", "Update", "Scan", "Restore", "Classes", "APIKeys", "EndSession", "SessionsEnded", "EndedSessions"} {
		if err := methods[name](e.Context()); err != nil {
			e.Errorf("%s afterwards: %v", name, err)
		}
	}
}

func testClosed(e *env) {
	store := e.open(e)
	methods := e.methods(store)
	for _, name := range []string{"Ping", "Create", "Update", "Restore", "SaveClass", "AddAPIKey", "RemoveAPIKey", "EndSession"} {
		if err := methods[name](e.Context()); err != nil {
			e.Fatalf("%s of an open store: %v", name, err)
		}
	}
	if err := store.Close(); err != nil {
		e.Fatalf("closing: %v", err)
	}
	for name, call := range methods {
		e.wantError(call(e.Context()), dialog.ErrUnavailable(nil), name+" of a closed store")
	}
	if err := store.Close(); err != nil {
		e.Errorf("closing again: %v", err)
	}
	e.read("00000000000000000000beef") // through the instance that is open
}

// testClosingWaits closes a store in the middle of writes: what was
// acknowledged is there, and what was not is Unavailable.
func testClosingWaits(e *env) {
	store := e.open(e)
	svc := e.service(store, dialog.DefaultLimits())
	d := e.group("o")
	var admitted [writers]atomic.Bool
	e.race(writers+1, func(i int) error {
		if i == writers {
			return store.Close()
		}
		_, err := svc.Update(e.Context(), user("o"), string(d.ID), dialog.Change{AddOccupants: []dialog.UserID{writer(i)}})
		if dialog.IsCode(err, dialog.Unavailable) {
			return nil
		}
		admitted[i].Store(err == nil)
		return err
	})
	occupants := e.read(d.ID).Occupants
	for i := range writers {
		if admitted[i].Load() && !slices.Contains(occupants, writer(i)) {
			e.Errorf("writer %d was acknowledged and is not in the dialog", i)
		}
	}
}
