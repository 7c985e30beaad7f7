package lanes

import (
	"context"
	"time"

	"dialogs/dialog"
)

// pageMost is up to how many rows a page without a filter does not have to wait for a
// search: it is as cheap as reading a few single dialogs.
const pageMost = 2 * (dialog.MaxPage + 1)

// Options are the limits of a Store.
type Options struct {
	// Lanes is how many lists and counts run at once, at least 1. A quarter of them is
	// for short ones; of a single lane, each kind has one.
	Lanes int
	// Waiting is how many lists and counts of one user may wait for a lane; for a server,
	// it is 20 times as many.
	Waiting int
	// Rows is how many rows the lists and counts of one operation may read.
	Rows int
	// Now is the clock; nil for the system clock.
	Now func() time.Time
}

// A Store limits the lists and counts of another store.
type Store struct {
	dialog.Store
	// short is for pages of a user's own dialogs and their number, and long for queries
	// that may read all dialogs. Clients show pages of own dialogs first, so these do not
	// wait for searches of others.
	short, long *gate
	all         *totals
	rows        int
}

// New wraps a store.
func New(s dialog.Store, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	short := max(1, o.Lanes/4)
	return &Store{Store: s, short: newGate(short, o.Waiting), long: newGate(o.Lanes-short, o.Waiting), all: newTotals(s, o.Rows, o.Now), rows: o.Rows}
}

// Usage returns how many lists and counts are reading the store, and how many wait for a
// lane.
func (s *Store) Usage() (reading, waiting int) {
	for _, g := range []*gate{s.short, s.long} {
		in, wait := g.usage()
		reading, waiting = reading+in, waiting+wait
	}
	return reading, waiting
}

// Dialogs returns a page of a list, after it has taken the memory for it. A page that reads
// few rows, whatever is in the store, does not wait for a lane.
func (s *Store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	rows := dialog.RowsOf(ctx, s.rows)
	if isCheap(q) {
		if err := dialog.RoomOf(ctx).Take(ctx); err != nil {
			return nil, err
		}
		return s.page(ctx, q, rows)
	}
	gate := s.long
	if !isNarrow(q) && q.Skip+q.Limit <= pageMost {
		gate = s.short
	}
	leave, err := gate.turn(ctx, q.By, sizeOf(&q.Filter))
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.page(ctx, q, rows)
}

// Count returns the exact number of dialogs in a list. If it would have to read too many
// rows, it returns [dialog.ErrTooManyRows].
func (s *Store) Count(ctx context.Context, q dialog.Query) (int, error) {
	rows := dialog.RowsOf(ctx, s.rows)
	if q.Filter.IDs == nil {
		gate := s.long
		if q.User != "" && q.Scope == dialog.Mine && !isNarrow(q) {
			gate = s.short
		}
		leave, err := gate.enter(ctx, q.By, sizeOf(&q.Filter))
		if err != nil {
			return 0, err
		}
		defer leave()
	}
	n, err := s.rowsOf(ctx, q)
	if err != nil {
		return 0, err
	}
	if n > rows.Left() {
		return 0, dialog.ErrTooManyRows(s.rows)
	}
	rows.Spend(n)
	return s.Store.Count(ctx, q)
}

// ChangesSince reads changes in a short lane: it only reads what has changed, or the
// user's own dialogs.
func (s *Store) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if q.After == "" {
		return s.Store.ChangesSince(ctx, q)
	}
	leave, err := s.short.turn(ctx, q.By, 0)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	defer leave()
	return s.Store.ChangesSince(ctx, q)
}

// page reads a page, if the operation may still read that many rows.
func (s *Store) page(ctx context.Context, q dialog.Query, rows *dialog.Rows) ([]dialog.Dialog, error) {
	n := q.Skip + q.Limit
	narrow := isNarrow(q)
	if narrow {
		var err error
		if n, err = s.rowsOf(ctx, q); err != nil {
			return nil, err
		}
	}
	left := rows.Left()
	if n <= left {
		rows.Spend(n)
		return s.Store.Dialogs(ctx, q)
	}
	if !narrow || left <= 0 {
		return nil, dialog.ErrTooManyRows(s.rows)
	}
	return s.nearPage(ctx, q, rows)
}

