package dialogtest

import "dialogs/dialog"

// KeyName is the name of the API key that the table's servers use.
const KeyName = "backend"

// People are the users that a cell of the table is about. Their roles exist as far
// as the dialog's type has them: a PublicGroup has no occupants, and a Private
// dialog has no admins and one occupant besides its owner.
type People struct {
	Owner, Admin, OtherAdmin, Occupant, OtherOccupant dialog.UserID
	// Outsider is a caller without a role, Newcomer a user to be added.
	Outsider, Newcomer dialog.UserID
}

// Named returns people whose ids have this prefix, so that many cells can be tried
// on one server without knowing each other.
func Named(prefix string) People {
	user := func(name string) dialog.UserID { return dialog.UserID(prefix + name) }
	return People{
		Owner: user("owner"), Admin: user("admin"), OtherAdmin: user("other-admin"),
		Occupant: user("occupant"), OtherOccupant: user("other-occupant"),
		Outsider: user("outsider"), Newcomer: user("newcomer"),
	}
}

// With returns the user with the standing; nobody for a server.
func (p People) With(s dialog.Standing) dialog.UserID {
	switch s {
	case dialog.StandingOwner:
		return p.Owner
	case dialog.StandingAdmin:
		return p.Admin
	case dialog.StandingOccupant:
		return p.Occupant
	case dialog.StandingOutsider:
		return p.Outsider
	}
	return ""
}

// Creation is the dialog that a cell is tried on, as a server creates it. It needs
// the class of [Class].
func (p People) Creation(t dialog.Type) dialog.Creation {
	c := dialog.Creation{
		Type:   t,
		Name:   dialog.Some("Lunch"),
		Photo:  dialog.Some("https://photos.example/lunch"),
		Owner:  dialog.Some(p.Owner),
		Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"note": "as it was"}}},
	}
	switch t {
	case dialog.PublicGroup:
		c.Admins = []dialog.UserID{p.Admin, p.OtherAdmin}
	case dialog.Group:
		c.Admins = []dialog.UserID{p.Admin, p.OtherAdmin}
		c.Occupants = []dialog.UserID{p.Admin, p.OtherAdmin, p.Occupant, p.OtherOccupant}
	case dialog.Private:
		c.Name, c.Photo = dialog.Optional[string]{}, dialog.Optional[string]{}
		c.Occupants = []dialog.UserID{p.Occupant}
	}
	return c
}

// Class is a custom class with a field of each type.
func Class() dialog.Class {
	return dialog.Class{Name: "Card", Revision: 1, Fields: []dialog.Field{
		{Name: "open", Type: dialog.Boolean},
		{Name: "level", Type: dialog.Integer},
		{Name: "weight", Type: dialog.Float},
		{Name: "note", Type: dialog.String},
		{Name: "due", Type: dialog.DateTime},
		{Name: "place", Type: dialog.Location},
		{Name: "tags", Type: dialog.String, List: true},
	}}
}
