package dialog

import (
	"cmp"
	"strings"
	"time"
	"unicode"
)

// A Scope is the part of the visible dialogs that a list is about.
type Scope int

// The scopes of a list.
const (
	// Mine is what the caller occupies, owns or administers; for a server,
	// all.
	Mine Scope = iota + 1
	// Public is every PublicGroup.
	Public
	// Visible is both.
	Visible
)

// An OrderField is what a list is sorted by.
type OrderField int

// The orders of a list. Ties are broken by the id, in the same direction.
const (
	ByUpdatedAt OrderField = iota + 1
	ByCreatedAt
	// ByName goes by [FoldName]; no name is the empty text.
	ByName
)

// An Order sorts a list.
type Order struct {
	Field      OrderField
	Descending bool
}

// A SortKey is a dialog's place in an order: an instant, or a folded name.
type SortKey struct {
	Time time.Time
	Name string
}

func (k SortKey) compare(o SortKey) int {
	return cmp.Or(k.Time.Compare(o.Time), cmp.Compare(k.Name, o.Name))
}

// Key is the dialog's sort key in this order.
func (o Order) Key(d *Dialog) SortKey {
	switch o.Field {
	case ByCreatedAt:
		return SortKey{Time: d.CreatedAt}
	case ByName:
		return SortKey{Name: FoldName(d.Name)}
	}
	return SortKey{Time: d.UpdatedAt}
}

// Compare orders dialogs by an order's key, then by id.
func (o Order) Compare(a, b *Dialog) int {
	n := cmp.Or(o.Key(a).compare(o.Key(b)), cmp.Compare(a.ID, b.ID))
	if o.Descending {
		return -n
	}
	return n
}

// A Position is where in an order a page starts or ends; the dialog there is
// not part of it, and need not exist any more.
type Position struct {
	Key SortKey
	ID  ID
}

func (o Order) position(d *Dialog) *Position { return &Position{Key: o.Key(d), ID: d.ID} }

// A Filter narrows a list to the dialogs that match all of it.
type Filter struct {
	// IDs and Types match any of theirs; empty but not nil, nothing.
	IDs   []ID
	Types []Type
	Owner UserID // empty for any
	// Occupants must all be in; empty asks for nothing.
	Occupants []UserID
	// Names are whole names, byte by byte, of which any matches; empty but not
	// nil, nothing. A dialog without a name has the empty one.
	Names []string
	// ExceptIDs and ExceptNames match none of theirs; empty leaves nothing out.
	ExceptIDs   []ID
	ExceptNames []string
	// NameContains is folded already; empty for any.
	NameContains string
	// Instants are whole milliseconds and leave the instant itself out.
	UpdatedAfter, UpdatedBefore, CreatedAfter, CreatedBefore time.Time // zero for any
	// Custom fields each equal their value; an empty value: no such field.
	Custom []FieldChange
}

// A Query is one page of a list, as an engine gets it. An engine must return
// at most Limit dialogs, in the order asked for, without their History:
// the first after After, or with FromEnd the last before Before. Positions
// that are nil bound nothing. The first Skip of what it would return (with
// FromEnd, the last) must be left out; a page may cost what it skips.
type Query struct {
	// User is whose dialogs Mine are; empty for a server, whose Mine is all.
	User UserID
	// Scope is of the dialogs that are no tombstones.
	Scope   Scope
	Filter  Filter
	Order   Order
	After   *Position
	Before  *Position
	Skip    int
	Limit   int
	FromEnd bool
}

// FoldName is the form of a name that NAME order and nameContains go by. It
// is made here and stored, so that engines can't differ: each character is
// replaced by one that stands for all that differ from it only in case.
func FoldName(name string) string { return strings.Map(foldRune, name) }

func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}
