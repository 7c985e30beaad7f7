package memory

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"dialogs/dialog"
)

// List returns the whole list that a query's scope and filter select from
// these dialogs, in its order. It ignores the query's positions, skip and
// limit.
func List(dialogs iter.Seq[dialog.Dialog], q dialog.Query) []dialog.Dialog {
	var list []dialog.Dialog
	for d := range dialogs {
		if !d.Deleted && inScope(&d, q) && matches(&d, q.Filter) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b dialog.Dialog) int { return q.Order.Compare(&a, &b) })
	return list
}

// Page returns the query's page of its whole list.
func Page(list []dialog.Dialog, q dialog.Query) []dialog.Dialog {
	var page []dialog.Dialog
	for _, d := range list {
		if q.Between(&d) {
			page = append(page, d)
		}
	}
	if q.FromEnd {
		page = page[:max(0, len(page)-q.Skip)]
		return copyOf(page[max(0, len(page)-q.Limit):])
	}
	page = page[min(q.Skip, len(page)):]
	return copyOf(page[:min(q.Limit, len(page))])
}

// inScope repeats the row [dialog.See] of the rule table: see there.
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

// clone makes a deep copy of a dialog in which empty slices and maps are nil.
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
