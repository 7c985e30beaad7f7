package sqlite

import (
	"fmt"
	"slices"
	"strings"
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

// rolesIn returns the roles of each user in a dialog, to be asked about that many
// users.
func rolesIn(d *dialog.Dialog, users int) func(dialog.UserID) int {
	if d.Deleted {
		return func(dialog.UserID) int { return 0 }
	}
	if users <= 4 { // reading the lists is faster than making a map of them
		return func(u dialog.UserID) int { return rolesOf(d, u) }
	}
	roles := make(map[dialog.UserID]int, len(d.Occupants)+len(d.Admins)+1)
	for _, u := range d.Occupants {
		roles[u] |= memberOccupant
	}
	for _, u := range d.Admins {
		roles[u] |= memberAdmin
	}
	roles[d.Owner] |= memberOwner
	return func(u dialog.UserID) int { return roles[u] }
}

func rolesOf(d *dialog.Dialog, u dialog.UserID) int {
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
	before, after := rolesIn(current, len(people)), rolesIn(next, len(people))
	done := make(map[dialog.UserID]bool, len(people))
	joined := map[int][]dialog.UserID{} // by their roles
	var returned, departed []dialog.UserID
	for _, u := range people {
		if done[u] {
			continue
		}
		done[u] = true
		switch was, is := before(u), after(u); {
		case was == is:
		case is == 0:
			departed = append(departed, u)
		default:
			joined[is] = append(joined[is], u)
			if was == 0 && current.Version > 0 {
				returned = append(returned, u)
			}
		}
	}
	w.note(at.dialog, current, next, departed)
	for roles, users := range joined {
		err := w.execUsers(users, "INSERT INTO member (dialog, roles, user) VALUES ", "(?1, ?2, %s)",
			" ON CONFLICT DO UPDATE SET roles = excluded.roles", at.dialog, roles)
		if err != nil {
			return err
		}
	}
	if err := w.execUsers(returned, "DELETE FROM departed WHERE dialog = ?1 AND user IN (", "%s", ")", at.dialog); err != nil {
		return err
	}
	if err := w.execUsers(departed, "DELETE FROM member WHERE dialog = ?1 AND user IN (", "%s", ")", at.dialog); err != nil {
		return err
	}
	return w.execUsers(departed, "INSERT OR REPLACE INTO departed (dialog, position, forget_at, user) VALUES ", "(?1, ?2, ?3, %s)", "",
		at.dialog, at.position, millis(at.forgetAt))
}

// note tells the lists of users about a change of a dialog.
func (w *writer) note(n int64, current, next *dialog.Dialog, departed []dialog.UserID) {
	id, _ := binaryID(next.ID) // stored ids are valid
	w.moves = append(w.moves, move{
		id: id, n: n, before: itemsOf(n, current), after: itemsOf(n, next), departed: departed,
		members: func(yield func(dialog.UserID) bool) {
			if next.Deleted || !yield(next.Owner) {
				return
			}
			for _, list := range [][]dialog.UserID{next.Admins, next.Occupants} {
				for _, u := range list {
					if u != next.Owner && !yield(u) {
						return
					}
				}
			}
		},
	})
}

// itemsOf are the places of a dialog in lists; zero when it is in none.
func itemsOf(n int64, d *dialog.Dialog) items {
	if d.Version == 0 || d.Deleted {
		return items{}
	}
	id, err := encodeID(d.ID)
	if err != nil { // stored ids are valid
		return items{}
	}
	return items{
		updated: newItem(millis(d.UpdatedAt), n, d.Type, id),
		created: newItem(millis(d.CreatedAt), n, d.Type, id),
	}
}

// execUsers executes a statement for many users at a time: begin, a row for each
// user, end. In a row, %s stands for the user; args are ?1 and so on.
func (w *writer) execUsers(users []dialog.UserID, begin, row, end string, args ...any) error {
	for len(users) > 0 {
		n := 1 // each number of rows is a prepared statement of its own
		for _, most := range []int{8, 64} {
			if len(users) >= most {
				n = most
			}
		}
		given, rows := slices.Clone(args), make([]string, n)
		for i, u := range users[:n] {
			given = append(given, string(u))
			rows[i] = fmt.Sprintf(row, fmt.Sprint("?", len(given)))
		}
		if err := w.exec(begin+strings.Join(rows, ", ")+end, given...); err != nil {
			return err
		}
		w.wrote += n - 1
		users = users[n:]
	}
	return nil
}
