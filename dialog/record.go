package dialog

import (
	"slices"
	"time"
)

// A RecordKind is the kind of a change record.
type RecordKind int

// The kinds of records.
const (
	Created RecordKind = iota + 1
	Updated
	Deleted
)

// An Aspect is a part of a dialog that can change.
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

// A Record is what one change did: who made it, when, and what really changed.
// Each version of a dialog has exactly one, stored in the same atomic step.
type Record struct {
	// Version is the dialog's version after the change. Stores need not keep
	// it: see [Dialog.NumberHistory].
	Version int64
	Kind    RecordKind
	Actor   Actor
	At      time.Time // UTC, whole milliseconds

	// Changed lists the aspects that differ; empty for Created and Deleted.
	Changed []Aspect
	// Joined and Left are occupants, in the order of the request. NewAdmins
	// and LostAdmins are in the order of the dialog. The occupants and admins
	// of a new dialog are in the record of its creation.
	Joined, Left, NewAdmins, LostAdmins []UserID
	// Name is the new name; empty when the dialog was not renamed.
	Name string
	// NewOwner and OldOwner are set when the ownership was transferred.
	NewOwner, OldOwner UserID

	// Key is the idempotency key of the change, empty for none. InputHash is
	// equal for equal inputs only.
	Key, InputHash string
}

// NumberHistory sets the versions of the History: the last record has the
// dialog's version, each older one the version before.
func (d *Dialog) NumberHistory() {
	for i := range d.History {
		d.History[i].Version = d.Version - int64(len(d.History)-1-i)
	}
}

// WithLatest returns the dialog with at most the last n records of its History, and without
// the memory of the others.
func (d *Dialog) WithLatest(n int) *Dialog {
	short := *d
	short.History = slices.Clone(d.History[max(0, len(d.History)-n):])
	return &short
}

// findRecord finds the record of the change that the actor made with the key.
func findRecord(records []Record, actor Actor, key string) (Record, bool) {
	i := slices.IndexFunc(records, func(r Record) bool {
		return r.Key == key && r.Actor.Identity() == actor.Identity()
	})
	if i < 0 {
		return Record{}, false
	}
	return records[i], true
}
