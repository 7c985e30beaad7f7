package storetest

import (
	"fmt"
	"time"

	"dialogs/dialog"
)

// An opKind is what a random operation calls.
type opKind int

const (
	opUpdate opKind = iota
	opCreate
	opGet
	opList
	// opTurn turns to another page of the list before.
	opTurn
	opDefine
	// opWait moves the clock.
	opWait
)

// An Operation is one random call of a [dialog.Service]. It names dialogs by
// the order they were made in, so that the same operations mean the same on
// any store.
type Operation struct {
	kind     opKind
	caller   dialog.Caller
	targets  []int
	creation dialog.Creation
	change   dialog.Change
	request  dialog.ListRequest
	class    string
	fields   []dialog.Field
	wait     time.Duration
}

// A cast has the users and objects of random operations. Casts with different
// prefixes share nothing but public groups and the sight of servers.
type cast struct {
	prefix string // letters and digits, the first a letter; or empty
	choose func(n int) int
}

func (c cast) chance(percent int) bool { return c.choose(100) < percent }

func pick[T any](c cast, from ...T) T { return from[c.choose(len(from))] }

func (c cast) user() dialog.UserID {
	return dialog.UserID(c.prefix + pick(c, "u0", "u1", "u2", "u3", "U0", "u\u00e9"))
}

func (c cast) users(most int) []dialog.UserID {
	var list []dialog.UserID
	for range c.choose(most + 1) {
		list = append(list, c.user())
	}
	return list
}

func (c cast) caller() dialog.Caller {
	backend := c.prefix + pick(c, "backend", "backend", "other")
	switch n := c.choose(20); {
	case n == 0:
		return dialog.Caller{User: dialog.UserID(c.prefix + "stranger")}
	case n < 4:
		return dialog.Caller{APIKey: backend}
	case n < 7:
		return dialog.Caller{User: c.user(), APIKey: backend}
	}
	return dialog.Caller{User: c.user()}
}

func (c cast) name() string {
	return pick(c, "alpha", "Alpha", "BETA", "beta", "\u00c9t\u00e9", "\u00e9t\u00e9", "e\u0301", "stra\u00dfe", "%", "z")
}

func (c cast) key() dialog.Optional[string] {
	if c.chance(70) {
		return dialog.Optional[string]{}
	}
	return dialog.Some(pick(c, "k", "K", "k2"))
}

// class and custom name what is defined, and now and then what is not.
func (c cast) class() string { return c.prefix + pick(c, "Task", "Task", "task") }

func (c cast) custom() []dialog.CustomInput {
	var input []dialog.CustomInput
	for range 1 + c.choose(2) {
		fields := map[string]any{}
		for range 1 + c.choose(2) {
			switch name := pick(c, "text", "count", "Text", "places", "later"); name {
			case "text", "Text", "later":
				fields[name] = pick[any](c, "", "x", "<\"\\\u2028>", "0123456789", nil)
			case "count":
				fields[name] = pick[any](c, 0, 1, int64(9007199254740991), 1.5, nil)
			case "places":
				fields[name] = pick[any](c, []any{}, []any{[]any{1.5, -2.0}}, []any{[]any{1.5, -2.0}, []any{0.0, 0.0}}, nil)
			}
		}
		input = append(input, dialog.CustomInput{Class: c.class(), Fields: fields})
	}
	return input
}

// operation makes a random one. Updates are half of all.
func (c cast) operation() Operation {
	op := Operation{caller: c.caller(), targets: []int{c.choose(64)}}
	switch n := c.choose(100); {
	case n < 48:
		op.kind, op.change = opUpdate, c.change()
	case n < 64:
		op.kind, op.creation = opCreate, c.creation()
	case n < 70:
		op.kind = opGet
	case n < 84:
		op.kind, op.request = opList, c.request()
		for range c.choose(4) {
			op.targets = append(op.targets, c.choose(64))
		}
	case n < 92:
		op.kind = opTurn
		op.request = dialog.ListRequest{}
		c.window(&op.request)
	case n < 95:
		op.kind, op.class, op.caller = opDefine, c.class(), dialog.Caller{APIKey: c.prefix + "backend"}
		op.fields = []dialog.Field{{Name: "later", Type: pick(c, dialog.String, dialog.Integer), List: c.chance(20)}}
	default:
		op.kind = opWait
		op.wait = pick(c, time.Millisecond, time.Millisecond, time.Second, -time.Minute, dialog.KeyKept/2, dialog.KeyKept+time.Minute, dialog.DefaultSyncKept)
	}
	return op
}