// nearPage reads a page of a list that has more rows than the operation may still read. It
// only reads that many, and succeeds if enough of them match.
func (s *Store) nearPage(ctx context.Context, q dialog.Query, rows *dialog.Rows) ([]dialog.Dialog, error) {
	end := q
	end.Filter, end.Skip, end.Limit = base(q), rows.Left(), 1
	rows.Spend(rows.Left())
	last, err := s.Store.Dialogs(ctx, end)
	if err != nil {
		return nil, err
	}
	whole := len(last) == 0 // the rest of the list, from the position of the page, is short enough
	if !whole {
		position := &dialog.Position{Key: q.Order.Key(&last[0]), ID: last[0].ID}
		if q.FromEnd {
			q.After = position
		} else {
			q.Before = position
		}
	}
	page, err := s.Store.Dialogs(ctx, q)
	if err == nil && !whole && len(page) < q.Limit {
		return nil, dialog.ErrTooManyRows(s.rows)
	}
	return page, err
}

// rowsOf returns how many rows a list has without its filter: the user's own dialogs, and
// the public groups or all dialogs. If there are more than the limit, it may return any
// number above the limit.
func (s *Store) rowsOf(ctx context.Context, q dialog.Query) (int, error) {
	if q.Filter.IDs != nil {
		return len(q.Filter.IDs), nil
	}
	own, all := 0, 0
	var err error
	if q.User != "" && q.Scope != dialog.Public {
		if own, err = s.Store.Count(ctx, dialog.Query{User: q.User, Scope: dialog.Mine, Order: q.Order}); err != nil {
			return 0, err
		}
	}
	if q.User == "" || q.Scope != dialog.Mine {
		if all, err = s.all.of(ctx, q); err != nil {
			return 0, err
		}
		if all, err = s.fewer(ctx, q, all); err != nil {
			return 0, err
		}
	}
	return own + all, nil
}

// A Selective store may be able to find dialogs by a filter without reading all rows.
type Selective interface {
	// RowsToRead returns how many rows a list makes the store read, besides the user's own
	// dialogs. known is false if that may be all of them.
	RowsToRead(ctx context.Context, q dialog.Query) (rows int, known bool, err error)
}

// fewer returns how many of all rows a list makes the store read. It only asks the store
// if reading all of them is too much, because asking costs as much as a small page.
func (s *Store) fewer(ctx context.Context, q dialog.Query, all int) (int, error) {
	selective, ok := s.Store.(Selective)
	if !ok || all <= dialog.RowsOf(ctx, s.rows).Left() {
		return all, nil
	}
	n, known, err := selective.RowsToRead(ctx, q)
	if err != nil || !known {
		return all, err
	}
	return min(n, all), nil
}

// isCheap reports whether a page reads few rows, no matter how many the store has.
func isCheap(q dialog.Query) bool {
	if q.Filter.IDs != nil {
		return true
	}
	return (q.Scope == dialog.Public || q.User == "") && !isNarrow(q) && q.Skip+q.Limit <= pageMost
}

// isNarrow reports whether the query may have to read rows that do not match.
func isNarrow(q dialog.Query) bool {
	f := q.Filter
	rest := base(q)
	switch q.Order.Field {
	case dialog.ByUpdatedAt:
		f.UpdatedAfter, f.UpdatedBefore = rest.UpdatedAfter, rest.UpdatedBefore
	case dialog.ByCreatedAt:
		f.CreatedAfter, f.CreatedBefore = rest.CreatedAfter, rest.CreatedBefore
	case dialog.ByName:
	}
	return f.Owner != "" || len(f.Occupants) > 0 || f.Names != nil || len(f.ExceptIDs)+len(f.ExceptNames) > 0 ||
		f.NameContains != "" || len(f.Custom) > 0 ||
		f.UpdatedAfter != rest.UpdatedAfter || f.UpdatedBefore != rest.UpdatedBefore ||
		f.CreatedAfter != rest.CreatedAfter || f.CreatedBefore != rest.CreatedBefore
}

// base returns the part of a filter that decides where in the list to read: only rows that
// match it are read.
func base(q dialog.Query) dialog.Filter {
	f := dialog.Filter{Types: q.Filter.Types}
	switch q.Order.Field {
	case dialog.ByUpdatedAt:
		f.UpdatedAfter, f.UpdatedBefore = q.Filter.UpdatedAfter, q.Filter.UpdatedBefore
	case dialog.ByCreatedAt:
		f.CreatedAfter, f.CreatedBefore = q.Filter.CreatedAfter, q.Filter.CreatedBefore
	case dialog.ByName:
	}
	return f
}

// sizeOf returns roughly how many bytes of memory a filter takes.
func sizeOf(f *dialog.Filter) int {
	n := 256 + 40*(len(f.IDs)+len(f.ExceptIDs))
	for _, u := range f.Occupants {
		n += 16 + len(u)
	}
	for _, names := range [][]string{f.Names, f.ExceptNames, {f.NameContains}} {
		for _, name := range names {
			n += 16 + len(name)
		}
	}
	for _, c := range f.Custom {
		n += 64 + len(c.Class) + len(c.Field) + len(c.Value)
	}
	return n
}
