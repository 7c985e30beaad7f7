package dialogjson

import "dialogs/dialog"

// A User is what is kept about a user besides dialogs.
type User struct {
	UserID    dialog.UserID `json:"userId"`
	Suspended bool          `json:"suspended"`
	// SuspendedAt is null if the user is not suspended, or if it is unknown since when.
	SuspendedAt *string `json:"suspendedAt"`
	// SessionsEndedAt is null if the user's sessions were never ended.
	SessionsEndedAt *string `json:"sessionsEndedAt"`
}

// NewUser is the JSON form of what is stored about a user's access.
func NewUser(a *dialog.UserAccess) *User {
	u := &User{UserID: a.User, Suspended: a.Suspended}
	u.SuspendedAt, u.SessionsEndedAt = optionalInstant(a.SuspendedAt), optionalInstant(a.SessionsEndedAt)
	return u
}

// A Trace is a dialog that names a user.
type Trace struct {
	ID      dialog.ID `json:"id"`
	Deleted bool      `json:"deleted"`
	// Standing is what the user is to the dialog; null for one who is no longer part of it.
	Standing *string `json:"standing"`
	// Dialog is the dialog; only if the user is part of it.
	Dialog *Dialog `json:"dialog,omitempty"`
	// Changes are the records that name the user, the oldest first.
	Changes []Kept `json:"changes"`
}

// NewTrace is the JSON form of what a dialog or tombstone with its history says about a
// user.
func NewTrace(d *dialog.Dialog, user dialog.UserID) *Trace {
	t := &Trace{ID: d.ID, Deleted: d.Deleted, Changes: []Kept{}}
	if standing := d.StandingOf(user); !d.Deleted && standing != dialog.StandingOutsider {
		t.Standing, t.Dialog = optional(standing.String()), NewDialog(d)
	}
	for i := range d.History {
		if d.History[i].Names(user) {
			t.Changes = append(t.Changes, newKept(&d.History[i]))
		}
	}
	return t
}
