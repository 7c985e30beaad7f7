package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// tolerance is how much the clocks of instances may differ from the database's.
const tolerance = time.Minute

// ChangesSince reads what changed after a mark, in the order of the database's
// clock.
func (s *Store) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	defer end()
	page, err := s.changesSince(ctx, q)
	if err != nil {
		return dialog.ChangesPage{}, s.fail(ctx, "reading changes", err)
	}
	return page, nil
}

func (s *Store) changesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	now, err := s.now(ctx, q.Kept)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	if q.After == "" && !q.Since.IsZero() {
		m := mark{epoch: now.Epoch, floor: min(now.Now, before(millis(q.Since), tolerance+overlap))}
		return dialog.ChangesPage{Next: m.encode()}, nil
	}
	if q.After == "" {
		return s.pageOfNow(ctx, q, now)
	}
	m, err := decodeMark(q.After)
	if err != nil || m.epoch != now.Epoch || m.floor > after(now.Now, overlap) || now.forgets(m.floor, q.Kept) {
		return dialog.ChangesPage{}, dialog.ErrResync()
	}
	if q.Ahead {
		return s.ahead(ctx, q, m, now)
	}
	continued := m.resume(now.Now)
	page, err := s.round(ctx, q, m, now)
	page.Continued = continued
	return page, err
}

// lastID comes after every id.
var lastID = bson.ObjectID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}

// atEndOf is the place after everything that the database stamped with this time.
func atEndOf(t bson.DateTime) place { return place{changed: t, id: lastID} }

// pageOfNow is the current position, for a client that has read nothing and
// does not want earlier changes: changes in the overlap may come again.
func (s *Store) pageOfNow(ctx context.Context, q dialog.ChangesQuery, now reading) (dialog.ChangesPage, error) {
	m := mark{epoch: now.Epoch, floor: before(now.Now, overlap)}
	q.Limit = dialog.MaxPage
	list, _, err := s.entries(ctx, q, m.floor, atEndOf(m.floor))
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	if len(list) > 0 && q.User == "" {
		m.at = list[len(list)-1].place
	}
	return page(list, m, false, m.floor), nil
}

// round reads one page of a round.
func (s *Store) round(ctx context.Context, q dialog.ChangesQuery, m mark, now reading) (dialog.ChangesPage, error) {
	list, full, err := s.entries(ctx, q, m.floor, m.at)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	next := m.final()
	inside := m
	m.at = reach(list, m.at, full)
	// Past its ceiling, a round makes place for the next one. Before the clock is
	// read again, that would only read the same again.
	if !full || m.at.changed > m.ceiling && now.Now > m.ceiling {
		m.floor, m.ceiling = next, 0
		if q.User != "" {
			m.at = place{} // the next round begins at its floor
		}
	}
	p := page(list, m, full, next)
	for i, e := range list {
		if !e.left {
			inside.at = e.place
		}
		p.Dialogs[i].Mark = inside.encode()
	}
	return p, nil
}

// ahead reads what comes after the last place that was read.
func (s *Store) ahead(ctx context.Context, q dialog.ChangesQuery, m mark, now reading) (dialog.ChangesPage, error) {
	if m.at == (place{}) {
		m.at = atEndOf(m.floor)
	}
	list, full, err := s.entries(ctx, q, m.floor, m.at)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	if len(list) > 0 {
		m.at = list[len(list)-1].place
	}
	reached := now.Now
	if full {
		reached = min(reached, m.at.changed)
	}
	since := m.floor
	m.floor, m.ceiling = max(since, before(reached, overlap)), 0
	p := page(list, m, full, m.floor)
	for i, e := range list {
		there := mark{epoch: m.epoch, floor: max(since, before(min(reached, e.changed), overlap)), at: e.place}
		p.Dialogs[i].Mark = there.encode()
	}
	return p, nil
}

// page is a page of these entries. What was changed after the floor of the next
// round may come again.
func page(list []entry, m mark, more bool, floor bson.DateTime) dialog.ChangesPage {
	p := dialog.ChangesPage{Next: m.encode(), More: more}
	for _, e := range list {
		// A user who has left is found again when others change the dialog.
		e.dialog.Recent = e.dialog.Removed || e.changed > floor
		p.Dialogs = append(p.Dialogs, e.dialog)
	}
	return p
}

// An entry is a dialog that changed, and where it is in the order.
type entry struct {
	place
	dialog dialog.ChangedDialog
	// left means that the user has left the dialog: when others changed it afterwards is
	// none of their business, and not in their marks.
	left bool
}

// reach is the last place of the list that the user may know of; from, if there is none. A
// page that has only others ends at their last place, because it must make progress.
func reach(list []entry, from place, full bool) place {
	for _, e := range slices.Backward(list) {
		if !e.left {
			return e.place
		}
	}
	if full {
		return list[len(list)-1].place
	}
	return from
}

