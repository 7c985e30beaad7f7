package dialog

import "slices"

// Roles is a set of what somebody can be to a dialog.
type Roles uint8

// The roles. Somebody may have several: the owner of a Group is an occupant
// too. Outsider is the role of everybody who has no other.
const (
	Owner Roles = 1 << iota
	Admin
	Occupant
	Outsider
)

// A Standing is the highest of somebody's roles.
type Standing int

// The standings, the highest first.
const (
	StandingServer Standing = iota + 1
	StandingOwner
	StandingAdmin
	StandingOccupant
	StandingOutsider
)

// String returns the standing's name in the schema.
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

// Roles returns everything that the caller is to the dialog. A user without
// any other role is an [Outsider]. A server has every role; an anonymous
// caller has none.
func (d *Dialog) Roles(c Caller) Roles {
	if c.Kind() == Server {
		return Owner | Admin | Occupant | Outsider
	}
	return d.rolesOf(c.User)
}

func (d *Dialog) rolesOf(u UserID) Roles {
	var r Roles
	if u == "" {
		return 0
	}
	if d.Owner == u {
		r |= Owner
	}
	if slices.Contains(d.Admins, u) {
		r |= Admin
	}
	if slices.Contains(d.Occupants, u) {
		r |= Occupant
	}
	if r == 0 {
		return Outsider
	}
	return r
}

// Standing returns the highest of what the caller is to the dialog.
func (d *Dialog) Standing(c Caller) Standing {
	if c.Kind() == Server {
		return StandingServer
	}
	return d.rolesOf(c.User).Standing()
}

// StandingOf returns the highest of what a user is to the dialog.
func (d *Dialog) StandingOf(u UserID) Standing { return d.rolesOf(u).Standing() }
