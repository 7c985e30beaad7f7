package dialogtest

import (
	"maps"
	"slices"
	"strings"

	"dialogs/dialog"
)

func inScope(d *dialog.Dialog, q dialog.Query) bool {
	mine := q.User == "" || d.StandingOf(q.User) != dialog.StandingOutsider
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

func matches(d *dialog.Dialog, f dialog.Filter) bool {
	has := func(u dialog.UserID) bool { return slices.Contains(d.Occupants, u) }
	lacks := func(u dialog.UserID) bool { return !has(u) }
	switch {
	case f.IDs != nil && !slices.Contains(f.IDs, d.ID),
		f.Types != nil && !slices.Contains(f.Types, d.Type),
		f.Owner != "" && f.Owner != d.Owner,
		slices.ContainsFunc(f.Occupants, lacks),
		!strings.Contains(dialog.FoldName(d.Name), f.NameContains),
		!f.UpdatedAfter.IsZero() && !d.UpdatedAt.After(f.UpdatedAfter),
		!f.UpdatedBefore.IsZero() && !d.UpdatedAt.Before(f.UpdatedBefore),
		!f.CreatedAfter.IsZero() && !d.CreatedAt.After(f.CreatedAfter),
		!f.CreatedBefore.IsZero() && !d.CreatedAt.Before(f.CreatedBefore):
		return false
	}
	return !slices.ContainsFunc(f.Custom, func(c dialog.FieldChange) bool {
		return d.Custom[c.Class][c.Field] != c.Value
	})
}

// standIn is a dialog that lies in the order where the position is.
func standIn(o dialog.Order, p *dialog.Position) *dialog.Dialog {
	d := &dialog.Dialog{ID: p.ID}
	switch o.Field {
	case dialog.ByCreatedAt:
		d.CreatedAt = p.Key.Time
	case dialog.ByName:
		d.Name = p.Key.Name // folding is idempotent
	default:
		d.UpdatedAt = p.Key.Time
	}
	return d
}

// copyOf shares nothing with the original, and is as the port wants dialogs:
// what is empty is nil, history only when asked for.
func copyOf(d dialog.Dialog, withHistory bool) dialog.Dialog {
	d.Occupants, d.Admins = copyOfList(d.Occupants), copyOfList(d.Admins)
	custom := d.Custom
	d.Custom = nil
	for class, fields := range custom {
		if d.Custom == nil {
			d.Custom = dialog.CustomData{}
		}
		d.Custom[class] = maps.Clone(fields)
	}
	if !withHistory {
		d.History = nil
		return d
	}
	d.History = slices.Clone(d.History)
	for i := range d.History {
		r := &d.History[i]
		r.Changed = copyOfList(r.Changed)
		r.Joined, r.Left = copyOfList(r.Joined), copyOfList(r.Left)
		r.NewAdmins, r.LostAdmins = copyOfList(r.NewAdmins), copyOfList(r.LostAdmins)
	}
	return d
}

func copyOfList[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

func copyOfClass(c dialog.Class) dialog.Class {
	c.Fields = slices.Clone(c.Fields)
	return c
}
