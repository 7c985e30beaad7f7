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
	if q.After == "" {
		next, err := s.markOfNow(ctx, q.User, now)
		return dialog.ChangesPage{Next: next}, err
	}
	m, err := decodeMark(q.After)
	if err != nil || m.epoch != now.Epoch || m.floor > now.Now+bson.DateTime(overlap.Milliseconds()) || now.forgets(m.floor, q.Kept) {
		return dialog.ChangesPage{}, dialog.ErrResync()
	}
	if m.ceiling == 0 {
		m.ceiling, m.at = now.Now, place{changed: m.floor, id: lastID}
	}
	return s.round(ctx, q, &m)
}

// lastID comes after every id.
var lastID = bson.ObjectID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}

// markOfNow is the mark of a client that has read nothing and wants nothing of
// before. What is visible in the overlap counts as seen.
func (s *Store) markOfNow(ctx context.Context, u dialog.UserID, now reading) (dialog.Mark, error) {
	m := mark{epoch: now.Epoch, floor: before(now.Now, overlap)}
	list, err := s.entries(ctx, u, m.floor, place{changed: m.floor, id: lastID}, seenMost)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		m.see(e.sighting)
	}
	return m.encode(), nil
}

// round reads one page of a round.
func (s *Store) round(ctx context.Context, q dialog.ChangesQuery, m *mark) (dialog.ChangesPage, error) {
	var page dialog.ChangesPage
	for {
		list, err := s.entries(ctx, q.User, m.floor, m.at, q.Limit+1)
		if err != nil {
			return dialog.ChangesPage{}, err
		}
		full := len(list) > q.Limit
		list = list[:min(len(list), q.Limit)]
		for _, e := range list {
			m.at = e.place
			if m.knows(e.sighting) {
				continue
			}
			m.see(e.sighting)
			if e.version == 0 {
				page.Removed = append(page.Removed, dialog.ID(e.id.Hex()))
			} else {
				page.Changed = append(page.Changed, e.dialog)
			}
		}
		if !full || m.at.changed > m.ceiling {
			m.floor, m.ceiling, m.at = max(m.floor, before(m.ceiling, overlap)), 0, place{}
			page.Next, page.More = m.encode(), full
			return page, nil
		}
		if len(page.Changed)+len(page.Removed) > 0 {
			page.Next, page.More = m.encode(), true
			return page, nil
		}
	}
}

// An entry is a dialog that changed or was removed, and where it is in the order.
type entry struct {
	sighting
	dialog dialog.Dialog // unless it was removed
}

// entries returns the first entries after a place. floor is where the round began.
func (s *Store) entries(ctx context.Context, u dialog.UserID, floor bson.DateTime, after place, limit int) ([]entry, error) {
	// Two ranges, and not one with an exception: see between.
	ranges := []bson.A{{bson.D{{Key: fieldChangedAt, Value: bson.D{{Key: "$gt", Value: after.changed}}}}}}
	if after.id != lastID {
		ranges = append(ranges, bson.A{
			bson.D{{Key: fieldChangedAt, Value: after.changed}},
			bson.D{{Key: fieldID, Value: bson.D{{Key: "$gt", Value: after.id}}}},
		})
	}
	var all []entry
	for _, part := range parts(u, floor) {
		var any bson.A
		for _, bounds := range ranges {
			any = append(any, and(append(slices.Clone(part.conditions), bounds...)))
		}
		list, err := s.readEntries(ctx, or(any), part, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.compare(b.place) })
	all = latest(all)
	return all[:min(len(all), limit)], nil
}

// latest leaves only the last entry of each dialog. A dialog that changes between
// two queries can be found by both; what the later one found is true.
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

// A part is what one query finds. The parts have no dialog in common.
type part struct {
	conditions bson.A
	fields     bson.D
	removed    bool
}

// parts are the queries for all entries of a user, or of a server, which is part
// of every dialog until it is deleted. The database chooses what is cheaper: the
// changes since the floor, or the user's own dialogs.
func parts(u dialog.UserID, floor bson.DateTime) []part {
	is := func(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }
	not := bson.D{{Key: "$ne", Value: u}}
	ids := bson.D{{Key: fieldChangedAt, Value: 1}}
	if u == "" {
		// A tombstone of version 0 stands for no dialog: see supplant.
		return []part{{conditions: bson.A{is(fieldVersion, bson.D{{Key: "$gt", Value: 0}})}, fields: whole}}
	}
	left := bson.D{{Key: "$elemMatch", Value: bson.D{
		{Key: "user", Value: u}, {Key: "at", Value: bson.D{{Key: "$gte", Value: before(floor, tolerance)}}},
	}}}
	return []part{
		{conditions: bson.A{is(fieldListedFor, u)}, fields: whole},
		{conditions: bson.A{is(fieldDeletedFor, u)}, fields: ids, removed: true},
		{conditions: bson.A{is(fieldDeparted, left), is(fieldListedFor, not), is(fieldDeletedFor, not)}, fields: ids, removed: true},
	}
}

func (s *Store) readEntries(ctx context.Context, filter bson.D, p part, limit int) ([]entry, error) {
	sort := bson.D{{Key: fieldChangedAt, Value: 1}, {Key: fieldID, Value: 1}}
	cursor, err := s.dialogs.Find(ctx, filter, options.Find().SetProjection(p.fields).SetSort(sort).SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	var documents []document
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, err
	}
	list := make([]entry, len(documents))
	for i := range documents {
		doc := &documents[i]
		list[i].place = place{changed: doc.ChangedAt, id: doc.ID}
		if p.removed || doc.DeletedAt != nil {
			continue
		}
		list[i].version = doc.Version
		if list[i].dialog, err = doc.dialog(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
