package dialog

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"
)

// SessionsKept is the longest time for which a session token can be accepted after it
// was issued. That the sessions of an erased user have ended is kept for this long.
const SessionsKept = 366 * 24 * time.Hour

// An Erasure is a job in progress: it removes a user from everything that is kept.
type Erasure struct {
	User UserID
	// By is the API key that asked for it. It makes the changes that other members of
	// the user's dialogs see.
	By string
	// StartedAt is UTC, in whole milliseconds.
	StartedAt time.Time
	// Dialogs is how many dialogs named the user when it began.
	Dialogs int
	// After is how far the dialogs were searched, by their ids; empty at the beginning.
	After ID
}

// An ErasedUser is what is kept about a user who was erased: session tokens from before
// must stay rejected.
type ErasedUser struct {
	// Hash is the SHA-256 of the user's id.
	Hash [sha256.Size]byte
	// SessionsEndedAt is when their sessions ended, and Until when that may be
	// forgotten; UTC, in whole milliseconds.
	SessionsEndedAt, Until time.Time
}

// Traces are the dialogs of one step of a search that name a user.
type Traces struct {
	// IDs are those of dialogs and tombstones.
	IDs []ID
	// Next is where the next step starts. More means that there is one.
	Next ID
	More bool
}

// An ErasureStore removes users from what is kept, in steps that can be repeated and
// that several instances can take at once.
type ErasureStore interface {
	// StartErasure must store the job, unless the user has one, which it must leave as
	// it is. It must return the one that is stored then.
	StartErasure(ctx context.Context, e Erasure) (Erasure, error)
	// Erasures must return the jobs in progress, by their start and then by user.
	Erasures(ctx context.Context) ([]Erasure, error)
	// AdvanceErasure must store how far the job of a user has come, and report whether
	// there is one.
	AdvanceErasure(ctx context.Context, user UserID, after ID) (going bool, err error)
	// FinishErasure must remove the job, the user's idempotency keys, and what is stored
	// about the user's access, unless the user is a member of a dialog: then it must do
	// nothing and report false. [SessionStore.UserAccess] must still return when the
	// user's sessions ended, until the given instant and without storing the user's id.
	FinishErasure(ctx context.Context, user UserID, until time.Time) (finished bool, err error)

	// ErasedUsers must return those who are still kept, in any order.
	ErasedUsers(ctx context.Context) ([]ErasedUser, error)
	// KeepErasedUser must store one of another store. Of two for one user, the later
	// instants count.
	KeepErasedUser(ctx context.Context, u ErasedUser) error

	// UserKept must report whether anything is kept about the user besides dialogs: a
	// job, an idempotency key of a creation, or access that [SessionStore.AllUserAccess]
	// returns.
	UserKept(ctx context.Context, user UserID) (bool, error)
	// Traces must search at most limit dialogs and tombstones after the id, in the order
	// of their ids, and return those that name the user: as owner, admin or occupant, as
	// someone who was one, or in a record. Texts are not searched.
	Traces(ctx context.Context, user UserID, after ID, limit int) (Traces, error)
	// Scrub must apply [Dialog.Scrub] to these dialogs, and forget that the user stopped
	// being part of them. It is not a change: nobody is told.
	Scrub(ctx context.Context, user UserID, ids []ID) error
}

// WithSessionsEnded is a list of what is stored about users, in which the sessions of one
// ended at an instant or later.
func WithSessionsEnded(list []UserAccess, user UserID, at time.Time) []UserAccess {
	i := slices.IndexFunc(list, func(a UserAccess) bool { return a.User == user })
	if i < 0 {
		return append(list, UserAccess{User: user, SessionsEndedAt: at})
	}
	if list[i].SessionsEndedAt.Before(at) {
		list[i].SessionsEndedAt = at
	}
	return list
}

// Names reports whether the record names the user.
func (r *Record) Names(u UserID) bool {
	return r.Actor.User == u || r.NewOwner == u || r.OldOwner == u ||
		slices.ContainsFunc([][]UserID{r.Joined, r.Left, r.NewAdmins, r.LostAdmins}, func(list []UserID) bool { return slices.Contains(list, u) })
}

// Scrub removes the user from the record: from its lists, and as owner. What they did
// was done by nobody: the actor is the zero Actor, without an idempotency key.
func (r *Record) Scrub(u UserID) {
	for _, list := range []*[]UserID{&r.Joined, &r.Left, &r.NewAdmins, &r.LostAdmins} {
		*list = without(*list, u)
	}
	for _, owner := range []*UserID{&r.NewOwner, &r.OldOwner} {
		if *owner == u {
			*owner = ""
		}
	}
	if r.Actor.User == u {
		r.Actor, r.Key, r.InputHash = Actor{}, "", ""
	}
}

// Scrub removes the user from the records of the dialog, and from the members of a
// tombstone. It reports whether that changed anything. Members of other dialogs leave by
// a change instead.
func (d *Dialog) Scrub(u UserID) (scrubbed bool) {
	if slices.ContainsFunc(d.History, func(r Record) bool { return r.Names(u) }) {
		d.History = slices.Clone(d.History)
		for i := range d.History {
			d.History[i].Scrub(u)
		}
		scrubbed = true
	}
	if !d.Deleted {
		return scrubbed
	}
	if d.Owner == u {
		d.Owner, scrubbed = "", true
	}
	for _, list := range []*[]UserID{&d.Admins, &d.Occupants} {
		if slices.Contains(*list, u) {
			*list, scrubbed = without(*list, u), true
		}
	}
	return scrubbed
}

// without is a new list without the user; nil when that is empty.
func without(list []UserID, u UserID) []UserID {
	if !slices.Contains(list, u) {
		return list
	}
	return Without(list, []UserID{u})
}

// parting is the change by which a member leaves a dialog, whatever they are to it. The
// longest-standing admin takes over what they own, or else the longest-standing occupant.
// A dialog that nobody can manage is deleted, and so is a private one.
func (d *Dialog) parting(u UserID) Change {
	c := Change{IfVersion: Some(d.Version)}
	heir := Without(append(slices.Clone(d.Admins), d.Occupants...), []UserID{u})
	switch {
	case d.Type == Private:
		c.Delete = true
	case d.Type == Group && slices.Contains(d.Occupants, u):
		c.RemoveOccupants = []UserID{u} // which hands over and deletes by itself
	case d.Owner != u:
		c.RemoveAdmins = []UserID{u}
	case len(heir) == 0:
		c.Delete = true
	default:
		c.NewOwner = Some(heir[0])
	}
	return c
}
