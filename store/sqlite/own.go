package sqlite

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/btree"

	"dialogs/dialog"
)

// An item is a dialog in the list of one of its members.
type item struct {
	key int64 // the instant that the list is sorted by
	id  [12]byte
	typ uint8
	n   int64
}

func newItem(key, n int64, typ dialog.Type, id []byte) item {
	return item{key: key, n: n, typ: uint8(typ), id: [12]byte(id)} //nolint:gosec // types are 1 to 3
}

// compareItems sorts as lists do: by the key, then by the id.
func compareItems(a, b item) int {
	return cmp.Or(cmp.Compare(a.key, b.key), bytes.Compare(a.id[:], b.id[:]))
}

const (
	// itemBytes is what an item takes in a list: nodes are half full at least.
	itemBytes = 64
	// listBytes is what an empty list takes.
	listBytes = 512
	// listDegree gives nodes of at most 31 items: most lists are short.
	listDegree = 16
)

// An ownList has the dialogs of one user in one order.
type ownList struct {
	items *btree.BTreeG[item]
	// most is how many dialogs it can have. When the user has more, it has the
	// newest ones, and is not whole.
	most  int
	whole bool
}

// newOwnList returns the list of these dialogs, from the newest one on.
func newOwnList(newest []item, most int) *ownList {
	l := &ownList{
		items: btree.NewG(listDegree, func(a, b item) bool { return compareItems(a, b) < 0 }),
		most:  most, whole: true,
	}
	for _, it := range slices.Backward(newest) {
		l.add(it)
	}
	return l
}

func (l *ownList) bytes() int64 {
	if l == nil {
		return 0
	}
	return listBytes + itemBytes*int64(l.items.Len())
}

// move replaces an item; the zero item is none.
func (l *ownList) move(before, after item) {
	if l == nil {
		return
	}
	if before.n != 0 && compareItems(before, after) != 0 {
		l.items.Delete(before)
	}
	if after.n != 0 {
		l.add(after)
	}
}

func (l *ownList) add(it item) {
	if !l.whole {
		if oldest, ok := l.items.Min(); !ok || compareItems(it, oldest) < 0 {
			return // it belongs to the part that the list does not have
		}
	}
	l.items.ReplaceOrInsert(it)
	if l.items.Len() > l.most {
		l.items.DeleteMin()
		l.whole = false
	}
}

// wantedItems are the part of a list that a page has.
type wantedItems struct {
	low, high item // exclusive
	types     []dialog.Type
	// backward starts at the newest item.
	backward   bool
	skip, most int
}

// page returns the items of a page; not ok when the list does not have all of
// them, because it is not whole.
func (l *ownList) page(w *wantedItems) (page []item, ok bool) {
	wanted := [dialog.Private + 1]bool{}
	for _, t := range w.types {
		wanted[t] = true
	}
	skip := w.skip
	take := func(it item) (more bool) {
		switch {
		case !wanted[it.typ]:
		case skip > 0:
			skip--
		default:
			page = append(page, it)
		}
		return len(page) < w.most
	}
	if w.backward {
		ended := true // at the oldest item
		l.items.DescendLessOrEqual(w.high, func(it item) bool {
			if compareItems(it, w.high) == 0 {
				return true
			}
			if compareItems(it, w.low) <= 0 || !take(it) {
				ended = false
			}
			return ended
		})
		return page, l.whole || !ended
	}
	if oldest, some := l.items.Min(); !l.whole && (!some || compareItems(w.low, oldest) < 0) {
		return nil, false
	}
	l.items.AscendGreaterOrEqual(w.low, func(it item) bool {
		return compareItems(it, w.low) == 0 || compareItems(it, w.high) < 0 && take(it)
	})
	return page, true
}

// limits are the exclusive ends of a page: its positions, or the filter's bounds
// where they are tighter.
func limits(q dialog.Query) (low, high item, err error) {
	low, high = item{key: math.MinInt64}, item{key: math.MaxInt64}
	after, before := q.Filter.UpdatedAfter, q.Filter.UpdatedBefore
	if q.Order.Field == dialog.ByCreatedAt {
		after, before = q.Filter.CreatedAfter, q.Filter.CreatedBefore
	}
	if !after.IsZero() {
		low = item{key: millis(after), id: [12]byte(bytes.Repeat([]byte{0xff}, 12))} // no id is greater
	}
	if !before.IsZero() {
		high = item{key: millis(before)}
	}
	least, most := q.After, q.Before
	if q.Order.Descending {
		least, most = most, least
	}
	if least != nil {
		it, err := itemAt(least)
		if err != nil {
			return low, high, err
		}
		if compareItems(it, low) > 0 {
			low = it
		}
	}
	if most != nil {
		it, err := itemAt(most)
		if err != nil {
			return low, high, err
		}
		if compareItems(it, high) < 0 {
			high = it
		}
	}
	return low, high, nil
}

// itemAt is where a position is in a list.
func itemAt(p *dialog.Position) (item, error) {
	id, err := encodeID(p.ID)
	if err != nil || len(id) != len(item{}.id) {
		return item{}, cmp.Or(err, fmt.Errorf("invalid dialog id %q", p.ID))
	}
	return newItem(millis(p.Key.Time), 0, 0, id), nil
}

// isFromOwnList reports whether a list of own dialogs, with types and bounds of
// the order alone, has everything that a query asks for.
func isFromOwnList(q dialog.Query) bool {
	f := q.Filter
	switch q.Order.Field {
	case dialog.ByUpdatedAt:
		f.UpdatedAfter, f.UpdatedBefore = time.Time{}, time.Time{}
	case dialog.ByCreatedAt:
		f.CreatedAfter, f.CreatedBefore = time.Time{}, time.Time{}
	default:
		return false
	}
	return q.User != "" && q.Scope != dialog.Public && f.IDs == nil && f.Owner == "" && len(f.Occupants) == 0 && f.Names == nil &&
		len(f.ExceptIDs)+len(f.ExceptNames)+len(f.Custom) == 0 && f.NameContains == "" &&
		f.UpdatedAfter.IsZero() && f.UpdatedBefore.IsZero() && f.CreatedAfter.IsZero() && f.CreatedBefore.IsZero()
}
