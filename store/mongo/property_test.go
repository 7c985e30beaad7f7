package mongo_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/mongo"
	"dialogs/store/mongo/mongotest"
	"dialogs/store/storetest"
)

// Whenever the filter of the single command matches, Decide must allow the change and have
// the same result. Most of these random changes are allowed, and close to one of the
// limits.
func TestTheOneCommandIsWhatDecideSays(t *testing.T) {
	t.Parallel()
	var straight, long atomic.Int64
	store := &witness{
		Store:    open(t, mongotest.URI(t), mongo.Options{Monitor: recorder()}),
		straight: &straight, long: &long,
	}
	t.Cleanup(func() { closeStore(t, store) })
	limits := dialog.DefaultLimits()
	limits.Occupants, limits.Admins, limits.CustomBytes = 6, 2, 60
	clock := storetest.NewClock(time.Now())
	service := dialog.NewService(store, dialog.DefaultPolicy(limits), clock.Now, nil)
	if _, err := service.DefineClass(t.Context(), dialog.Caller{APIKey: "k"}, "C", []dialog.Field{
		{Name: "a", Type: dialog.String}, {Name: "b", Type: dialog.String}, {Name: "n", Type: dialog.Integer, List: true},
	}); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(dialogtest.Times(40, 400)) {
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		made, err := service.Create(t.Context(), dialog.Caller{User: "u0"}, g.creation())
		if err != nil {
			t.Fatalf("seed %d: creating: %v", seed, err)
		}
		for n := range 20 {
			clock.Move(time.Duration(g.pick(-1, 5, 7)) * time.Millisecond)
			caller, change := g.caller(), g.change()
			_, err := service.Update(t.Context(), caller, string(made.Dialog.ID), change)
			if failed := new(dialog.Error); err != nil && !errors.As(err, &failed) {
				t.Fatalf("seed %d, change %d, %+v by %+v: %v", seed, n, change, caller, err)
			}
		}
	}
	t.Logf("%d changes by one command, %d the long way", straight.Load(), long.Load())
	if straight.Load() < 100 || long.Load() < 100 {
		t.Errorf("too few changes to tell: %d by one command, %d the long way", straight.Load(), long.Load())
	}
}

// A generator makes random changes of a dialog that u0 owns.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...int) int { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) users(most int) []dialog.UserID {
	var list []dialog.UserID
	for _, n := range g.Perm(9)[:1+g.IntN(most)] {
		list = append(list, dialog.UserID(fmt.Sprint("u", n)))
	}
	return list
}

func (g generator) creation() dialog.Creation {
	name := dialog.Some("name")
	switch g.pick(1, 2, 2, 2, 3) {
	case 1:
		return dialog.Creation{Type: dialog.PublicGroup, Name: name, Admins: []dialog.UserID{"u1"}}
	case 3:
		return dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"u1"}}
	}
	return dialog.Creation{
		Type: dialog.Group, Name: name, Occupants: []dialog.UserID{"u1", "u2", "u3"}, Admins: []dialog.UserID{"u1"},
	}
}

func (g generator) caller() dialog.Caller {
	switch g.pick(0, 0, 0, 0, 1, 1, 2, 3, 4) {
	case 1:
		return dialog.Caller{APIKey: "k"}
	case 2:
		return dialog.Caller{User: "u1"}
	case 3:
		return dialog.Caller{User: "u2", APIKey: "k"}
	case 4:
		return dialog.Caller{User: "u7"}
	}
	return dialog.Caller{User: "u0"}
}

func (g generator) change() dialog.Change {
	if g.chance(1) {
		return dialog.Change{Delete: true}
	}
	var c dialog.Change
	if g.chance(30) {
		c.Name = dialog.Some(fmt.Sprint("name ", g.IntN(9)))
	}
	switch g.pick(0, 1, 1, 1, 2, 2, 3, 4, 5, 6) {
	case 1:
		c.AddOccupants = g.users(1 + g.IntN(2))
	case 2:
		c.RemoveOccupants = g.users(1 + g.IntN(2))
	case 3:
		c.AddOccupants, c.RemoveOccupants = g.users(1), g.users(1)
	case 4:
		c.Photo = dialog.Some(fmt.Sprint("photo ", g.IntN(5)))
	case 5:
		c.AddAdmins = g.users(1)
	case 6:
		c.RemoveAdmins = g.users(1)
	}
	if g.chance(50) || c.Name.Value == "" {
		c.Custom = g.custom()
	}
	if g.chance(20) {
		c.IdempotencyKey = dialog.Some(fmt.Sprint("key ", g.IntN(9)))
	}
	if g.chance(5) {
		c.IfVersion = dialog.Some(int64(g.pick(1, 2, 3, 4)))
	}
	return c
}

func (g generator) custom() []dialog.CustomInput {
	fields := map[string]any{}
	for _, name := range []string{"a", "b"} {
		if g.chance(60) {
			fields[name] = strings.Repeat("x", g.pick(0, 1, 5, 11, 12, 13))
		} else if g.chance(30) {
			fields[name] = nil
		}
	}
	if g.chance(30) {
		fields["n"] = []any{g.pick(1, 2)}
	}
	return []dialog.CustomInput{{Class: "C", Fields: fields}}
}
