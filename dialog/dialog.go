package dialog

import (
	"slices"
	"time"
)

// A Type is the kind of a dialog and picks its column of the rule table.
// The numbers are those that QuickBlox documents.
type Type int

// The types of a dialog.
const (
	// PublicGroup is open to every user and keeps no list of occupants.
	PublicGroup Type = 1
	// Group is a closed list of occupants.
	Group Type = 2
	// Private has exactly two occupants and is unique for them.
	Private Type = 3
)

// String names the type in prose.
func (t Type) String() string {
	switch t {
	case PublicGroup:
		return "public group"
	case Group:
		return "group"
	case Private:
		return "private dialog"
	}
	return "dialog of an unknown type"
}

// HistoryKept is how many of the latest change records a dialog keeps.
const HistoryKept = 50

// TombstoneKept is how long a deleted dialog stays for replays and the feed.
// Creation keys are kept as long.
const TombstoneKept = 24 * time.Hour

// A Dialog is one conversation.
type Dialog struct {
	ID    ID
	Type  Type
	Name  string // empty for none
	Photo string // empty for none
	Owner UserID

	// Occupants are in the order they joined; none in a PublicGroup.
	Occupants []UserID
	// Admins are in the order they were named; the owner is never among them.
	Admins []UserID
	Custom CustomData

	// CreatedAt and UpdatedAt are UTC, in whole milliseconds. UpdatedAt never
	// goes back, whatever the clocks do.
	CreatedAt, UpdatedAt time.Time
	// Version is 1 at creation and one more with every change.
	Version int64
	// Deleted marks a tombstone: seen by replays and the feed, never by
	// reads, lists and updates.
	Deleted bool

	// History holds the latest records, oldest first; nil when it was not
	// loaded. Its last record is the one of Version.
	History []Record
}

// Roles tells everything that the caller is to the dialog. A user who is none
// of them is an [Outsider]; a server holds every role, an anonymous caller not
// even that of an outsider.
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

// Standing tells the highest of what the caller is to the dialog.
func (d *Dialog) Standing(c Caller) Standing {
	if c.Kind() == Server {
		return StandingServer
	}
	return d.rolesOf(c.User).Standing()
}

// StandingOf tells the highest of what a user is to the dialog.
func (d *Dialog) StandingOf(u UserID) Standing { return d.rolesOf(u).Standing() }

// clone copies the dialog so that changing the copy leaves the original be.
func (d *Dialog) clone() Dialog {
	next := *d
	next.Occupants = slices.Clone(d.Occupants)
	next.Admins = slices.Clone(d.Admins)
	next.Custom = d.Custom.clone()
	next.History = slices.Clone(d.History)
	return next
}
