package sqlite

import (
	"slices"

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

// everyone lists all users who have a role in the dialog.
func everyone(d *dialog.Dialog) []dialog.UserID {
	return slices.Concat([]dialog.UserID{d.Owner}, d.Admins, d.Occupants)
}

// touched lists the users whose roles a change may have changed.
func touched(current *dialog.Dialog, out *dialog.Outcome) []dialog.UserID {
	if out.Dialog.Deleted {
		return everyone(current)
	}
	c := out.Change
	return slices.Concat(c.Joined, c.Left, c.NewAdmins, c.LostAdmins, []dialog.UserID{current.Owner, out.Dialog.Owner})
}

// saveMembers writes the roles of these users, where they differ between current
// and next.
func (w *writer) saveMembers(n int64, current, next *dialog.Dialog, people []dialog.UserID) error {
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
			err = w.exec("DELETE FROM member WHERE user = ? AND dialog = ?", string(u), n)
		default:
			err = w.exec(
				"INSERT INTO member (user, dialog, roles) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET roles = excluded.roles",
				string(u), n, after,
			)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