func (c cast) creation() dialog.Creation {
	creation := dialog.Creation{
		Type: pick(c, dialog.Group, dialog.Group, dialog.Private, dialog.PublicGroup), IdempotencyKey: c.key(),
	}
	if c.chance(30) {
		creation.Owner = dialog.Some(c.user())
	}
	if creation.Type != dialog.Private {
		creation.Name, creation.Admins = dialog.Some(c.name()), c.users(1)
		if c.chance(30) {
			creation.Photo = dialog.Some(pick(c, "p", "q"))
		}
	}
	if creation.Type != dialog.PublicGroup {
		creation.Occupants = append(c.users(2), c.user())
		creation.Occupants = append(creation.Occupants, creation.Admins...)
	}
	if creation.Type == dialog.Private && c.chance(80) {
		creation.Occupants = creation.Occupants[:1]
	}
	if c.chance(30) {
		creation.Custom = c.custom()
	}
	if c.chance(10) {
		creation.ID = dialog.Some(fmt.Sprintf("%024x", append([]byte(c.prefix), byte(c.choose(4)))))
	}
	return creation
}

func (c cast) change() dialog.Change {
	change := dialog.Change{IdempotencyKey: c.key()}
	if c.chance(6) {
		change.Delete = true
		return change
	}
	if c.chance(30) {
		change.Name = dialog.Some(c.name())
	}
	if c.chance(15) {
		change.Photo = dialog.Some(pick(c, "p", "q"))
	} else if c.chance(10) {
		change.ClearPhoto = true
	}
	if c.chance(35) {
		change.AddOccupants = c.users(3)
	}
	if c.chance(35) {
		change.RemoveOccupants = c.users(2)
	}
	if c.chance(12) {
		change.AddAdmins = c.users(2)
	}
	if c.chance(10) {
		change.RemoveAdmins = c.users(2)
	}
	if c.chance(6) {
		change.NewOwner = dialog.Some(c.user())
	}
	if c.chance(25) {
		change.Custom = c.custom()
	}
	if c.chance(10) {
		change.IfVersion = dialog.Some(int64(1 + c.choose(5)))
	}
	return change
}

func (c cast) request() dialog.ListRequest {
	r := dialog.ListRequest{
		Scope: pick(c, dialog.Mine, dialog.Public, dialog.Visible),
		Order: dialog.Order{Field: pick(c, dialog.ByUpdatedAt, dialog.ByCreatedAt, dialog.ByName), Descending: c.chance(50)},
	}
	if c.chance(50) {
		r.First = dialog.Some(1 + c.choose(4))
	} else if c.chance(70) {
		r.Last = dialog.Some(1 + c.choose(4))
	}
	if c.chance(15) {
		r.Filter.IDs = []string{} // the targets are put in
	}
	if c.chance(15) {
		r.Filter.Types = []dialog.Type{pick(c, dialog.Group, dialog.Private, dialog.PublicGroup), dialog.Group}[c.choose(2):]
	}
	if c.chance(10) {
		r.Filter.Owner = dialog.Some(c.user())
	}
	if c.chance(15) {
		r.Filter.Occupants = c.users(2)
	}
	if c.chance(5) {
		r.Filter.Names = []string{pick(c, "", "a", "E"), pick(c, "A", "\u00e9")}
	}
	if c.chance(5) {
		r.Filter.ExceptNames = []string{pick(c, "", "a", "E")}
	}
	if c.chance(15) {
		r.Filter.NameContains = dialog.Some(pick(c, "a", "E", "\u00e9", "ss", "%"))
	}
	if c.chance(15) {
		r.Filter.Custom = c.custom()
	}
	return r
}

// window bounds a page by places in the page before, which the player turns
// into cursors.
func (c cast) window(r *dialog.ListRequest) {
	if c.chance(70) {
		r.After = dialog.Some(fmt.Sprint(c.choose(4)))
	}
	if c.chance(50) {
		r.Before = dialog.Some(fmt.Sprint(c.choose(4)))
	}
	if c.chance(50) {
		r.First = dialog.Some(1 + c.choose(3))
	} else {
		r.Last = dialog.Some(1 + c.choose(3))
	}
}
