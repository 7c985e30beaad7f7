package dialog

import (
	"slices"
	"time"
)

// A RecordKind tells what a change was to the life of its dialog.
type RecordKind int

// The kinds of records.
const (
	Created RecordKind = iota + 1
	Updated
	Deleted
)

// An Aspect is one part of a dialog that a change can change.
type Aspect int

// The aspects of a dialog.
const (
	AspectName Aspect = iota + 1
	AspectPhoto
	AspectOccupants
	AspectAdmins
	AspectOwner
	AspectCustomData
)

// A Record is what one change did: who did it, when, and what really changed.
// Each version of a dialog leaves exactly one, stored in the same atomic step.
type Record struct {
	// Version is the dialog's after the change. Stores need not keep it: the
	// newest record has the dialog's version, each older one less.
	Version int64
	Kind    RecordKind
	Actor   Actor
	At      time.Time // UTC, whole milliseconds

	// Changed lists the aspects that differ; empty for Created and Deleted.
	Changed []Aspect
	// Joined and Left are occupants, in the order that was asked for; NewAdmins
	// and LostAdmins are admins, in the order of the dialog. A creation's occupants and admins joined with it.
	Joined, Left, NewAdmins, LostAdmins []UserID
	// Name is the new name of a dialog that was renamed.
	Name string
	// NewOwner and OldOwner are set when ownership moved.
	NewOwner, OldOwner UserID

	// Key is the idempotency key of the change, if one came, and InputHash
	// tells its input from another.
	Key, InputHash string
}

// NumberHistory fills in the versions of the History, whose last record is the
// one of the dialog's version.
func (d *Dialog) NumberHistory() {
	for i := range d.History {
		d.History[i].Version = d.Version - int64(len(d.History)-1-i)
	}
}

// findRecord looks for the record that the actor's key left.
func findRecord(records []Record, actor Actor, key string) (Record, bool) {
	i := slices.IndexFunc(records, func(r Record) bool {
		return r.Key == key && r.Actor.Identity() == actor.Identity()
	})
	if i < 0 {
		return Record{}, false
	}
	return records[i], true
}
