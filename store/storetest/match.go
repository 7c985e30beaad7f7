package storetest

import (
	"maps"
	"slices"
	"strings"

	"dialogs/dialog"
)

// inScope says again in plain words what the scopes are.
func inScope(d *dialog.Dialog, q dialog.Query) bool {
	mine := q.User == "" || d.Owner == q.User || slices.Contains(d.Admins, q.User) || slices.Contains(d.Occupants, q.User)
	public := d.Type == dialog.PublicGroup
	switch q.Scope {
	case dialog.Mine:
		return mine
	case dialog.Public:
		return public
	case dialog.Visible:
		return mine || public
	}
	return false
}

// matches says again in plain words what a filter is.
func matches(d *dialog.Dialog, f dialog.Filter) bool {
	for _, id := range f.Occupants {
		if !slices.Contains(d.Occupants, id) {
			return false
		}
	}
	for _, c := range f.Custom {
		if d.Custom[c.Class][c.Field] != c.Value {
			return false
		}
	}
	return (f.IDs == nil || slices.Contains(f.IDs, d.ID)) &&
		(f.Types == nil || slices.Contains(f.Types, d.Type)) &&
		(f.Owner == "" || f.Owner == d.Owner) &&
		(f.Names == nil || slices.Contains(f.Names, d.Name)) &&
		!slices.Contains(f.ExceptIDs, d.ID) &&
		!slices.Contains(f.ExceptNames, d.Name) &&
		strings.Contains(dialog.FoldName(d.Name), f.NameContains) &&
		(f.UpdatedAfter.IsZero() || d.UpdatedAt.After(f.UpdatedAfter)) &&
		(f.UpdatedBefore.IsZero() || d.UpdatedAt.Before(f.UpdatedBefore)) &&
		(f.CreatedAfter.IsZero() || d.CreatedAt.After(f.CreatedAfter)) &&
		(f.CreatedBefore.IsZero() || d.CreatedAt.Before(f.CreatedBefore))
}

// beyond tells whether the dialog comes after the position in the order.
func beyond(o dialog.Order, d *dialog.Dialog, p dialog.Position) bool {
	key := o.Key(d)
	n := key.Time.Compare(p.Key.Time)
	if o.Field == dialog.ByName {
		n = strings.Compare(key.Name, p.Key.Name)
	}
	if n == 0 {
		n = strings.Compare(string(d.ID), string(p.ID))
	}
	return n > 0 != o.Descending && n != 0
}

func reverse(o dialog.Order) dialog.Order {
	o.Descending = !o.Descending
	return o
}

// clone copies a dialog to the last slice, with nil for whatever is empty.
func clone(d dialog.Dialog) dialog.Dialog {
	d.Occupants, d.Admins = copyOf(d.Occupants), copyOf(d.Admins)
	var custom dialog.CustomData
	for class, fields := range d.Custom {
		if custom == nil {
			custom = dialog.CustomData{}
		}
		custom[class] = maps.Clone(fields)
	}
	d.Custom, d.History = custom, copyOf(d.History)
	for i, r := range d.History {
		r.Changed, r.Joined, r.Left = copyOf(r.Changed), copyOf(r.Joined), copyOf(r.Left)
		r.NewAdmins, r.LostAdmins = copyOf(r.NewAdmins), copyOf(r.LostAdmins)
		d.History[i] = r
	}
	return d
}

func copyOf[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}
