package dialog

import "slices"

// Roles is a set of what somebody can be to a dialog.
type Roles uint8

// The roles. Somebody may hold several: the owner of a Group is an occupant
// too. Outsider is the role of whoever holds no other.
const (
	Owner Roles = 1 << iota
	Admin
	Occupant
	Outsider
)

// An Act is one kind of thing that a change does. Its order is that of the
// table, which decides which of several denials is named.
type Act int

// The acts, in the order of the table's rows.
const (
	See Act = iota
	Rename
	AddOccupants
	Leave
	// RemoveOthers removes occupants who are no more than that.
	RemoveOthers
	// RemoveChiefs removes the owner or an admin.
	RemoveChiefs
	SetCustomData
	// ChangeAdmins names and dismisses others as admins.
	ChangeAdmins
	// StepDown is an admin who dismisses himself alone.
	StepDown
	Transfer
	Delete
)

const (
	// malformed marks a cell whose act does not exist for the type: nobody
	// may, and asking for it is bad input rather than forbidden.
	malformed Roles = 0
	anyone          = Owner | Admin | Occupant | Outsider
	members         = Owner | Admin | Occupant
	chiefs          = Owner | Admin
)

// A rule is one row of the table: who may do the act to a dialog of each type.
type rule struct {
	name                        string
	publicGroup, group, private Roles
}

// rules is the whole truth of who may do what. RemoveChiefs and StepDown are
// rows of their own for what the design writes in brackets (an admin: not the
// owner, no other admin; an admin: himself, to step down), and are told to
// callers by the name of the row they belong to. Where QuickBlox documents a
// rule ("Update dialog": private, group, public group), the row follows it.
var rules = [...]rule{
	//              name             PUBLIC_GROUP  GROUP      PRIVATE
	See:           {"see", anyone, members, Occupant},
	Rename:        {"rename", chiefs, members, malformed},
	AddOccupants:  {"addOccupants", malformed, members, malformed},
	Leave:         {"leave", malformed, Occupant, malformed},
	RemoveOthers:  {"removeOthers", malformed, chiefs, malformed},
	RemoveChiefs:  {"removeOthers", malformed, Owner, malformed},
	SetCustomData: {"setCustomData", chiefs, members, Occupant},
	ChangeAdmins:  {"changeAdmins", Owner, Owner, malformed},
	StepDown:      {"changeAdmins", Admin, Admin, malformed},
	Transfer:      {"transfer", Owner, Owner, malformed},
	Delete:        {"delete", Owner, Owner, Occupant},
}

// Rule tells the name by which callers know the act.
func (a Act) Rule() string { return rules[a].name }

// Allows tells who may do the act to a dialog of this type; none when the act
// is malformed for it.
func (a Act) Allows(t Type) Roles {
	switch t {
	case PublicGroup:
		return rules[a].publicGroup
	case Group:
		return rules[a].group
	case Private:
		return rules[a].private
	}
	return malformed
}

// Can tells whether the caller may do the act to the dialog. A server may do
// whatever is not malformed, but has no self to leave with or to step down.
func (d *Dialog) Can(c Caller, a Act) bool {
	if c.Kind() == Server && (a == Leave || a == StepDown) {
		return false
	}
	return a.Allows(d.Type)&d.Roles(c) != 0
}

// A Standing is the highest of the roles that somebody holds.
type Standing int

// The standings, the highest first.
const (
	StandingServer Standing = iota + 1
	StandingOwner
	StandingAdmin
	StandingOccupant
	StandingOutsider
)

// String gives the standing's name in the schema.
func (s Standing) String() string {
	switch s {
	case StandingServer:
		return "SERVER"
	case StandingOwner:
		return "OWNER"
	case StandingAdmin:
		return "ADMIN"
	case StandingOccupant:
		return "OCCUPANT"
	case StandingOutsider:
		return "OUTSIDER"
	}
	return "UNKNOWN"
}

// Standing is the highest role of the set.
func (r Roles) Standing() Standing { return r.standings()[0] }

// standings lists the set, the highest first; never empty.
func (r Roles) standings() []Standing {
	var all []Standing
	for i, s := range []Standing{StandingOwner, StandingAdmin, StandingOccupant} {
		if r&(1<<i) != 0 {
			all = append(all, s)
		}
	}
	if r&Outsider != 0 || len(all) == 0 {
		all = append(all, StandingOutsider)
	}
	return all
}

// CanRemove tells whether the caller may remove this occupant; for himself, leave.
func (d *Dialog) CanRemove(c Caller, target UserID) bool {
	return d.Can(c, d.removal(c, target))
}

// CanChangeAdmin tells whether the caller may make this occupant an admin or
// dismiss him as one. The owner is never an admin.
func (d *Dialog) CanChangeAdmin(c Caller, target UserID) bool {
	if target == d.Owner {
		return false
	}
	return d.Can(c, d.dismissal(c, target))
}

// removal is the act that removing the target is for the caller.
func (d *Dialog) removal(c Caller, target UserID) Act {
	switch {
	case target == c.User:
		return Leave
	case target == d.Owner || slices.Contains(d.Admins, target):
		return RemoveChiefs
	}
	return RemoveOthers
}

// dismissal is the act that changing the target's adminship is for the caller.
func (d *Dialog) dismissal(c Caller, target UserID) Act {
	if target == c.User && slices.Contains(d.Admins, target) {
		return StepDown
	}
	return ChangeAdmins
}