// entries returns the first entries after a place, and whether there are more than the page
// has room for. floor is where the round began.
func (s *Store) entries(ctx context.Context, q dialog.ChangesQuery, floor bson.DateTime, from place) (all []entry, full bool, err error) {
	// Two ranges, and not one with an exception: see between.
	ranges := []bson.A{{bson.D{{Key: fieldChangedAt, Value: bson.D{{Key: "$gt", Value: from.changed}}}}}}
	if from.id != lastID {
		ranges = append(ranges, bson.A{
			bson.D{{Key: fieldChangedAt, Value: from.changed}},
			bson.D{{Key: fieldID, Value: bson.D{{Key: "$gt", Value: from.id}}}},
		})
	}
	var end *place // of what all queries have read; nil if all of them have ended
	read := func(part part) error {
		var any bson.A
		for _, bounds := range ranges {
			any = append(any, and(append(slices.Clone(part.conditions), bounds...)))
		}
		list, cut, err := s.readEntries(ctx, or(any), part, &q)
		if cut {
			if last := &list[len(list)-1]; end == nil || last.compare(*end) < 0 {
				end = &last.place
			}
		}
		all = append(all, list...)
		return err
	}
	for _, part := range parts(q, floor) {
		if err := read(part); err != nil {
			return nil, false, err
		}
	}
	// The departures that were moved come last: until then, they are in the dialogs.
	if moved, ok, err := s.movedPart(ctx, q, floor); err != nil {
		return nil, false, err
	} else if ok {
		if err := read(moved); err != nil {
			return nil, false, err
		}
	}
	if end != nil {
		all = slices.DeleteFunc(all, func(e entry) bool { return e.compare(*end) > 0 })
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.compare(b.place) })
	all = latest(all)
	n, memory := 0, int64(0)
	for ; n < min(len(all), q.Limit) && !q.IsFull(memory); n++ {
		memory += all[n].dialog.Dialog.Memory()
	}
	return all[:n], end != nil || n < len(all), nil
}

// latest leaves only the last entry of each dialog. A dialog that changes
// between two queries can be found by both; the later result is the right one.
func latest(all []entry) []entry {
	last := make(map[bson.ObjectID]int, len(all))
	for i, e := range all {
		last[e.id] = i
	}
	var kept []entry
	for i, e := range all {
		if last[e.id] == i {
			kept = append(kept, e)
		}
	}
	return kept
}

// A part is the result of one query.
type part struct {
	conditions bson.A
	fields     bson.D
	removed    bool
	left       bool // removed, and others may change it
}

// parts are the queries for all entries of a user, or of a server, which is part
// of every dialog until it is deleted. The database chooses what is cheaper: the
// changes since the floor, or the user's own dialogs.
func parts(q dialog.ChangesQuery, floor bson.DateTime) []part {
	u, fields := q.User, whole
	switch {
	case q.WithHistory && q.Latest:
		fields = withLatest
	case q.WithHistory:
		fields = withHistory
	}
	is := func(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }
	if u == "" {
		// A tombstone of version 0 is not of a dialog: see supplant.
		return []part{{conditions: bson.A{is(fieldVersion, bson.D{{Key: "$gt", Value: 0}})}, fields: fields}}
	}
	departed := bson.D{{Key: "$elemMatch", Value: bson.D{{Key: "user", Value: u}, departedSince(floor)}}}
	return []part{
		{conditions: bson.A{is(fieldListedFor, u)}, fields: fields},
		{conditions: bson.A{is(fieldDeletedFor, u)}, fields: onlyPlace, removed: true},
		left(u, is(fieldDeparted, departed)),
	}
}

var onlyPlace = bson.D{{Key: fieldChangedAt, Value: 1}}

// left is the part with the dialogs that a user has left.
func left(u dialog.UserID, how bson.D) part {
	not := bson.D{{Key: "$ne", Value: u}}
	conditions := bson.A{how, bson.D{{Key: fieldListedFor, Value: not}}, bson.D{{Key: fieldDeletedFor, Value: not}}}
	return part{conditions: conditions, fields: onlyPlace, removed: true, left: true}
}

// movedPart is the part with the dialogs that a user has left so long before others that
// the dialogs have no more room for it. It is not ok if there are none.
func (s *Store) movedPart(ctx context.Context, q dialog.ChangesQuery, floor bson.DateTime) (p part, ok bool, err error) {
	if q.User == "" {
		return part{}, false, nil
	}
	moved, err := s.movedSince(ctx, "user", q.User, floor)
	ids := make(bson.A, len(moved))
	for i := range moved {
		ids[i] = moved[i].ID.Dialog
	}
	return left(q.User, bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: ids}}}}), len(ids) > 0, err
}

// readEntries reads entries until there is one more than the limit, or until they take so
// much memory that the page is full: then they are cut.
func (s *Store) readEntries(ctx context.Context, filter bson.D, p part, q *dialog.ChangesQuery) (list []entry, cut bool, err error) {
	sort := bson.D{{Key: fieldChangedAt, Value: 1}, {Key: fieldID, Value: 1}}
	cursor, err := s.dialogs.Find(ctx, filter, options.Find().SetProjection(p.fields).SetSort(sort).SetLimit(int64(q.Limit+1)))
	if err != nil {
		return nil, false, err
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // of a cursor that is done, or whose error is returned
	for memory := int64(0); cursor.Next(ctx); {
		if q.IsFull(memory) {
			return list, true, nil
		}
		var doc document
		if err := cursor.Decode(&doc); err != nil {
			return nil, false, err
		}
		e := entry{place: place{changed: doc.ChangedAt, id: doc.ID}, left: p.left}
		e.dialog.Removed = p.removed || doc.DeletedAt != nil
		if p.removed {
			e.dialog.Dialog.ID = dialog.ID(doc.ID.Hex())
		} else if e.dialog.Dialog, err = doc.dialog(); err != nil {
			return nil, false, err
		}
		memory += e.dialog.Dialog.Memory()
		list = append(list, e)
	}
	return list, false, cursor.Err()
}

// Look reads a dialog or its tombstone, with its history.
func (s *Store) Look(ctx context.Context, id dialog.ID) (dialog.Dialog, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return dialog.Dialog{}, err
	}
	defer end()
	oid, err := objectID(id)
	if err != nil {
		return dialog.Dialog{}, err
	}
	d, err := s.find(ctx, oid, withHistory)
	if err == nil && d.Version == 0 { // not of a dialog: see supplant
		err = dialog.ErrNotFound()
	}
	if err != nil {
		return dialog.Dialog{}, s.fail(ctx, "reading a dialog", err)
	}
	return d, nil
}
