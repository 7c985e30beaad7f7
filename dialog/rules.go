package dialog

// An Act is one kind of thing that a change does. The acts are in the order
// of the table's rows: of several denials, the first row is reported.
type Act int

// The acts, in the order of the table's rows.
const (
	See Act = iota
	Rename
	AddOccupants
	Leave
	// RemoveOthers removes occupants who are neither the owner nor an admin.
	RemoveOthers
	// RemoveManagers removes the owner or an admin.
	RemoveManagers
	SetCustomData
	// ChangeAdmins appoints admins, and removes the role from others.
	ChangeAdmins
	// StepDown is an admin who gives up their own role.
	StepDown
	Transfer
	Delete
)

// A Rule is one row of the table: who may do an act to a dialog of each type.
type Rule struct {
	// Name is the act as callers know it, from the schema's viewerCan… fields.
	Name string
	// The roles that may do it; none where the type has no such act.
	PublicGroup, Group, Private Roles
}

// Rules is the rule table: one row for each act.
type Rules [Delete + 1]Rule

const (
	// malformed marks an act that a type does not have: asking for it is bad
	// input for every caller.
	malformed Roles = 0
	anyone          = Owner | Admin | Occupant | Outsider
	members         = Owner | Admin | Occupant
	managers        = Owner | Admin
)

// defaultRules is the table of the built-in policy. Where QuickBlox documents
// a rule ("Update dialog": private, group, public group), the row follows it.
//
// RemoveManagers and StepDown are exceptions to the rows above them: an admin
// removes neither the owner nor another admin, and an admin may give up their
// own role. Callers know each by the name of the row that it belongs to.
//
// The row See is also applied in another place: the lists of each engine select what
// the caller may see by the owner, the admins, the occupants and the type
// (inScope in store/memory, table member in store/sqlite, listedFor in
// store/mongo). A change to this row needs the same change there; the test
// "lists show what may be seen" of package storetest fails where they differ.
func defaultRules() Rules {
	return Rules{
		//               Name             PublicGroup  Group      Private
		See:            {"see", anyone, members, Occupant},
		Rename:         {"rename", managers, members, malformed},
		AddOccupants:   {"addOccupants", malformed, members, malformed},
		Leave:          {"leave", malformed, Occupant, malformed},
		RemoveOthers:   {"removeOthers", malformed, managers, malformed},
		RemoveManagers: {"removeOthers", malformed, Owner, malformed},
		SetCustomData:  {"setCustomData", managers, members, Occupant},
		ChangeAdmins:   {"changeAdmins", Owner, Owner, malformed},
		StepDown:       {"changeAdmins", Admin, Admin, malformed},
		Transfer:       {"transfer", Owner, Owner, malformed},
		Delete:         {"delete", Owner, Owner, Occupant},
	}
}

// Allows returns the roles that may do the act to a dialog of this type; none
// when the type has no such act.
func (r *Rules) Allows(a Act, t Type) Roles {
	switch t {
	case PublicGroup:
		return r[a].PublicGroup
	case Group:
		return r[a].Group
	case Private:
		return r[a].Private
	}
	return malformed
}
