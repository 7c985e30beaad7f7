package sqlite

import (
	"slices"
	"time"

	"dialogs/dialog"
)

// instantConditions are the parts of a filter that concern the instants of a dialog, or of
// another table with these columns.
func instantConditions(f dialog.Filter, table string) []condition {
	return slices.Concat(bounded(table+".updated_at", f.UpdatedAfter, f.UpdatedBefore), bounded(table+".created_at", f.CreatedAfter, f.CreatedBefore))
}

// otherConditions are the other parts of a filter that are checked for each dialog; ids
// and types decide how the list is read.
func otherConditions(f dialog.Filter) ([]condition, error) {
	var all []condition
	if len(f.ExceptIDs) > 0 {
		keys, err := encodeIDs(f.ExceptIDs)
		if err != nil {
			return nil, err
		}
		all = append(all, when("d.id NOT IN ("+marks(len(keys))+")", keys...))
	}
	if len(f.Names) > 0 {
		all = append(all, when("d.name IN ("+marks(len(f.Names))+")", anyOf(f.Names)...))
	}
	if len(f.ExceptNames) > 0 {
		all = append(all, when("d.name NOT IN ("+marks(len(f.ExceptNames))+")", anyOf(f.ExceptNames)...))
	}
	if f.Owner != "" {
		all = append(all, when("d.owner = ?", string(f.Owner)))
	}
	for _, u := range f.Occupants {
		all = append(all, when(
			"EXISTS (SELECT 1 FROM member o WHERE o.user = ? AND o.dialog = d.n AND o.roles & ?)", string(u), memberOccupant,
		))
	}
	if f.NameContains != "" {
		all = append(all, nameContains(f.NameContains))
	}
	for _, c := range f.Custom {
		// The operator returns the value's JSON as it is stored. Class and
		// field names are letters, digits and underscores.
		path := "$." + c.Class + "." + c.Field
		if c.Value == "" {
			all = append(all, when("d.custom -> ? IS NULL", path))
		} else {
			all = append(all, when("d.custom -> ? = ?", path, string(c.Value)))
		}
	}
	return all, nil
}

func anyOf(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}

// A listOrder is the sort key and the index of an order.
type listOrder struct {
	field      dialog.OrderField
	key, index string
}

func orderOf(o dialog.Order) listOrder {
	switch o.Field {
	case dialog.ByCreatedAt:
		return listOrder{o.Field, "d.created_at", "dialog_created"}
	case dialog.ByName:
		return listOrder{o.Field, nameKey, "dialog_folded"}
	}
	return listOrder{o.Field, "d.updated_at", "dialog_updated"}
}

// bounds limit a page to what lies between its positions. key is the expression
// of the sort key.
func bounds(q dialog.Query, key string) ([]condition, error) {
	least, most := q.After, q.Before
	if q.Order.Descending {
		least, most = most, least
	}
	var all []condition
	for _, bound := range []struct {
		sign string
		at   *dialog.Position
	}{{">", least}, {"<", most}} {
		if bound.at == nil {
			continue
		}
		id, err := encodeID(bound.at.ID)
		if err != nil {
			return nil, err
		}
		var value any = millis(bound.at.Key.Time)
		if q.Order.Field == dialog.ByName {
			value = bound.at.Key.NameKey()
		}
		all = append(all, when("("+key+", d.id) "+bound.sign+" (?, ?)", value, id))
	}
	return all, nil
}

// tighten removes the weaker of two bounds, where a position and a filter's
// instant bound the same side of a page: an index can start at one only. No
// dialog was updated before its creation.
func tighten(q dialog.Query) dialog.Query {
	var after, before *time.Time
	f := &q.Filter
	switch q.Order.Field {
	case dialog.ByUpdatedAt:
		if f.CreatedAfter.After(f.UpdatedAfter) {
			f.UpdatedAfter = f.CreatedAfter
		}
		after, before = &q.Filter.UpdatedAfter, &q.Filter.UpdatedBefore
	case dialog.ByCreatedAt:
		if !f.UpdatedBefore.IsZero() && (f.CreatedBefore.IsZero() || f.UpdatedBefore.Before(f.CreatedBefore)) {
			f.CreatedBefore = f.UpdatedBefore
		}
		after, before = &q.Filter.CreatedAfter, &q.Filter.CreatedBefore
	default:
		return q
	}
	least, most := &q.After, &q.Before
	if q.Order.Descending {
		least, most = most, least
	}
	if *least != nil && !after.IsZero() {
		if (*least).Key.Time.After(*after) {
			*after = time.Time{}
		} else {
			*least = nil
		}
	}
	if *most != nil && !before.IsZero() {
		if (*most).Key.Time.Before(*before) {
			*before = time.Time{}
		} else {
			*most = nil
		}
	}
	return q
}
