package dialog

import (
	"cmp"
	"time"
)

// A Scope is which of the visible dialogs a list selects.
type Scope int

// The scopes of a list.
const (
	// Mine is every dialog that the caller is an occupant, the owner or an
	// admin of; for a server, every dialog.
	Mine Scope = iota + 1
	// Public is every PublicGroup.
	Public
	// Visible is both.
	Visible
)

// An OrderField is what a list is sorted by.
type OrderField int

// The orders of a list. Dialogs with equal keys are sorted by id, in the same
// direction.
const (
	ByUpdatedAt OrderField = iota + 1
	ByCreatedAt
	// ByName sorts by [FoldName]; a dialog without a name has the empty name.
	ByName
)

// An Order sorts a list.
type Order struct {
	Field      OrderField
	Descending bool
}

// A SortKey is what an order compares: an instant or a folded name.
type SortKey struct {
	Time time.Time
	Name string
}

func (k SortKey) compare(o SortKey) int {
	return cmp.Or(k.Time.Compare(o.Time), cmp.Compare(k.Name, o.Name))
}

// Key returns the dialog's sort key in this order.
func (o Order) Key(d *Dialog) SortKey {
	switch o.Field {
	case ByCreatedAt:
		return SortKey{Time: d.CreatedAt}
	case ByName:
		return SortKey{Name: FoldName(d.Name)}
	}
	return SortKey{Time: d.UpdatedAt}
}

// Compare compares dialogs by their keys, then by their ids.
func (o Order) Compare(a, b *Dialog) int { return o.compare(o.position(a), o.position(b)) }

func (o Order) compare(a, b *Position) int {
	n := cmp.Or(a.Key.compare(b.Key), cmp.Compare(a.ID, b.ID))
	if o.Descending {
		return -n
	}
	return n
}

// A Position is where a page starts or ends in an order. The dialog at the
// position is not part of the page, and may no longer exist.
type Position struct {
	Key SortKey
	ID  ID
}

func (o Order) position(d *Dialog) *Position { return &Position{Key: o.Key(d), ID: d.ID} }

// beside returns the position directly before or after the dialog at this one, so
// that a page which starts or ends there can contain that dialog.
func (o Order) beside(p *Position, after bool) *Position {
	return &Position{Key: p.Key, ID: p.ID.neighbor(after != o.Descending)}
}

// A Filter selects the dialogs that match all of its conditions.
type Filter struct {
	// IDs and Types match any of their values; nil matches every dialog, empty
	// but not nil matches none.
	IDs   []ID
	Types []Type
	Owner UserID // empty for any
	// Occupants must all be occupants; empty matches every dialog.
	Occupants []UserID
	// Names match any of these whole names, byte by byte; nil and empty are
	// like those of IDs. A dialog without a name has the empty name.
	Names []string
	// ExceptIDs and ExceptNames exclude dialogs.
	ExceptIDs   []ID
	ExceptNames []string
	// NameContains is a part of the folded name, and itself folded; empty for
	// any.
	NameContains string
	// The bounds are whole milliseconds and exclusive.
	UpdatedAfter, UpdatedBefore, CreatedAfter, CreatedBefore time.Time // zero for any
	// Custom fields must equal their values; an empty value means that the
	// dialog must not have the field.
	Custom []FieldChange
}

// A Query is one page of a list, as an engine gets it. An engine must return at
// most Limit dialogs, in the given order, without their History: the first ones
// between After and Before, or with FromEnd the last ones. A nil position is no
// bound. It must leave out the first Skip dialogs of those (with FromEnd, the
// last); a page may cost as much as it skips.
type Query struct {
	// User is who asks; empty for a server.
	User UserID
	// By is the caller, to share out the work fairly. Engines ignore it.
	By Actor
	// Scope never includes tombstones.
	Scope   Scope
	Filter  Filter
	Order   Order
	After   *Position
	Before  *Position
	Skip    int
	Limit   int
	FromEnd bool
}

// Between reports whether the dialog lies between the query's positions.
func (q *Query) Between(d *Dialog) bool {
	at := q.Order.position(d)
	return (q.After == nil || q.Order.compare(at, q.After) > 0) && (q.Before == nil || q.Order.compare(at, q.Before) < 0)
}
