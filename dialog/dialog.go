package dialog

import (
	"slices"
	"time"
)

// A Type is the kind of a dialog: its column of the rule table. The numbers are
// those that QuickBlox documents.
type Type int

// The types of a dialog.
const (
	// PublicGroup is open to every user and has no list of occupants.
	PublicGroup Type = 1
	// Group is a closed list of occupants.
	Group Type = 2
	// Private has exactly two occupants. Two users have at most one.
	Private Type = 3
)

// String returns the type in prose.
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

// HistoryKept is how many change records a dialog keeps, the latest.
const HistoryKept = 50

// KeyKept is how long the idempotency key of a creation is kept.
const KeyKept = 24 * time.Hour

// KeyExpired reports whether the idempotency key of a creation of this time
// counts no longer.
func KeyExpired(since, now time.Time) bool { return now.Sub(since) >= KeyKept }

// A Dialog is one conversation.
type Dialog struct {
	ID    ID
	Type  Type
	Name  string // empty for none
	Photo string // a URL or any other text; empty for none
	Owner UserID

	// Occupants are in the order in which they joined; none in a PublicGroup.
	Occupants []UserID
	// Admins are in the order of their appointment, without the owner.
	Admins []UserID
	Custom CustomData

	// CreatedAt and UpdatedAt are UTC, in whole milliseconds. UpdatedAt never
	// decreases, even when a clock does.
	CreatedAt, UpdatedAt time.Time
	// Version is 1 at creation and increases by 1 with every change.
	Version int64
	// Deleted marks a tombstone: visible to replays and the feed only, never
	// to reads, lists and updates.
	Deleted bool
	// ForgetAt is when a tombstone may disappear; zero for other dialogs. It
	// is stored, so that instances with other settings agree.
	ForgetAt time.Time

	// History has the latest records, oldest first; nil when it was not
	// loaded. The last record is that of Version.
	History []Record
}

// Forgotten reports whether this is a tombstone that no longer counts.
func (d *Dialog) Forgotten(now time.Time) bool { return d.Deleted && !d.ForgetAt.After(now) }

// Members lists everyone who is part of the dialog, each once: the owner, the
// admins and the occupants. Nobody is part of a tombstone.
func (d *Dialog) Members() []UserID {
	if d.Deleted {
		return nil
	}
	all := make([]UserID, 0, 1+len(d.Admins)+len(d.Occupants))
	seen := make(map[UserID]bool, cap(all))
	for _, list := range [][]UserID{{d.Owner}, d.Admins, d.Occupants} {
		for _, id := range list {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	return all
}

// clone makes a copy that can be changed without changing the original.
func (d *Dialog) clone() Dialog {
	next := *d
	next.Occupants = slices.Clone(d.Occupants)
	next.Admins = slices.Clone(d.Admins)
	next.Custom = d.Custom.clone()
	next.History = slices.Clone(d.History)
	return next
}
