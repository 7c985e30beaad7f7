package dialog_test

import (
	"testing"

	"dialogs/dialog"
)

func TestCallers(t *testing.T) {
	onBehalf := dialog.Caller{User: ann, APIKey: "backend"}
	d := full() // ann owns it, bob is admin, cid an occupant
	for _, tt := range []struct {
		caller   dialog.Caller
		kind     dialog.CallerKind
		standing dialog.Standing
	}{
		{dialog.Caller{}, dialog.Anonymous, dialog.StandingOutsider},
		{user(ann), dialog.User, dialog.StandingOwner},
		{onBehalf, dialog.User, dialog.StandingOwner},
		{user(bob), dialog.User, dialog.StandingAdmin},
		{user(cid), dialog.User, dialog.StandingOccupant},
		{user(eve), dialog.User, dialog.StandingOutsider},
		{user("ANN"), dialog.User, dialog.StandingOutsider},
		{server(), dialog.Server, dialog.StandingServer},
	} {
		if tt.caller.Kind() != tt.kind || d.Standing(tt.caller) != tt.standing {
			t.Errorf("%v is of kind %d and %s", tt.caller, tt.caller.Kind(), d.Standing(tt.caller))
		}
		if tt.kind == dialog.User && d.StandingOf(tt.caller.User) != tt.standing {
			t.Errorf("%s is %s", tt.caller.User, d.StandingOf(tt.caller.User))
		}
	}
}

// TestActors: a user is one actor however they signed in; a server is its key.
func TestActors(t *testing.T) {
	onBehalf := dialog.Actor{User: ann, APIKey: "backend"}
	for _, tt := range []struct {
		reason string
		a, b   dialog.Actor
		same   bool
	}{
		{"a user", dialog.Actor{User: ann}, dialog.Actor{User: ann}, true},
		{"a user by a key", dialog.Actor{User: ann}, onBehalf, true},
		{"a user by two keys", onBehalf, dialog.Actor{User: ann, APIKey: "other"}, true},
		{"two users by one key", onBehalf, dialog.Actor{User: bob, APIKey: "backend"}, false},
		{"a user and the key they came with", onBehalf, dialog.Actor{APIKey: "backend"}, false},
		{"a key", dialog.Actor{APIKey: "backend"}, dialog.Actor{APIKey: "backend"}, true},
		{"two keys", dialog.Actor{APIKey: "backend"}, dialog.Actor{APIKey: "other"}, false},
		{"a user who has a key's name", dialog.Actor{User: "backend"}, dialog.Actor{APIKey: "backend"}, false},
	} {
		if same := tt.a.Identity() == tt.b.Identity(); same != tt.same {
			t.Errorf("%s: one identity is %t", tt.reason, same)
		}
	}
}
