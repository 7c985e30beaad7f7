package sqlite

import (
	"slices"
	"time"

	"dialogs/dialog"
)

// The roles in the table member, which lists go by: they repeat the row
// [dialog.See] of the rules. The numbers are stored and must not change.
const (
	memberOwner    = 1
	memberAdmin    = 2
	memberOccupant = 4
	anyRole        = memberOwner | memberAdmin | memberOccupant
)

func rolesOf(d *dialog.Dialog, u dialog.UserID) int {
	if d.Deleted {
		return 0
	}
	roles := 0
	if d.Owner == u {
		roles |= memberOwner
	}
	if slices.Contains(d.Admins, u) {
		roles |= memberAdmin
	}
	if slices.Contains(d.Occupants, u) {
		roles |= memberOccupant
	}
	return roles
}

// ownsPublicGroups reports whether a user owns at least that many public groups.
// Owners of other dialogs are occupants: those rows need no look at the dialog.
func (w *writer) ownsPublicGroups(user dialog.UserID, n int) (bool, error) {
	var owned int
	_, err := w.row(
		"SELECT count(*) FROM (SELECT 1 FROM member m CROSS JOIN dialog d ON d.n = m.dialog"+
			" WHERE m.user = ? AND m.roles & ? = ? AND d.type = ? LIMIT ?)",
		[]any{string(user), memberOwner | memberOccupant, memberOwner, int(dialog.PublicGroup), n}, &owned,
	)
	return owned >= n, err
}

// touched lists the users whose roles a change may have changed.
func touched(current *dialog.Dialog, out *dialog.Outcome) []dialog.UserID {
	if out.Dialog.Deleted {
		return current.Members()
	}
	c := out.Change
	return slices.Concat(c.Joined, c.Left, c.NewAdmins, c.LostAdmins, []dialog.UserID{current.Owner, out.Dialog.Owner})
}

// A place is where a change of a dialog is in the order of all changes.
type place struct {
	dialog, position int64
	// forgetAt is until when it is remembered who left.
	forgetAt time.Time
}

// saveMembers writes the roles of these users, where they differ between current
// and next. A user without any role has departed.
func (w *writer) saveMembers(at place, current, next *dialog.Dialog, people []dialog.UserID) error {
	done := make(map[dialog.UserID]bool, len(people))
	for _, u := range people {
		if done[u] {
			continue
		}
		done[u] = true
		var err error
		switch before, after := rolesOf(current, u), rolesOf(next, u); {
		case before == after:
		case after == 0:
			err = w.depart(at, u)
		default:
			err = w.exec(
				"INSERT INTO member (user, dialog, roles) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET roles = excluded.roles",
				string(u), at.dialog, after,
			)
			if err == nil && before == 0 && current.Version > 0 {
				err = w.exec("DELETE FROM departed WHERE user = ? AND dialog = ?", string(u), at.dialog)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// depart removes the roles of a user and remembers that they had some.
func (w *writer) depart(at place, u dialog.UserID) error {
	if err := w.exec("DELETE FROM member WHERE user = ? AND dialog = ?", string(u), at.dialog); err != nil {
		return err
	}
	return w.exec(
		"INSERT OR REPLACE INTO departed (user, dialog, position, forget_at) VALUES (?, ?, ?, ?)",
		string(u), at.dialog, at.position, millis(at.forgetAt),
	)
}
