package dialog

import "slices"

// A Sight is what a caller could see before and after one change of a dialog.
type Sight struct {
	Before, After bool
}

// Sights tells, for each of the last n records of the dialog's History, whether the
// caller could see the dialog before and after it, by the rule [See]. The dialog
// can be a tombstone. It walks back from the dialog as it is: a record says who
// joined and who left.
func (p *Policy) Sights(c Caller, d *Dialog, n int) []Sight {
	return d.sights(c, n, func(r Roles) bool { return p.Rules.Allows(See, d.Type)&r != 0 })
}

// Parts is like Sights for whether the caller was part of the dialog: as owner, admin
// or occupant. A server is part of every dialog.
func (d *Dialog) Parts(c Caller, n int) []Sight {
	return d.sights(c, n, func(r Roles) bool { return r&members != 0 })
}

func (d *Dialog) sights(c Caller, n int, sees func(Roles) bool) []Sight {
	list := make([]Sight, min(n, len(d.History)))
	alive := *d
	alive.Deleted = false
	roles := alive.Roles(c)
	for i := range list {
		record := &d.History[len(d.History)-1-i]
		at := &list[len(list)-1-i]
		at.After = record.Kind != Deleted && sees(roles)
		if c.Kind() == User {
			roles = record.undo(c.User, roles)
		}
		at.Before = record.Kind != Created && sees(roles)
	}
	return list
}

// undo returns the roles that a user had before the change, from those after it.
func (r *Record) undo(u UserID, roles Roles) Roles {
	has := func(role Roles, does bool) {
		if does {
			roles |= role
		} else {
			roles &^= role
		}
	}
	switch {
	case slices.Contains(r.Joined, u):
		has(Occupant, false)
	case slices.Contains(r.Left, u):
		has(Occupant, true)
	}
	switch {
	case slices.Contains(r.NewAdmins, u):
		has(Admin, false)
	case slices.Contains(r.LostAdmins, u):
		has(Admin, true)
	}
	if r.NewOwner != "" {
		has(Owner, u == r.OldOwner)
	}
	has(Outsider, roles&members == 0)
	return roles
}

// People lists everyone who was part of the dialog before or after one of the last n
// records of its History, each once.
func (d *Dialog) People(n int) []UserID {
	lists := [][]UserID{{d.Owner}, d.Admins, d.Occupants}
	for i := range d.History[len(d.History)-min(n, len(d.History)):] {
		r := &d.History[len(d.History)-1-i]
		lists = append(lists, r.Joined, r.Left, r.NewAdmins, r.LostAdmins)
		if r.NewOwner != "" {
			lists = append(lists, []UserID{r.OldOwner, r.NewOwner})
		}
	}
	var all []UserID
	seen := map[UserID]bool{}
	for _, list := range lists {
		for _, u := range list {
			if !seen[u] && u != "" { // nobody is where an erased user was
				seen[u] = true
				all = append(all, u)
			}
		}
	}
	return all
}
