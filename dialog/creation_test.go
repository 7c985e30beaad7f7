package dialog_test

import (
	"bytes"
	"testing"
	"time"

	"dialogs/dialog"
)

func TestCreated(t *testing.T) {
	for _, tt := range []struct {
		reason   string
		caller   dialog.Caller
		creation dialog.Creation
		want     dialog.Dialog // without what every new dialog has
		actor    dialog.Actor
	}{
		{
			"a group: its owner comes first, whatever the order of the input", user(ann),
			dialog.Creation{
				Type: dialog.Group, Name: dialog.Some("Lunch"), Photo: dialog.Some("p"),
				Occupants: ids(cid, ann, bob, cid), Admins: ids(bob, ann, bob),
				Custom: custom("Card", map[string]any{"level": 1.0, "note": nil}),
			},
			dialog.Dialog{
				Type: dialog.Group, Name: "Lunch", Photo: "p", Owner: ann, Occupants: ids(ann, cid, bob), Admins: ids(bob),
				Custom: dialog.CustomData{"Card": {"level": "1"}},
			},
			dialog.Actor{User: ann},
		},
		{
			"a public group by a server: the owner is not an occupant", server(),
			dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some("News"), Owner: dialog.Some(ann), Admins: ids(bob)},
			dialog.Dialog{Type: dialog.PublicGroup, Name: "News", Owner: ann, Admins: ids(bob)},
			dialog.Actor{APIKey: "backend"},
		},
		{
			"a private dialog by a key that acts for ann; empty data is not data",
			dialog.Caller{User: ann, APIKey: "backend"},
			dialog.Creation{Type: dialog.Private, Occupants: ids(bob), Custom: custom("Card", map[string]any{"note": nil})},
			dialog.Dialog{Type: dialog.Private, Owner: ann, Occupants: ids(ann, bob)},
			dialog.Actor{User: ann, APIKey: "backend"},
		},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			p, err := createPlan(t, tt.caller, tt.creation, dialog.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.ID, want.CreatedAt, want.UpdatedAt, want.Version = p.Dialog.ID, noon(), noon(), 1
			want.History = []dialog.Record{{
				Version: 1, Kind: dialog.Created, Actor: tt.actor, At: noon(), Joined: want.Occupants, NewAdmins: want.Admins,
			}}
			wantEqual(t, "plan", p, dialog.CreatePlan{Dialog: want, Actor: tt.actor})
			if _, err := dialog.ParseID("id", string(p.Dialog.ID)); err != nil {
				t.Errorf("the new dialog has the id %s: %v", p.Dialog.ID, err)
			}
		})
	}
}

// TestInputsOfCreations: the same input, however it is spelt, may be repeated
// with its key, and no other.
func TestInputsOfCreations(t *testing.T) {
	base := func() dialog.Creation {
		return dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("Lunch"), Owner: dialog.Some(ann), Occupants: ids(bob, cid), Admins: ids(bob),
			Custom: custom("Card", map[string]any{"level": 1}), IdempotencyKey: dialog.Some("once"),
		}
	}
	first, err := createPlan(t, server(), base(), dialog.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		reason string
		change func(*dialog.Creation)
		same   bool
	}{
		{"nothing", func(*dialog.Creation) {}, true},
		{"a name twice in a list", func(c *dialog.Creation) { c.Occupants = ids(bob, cid, bob) }, true},
		{"the owner among the occupants", func(c *dialog.Creation) { c.Occupants = ids(ann, bob, cid) }, true},
		{"a number spelt otherwise", func(c *dialog.Creation) { c.Custom = custom("Card", map[string]any{"level": 1.0}) }, true},
		{"type", func(c *dialog.Creation) { c.Type, c.Occupants = dialog.PublicGroup, nil }, false},
		{"name", func(c *dialog.Creation) { c.Name = dialog.Some("Dinner") }, false},
		{"photo", func(c *dialog.Creation) { c.Photo = dialog.Some("p") }, false},
		{"owner", func(c *dialog.Creation) { c.Owner = dialog.Some(dan) }, false},
		{"occupants", func(c *dialog.Creation) { c.Occupants = ids(bob) }, false},
		{"their order, in which they join", func(c *dialog.Creation) { c.Occupants = ids(cid, bob) }, false},
		{"admins", func(c *dialog.Creation) { c.Admins = nil }, false},
		{"custom data", func(c *dialog.Creation) { c.Custom = custom("Card", map[string]any{"level": 2}) }, false},
		{"id", func(c *dialog.Creation) { c.ID = dialog.Some(dialogID) }, false},
	} {
		creation := base()
		tt.change(&creation)
		p, err := createPlan(t, server(), creation, dialog.DefaultLimits())
		if err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		err = p.CheckReplay(first.InputHash)
		if tt.same && err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
		if !tt.same {
			wantError(t, err, dialog.Invalid, "idempotencyKey")
		}
	}
}

// TestPair: two users have one private dialog, no matter which of them created it.
func TestPair(t *testing.T) {
	for _, tt := range []struct {
		maker, other dialog.UserID
	}{{"a", "b"}, {"b", "a"}} {
		p, err := createPlan(t, user(tt.maker), dialog.Creation{Type: dialog.Private, Occupants: ids(tt.other)}, dialog.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if a, b, ok := p.Pair(); a != "a" || b != "b" || !ok {
			t.Errorf("%s and %s are the pair %s, %s, %t", tt.maker, tt.other, a, b, ok)
		}
	}
	two := group(ann, bob)
	if _, _, ok := two.Pair(); ok {
		t.Error("a group of two is unique for them")
	}
}

// TestCreateThroughService: what a caller gets of a dialog that is there
// already, and of one that they may no longer see.
func TestCreateThroughService(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	create := func(c dialog.Caller, creation dialog.Creation) dialog.CreateOutcome {
		t.Helper()
		out, err := service.Create(t.Context(), c, creation)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := create(user(ann), dialog.Creation{Type: dialog.Private, Occupants: ids(bob)})
	second := create(user(bob), dialog.Creation{Type: dialog.Private, Occupants: ids(ann), Custom: custom("Card", map[string]any{"note": "x"})})
	if !first.Created || second.Created || second.Dialog.ID != first.Dialog.ID || second.Dialog.Custom != nil {
		t.Errorf("the pair's second creation came to %+v", second)
	}

	lunch := dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: ids(bob), IdempotencyKey: dialog.Some("once")}
	made := create(user(ann), lunch)
	if again := create(user(ann), lunch); again.Created || again.Dialog.ID != made.Dialog.ID || again.Dialog.Deleted {
		t.Errorf("the repetition came to %+v", again)
	}
	if _, err := service.Update(t.Context(), user(ann), string(made.Dialog.ID), dialog.Change{RemoveOccupants: ids(ann)}); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "the repetition after ann left", create(user(ann), lunch),
		dialog.CreateOutcome{Dialog: dialog.Dialog{ID: made.Dialog.ID, Deleted: true}})

	_, err := service.Create(t.Context(), dialog.Caller{}, dialog.Creation{})
	wantError(t, err, dialog.Unauthenticated, "")
}

func TestNewID(t *testing.T) {
	at := time.Unix(0x697dd2c0, 0)
	id, err := dialog.NewID(at, bytes.NewReader([]byte{1, 2, 3, 4, 5, 6, 7, 0xff}))
	if err != nil || id != "697dd2c0"+"01020304050607ff" {
		t.Errorf("got %s, %v", id, err)
	}
	if _, err := dialog.NewID(at, bytes.NewReader([]byte{1, 2, 3})); err == nil {
		t.Error("an id was made of too little randomness")
	}
}
