package mongo

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"dialogs/dialog"
)

// Dialogs reads a page. The query is an $or of conditions, each of which is one range of
// one index in the order of the list. So the server only merges the ranges and does not
// sort, however far into the list the page is.
func (s *Store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	page, err := s.page(ctx, q)
	if err == nil && byName(q) {
		// This query must be the last one: a key of another version that was there during
		// the page is still there now.
		var foreign bool
		if foreign, err = s.hasForeignKeys(ctx, q); foreign {
			page, err = s.foldedPage(ctx, q)
		}
	}
	if err != nil {
		return nil, s.fail(ctx, "listing dialogs", err)
	}
	return page, nil
}

func (s *Store) page(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	stretches, err := stretches(q)
	if err != nil || len(stretches) == 0 {
		return nil, err
	}
	direction := 1
	if q.Order.Descending != q.FromEnd {
		direction = -1
	}
	sort := bson.D{{Key: sortField(q.Order), Value: direction}, {Key: fieldID, Value: direction}}
	find := options.Find().SetProjection(whole).SetSort(sort).SetSkip(int64(q.Skip)).SetLimit(int64(q.Limit)).SetBatchSize(int32(q.Limit)) //nolint:gosec // a page has at most 101
	page, err := s.findAll(ctx, or(stretches), find)
	if err != nil {
		return nil, err
	}
	if q.FromEnd {
		slices.Reverse(page)
	}
	return page, nil
}

// Count counts the dialogs that a query's scope and filter select.
func (s *Store) Count(ctx context.Context, q dialog.Query) (int, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	q.After, q.Before, q.Order = nil, nil, dialog.Order{Field: dialog.ByUpdatedAt} // the order does not matter
	stretches, err := stretches(q)
	if err != nil || len(stretches) == 0 {
		return 0, err
	}
	n, err := s.dialogs.CountDocuments(ctx, or(stretches))
	if err == nil && q.Filter.NameContains != "" {
		var foreign bool
		if foreign, err = s.hasForeignKeys(ctx, q); foreign {
			n = 0
			err = s.fold(ctx, q, func(*dialog.Dialog) { n++ })
		}
	}
	if err != nil {
		return 0, s.fail(ctx, "counting dialogs", err)
	}
	return int(n), nil
}

// stretches returns the conditions of the $or; none if no dialog can match.
func stretches(q dialog.Query) (bson.A, error) {
	between := between
	if q.Order.Field == dialog.ByName {
		between = betweenNames
	}
	ranges, err := between(q)
	if err != nil {
		return nil, err
	}
	return within(q, ranges)
}

// within returns the conditions for these ranges of the sort key, in each of the query's
// lists.
func within(q dialog.Query, ranges []bson.A) (bson.A, error) {
	filter, ok, err := conditions(q.Filter, sortField(q.Order))
	if err != nil || !ok {
		return nil, err
	}
	if q.Scope == dialog.Public && q.Filter.Owner != "" { // the list of the owner has other dialogs, too
		filter = append(filter, bson.D{{Key: fieldType, Value: dialog.PublicGroup}})
	}
	var all bson.A
	for _, list := range lists(q) {
		for _, bounds := range ranges {
			one := bson.A{bson.D{{Key: fieldListedFor, Value: list}}}
			all = append(all, and(append(append(one, bounds...), filter...)))
		}
	}
	return all, nil
}

// lists returns the values of listed_for that belong to the scope. If the filter names an
// occupant or the owner, they are in a user's list, which is much shorter than that of
// everybody.
func lists(q dialog.Query) []any {
	f := q.Filter
	switch {
	case (q.Scope == dialog.Public || q.User == "") && f.Owner != "":
		return []any{f.Owner}
	case q.Scope != dialog.Public && q.User == "" && len(f.Occupants) > 0:
		return []any{f.Occupants[0]}
	case q.Scope == dialog.Public:
		return []any{everyUser}
	case q.User == "":
		return []any{everyServer}
	case q.Scope == dialog.Visible:
		return []any{q.User, everyUser}
	}
	return []any{q.User}
}

// between returns the ranges of the sort key between the query's ends: the ids with the
// key of the first end, the keys in between, and the ids with the key of the second end.
// It returns none if no dialog can be in them.
//
// The filter's bounds of the sort field are part of the range. As separate conditions,
// they would make some MongoDB-compatible servers lose dialogs with equal keys.
func between(q dialog.Query) ([]bson.A, error) {
	low, high := q.After, q.Before
	if q.Order.Descending {
		low, high = high, low
	}
	from, to := ends(q.Order, q.Filter)
	from, to = from.inner(low, 1), to.inner(high, -1)
	field := sortField(q.Order)
	if from.given && to.given {
		switch c := from.compare(to.key); {
		case c > 0, c == 0 && (from.id == "" || to.id == "" || from.id >= to.id):
			return nil, nil
		case c == 0:
			ids, err := beyond(from, to)
			return []bson.A{{bson.D{{Key: field, Value: sortKey(q.Order, from.key)}}, bson.D{{Key: fieldID, Value: ids}}}}, err
		}
	}
	var keys bson.D
	var ranges []bson.A
	for _, e := range []end{from, to} {
		if !e.given {
			keys = append(keys, e.limit...)
			continue
		}
		key := sortKey(q.Order, e.key)
		keys = append(keys, bson.E{Key: e.operator, Value: key})
		if e.id == "" {
			continue
		}
		ids, err := beyond(e)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, bson.A{bson.D{{Key: field, Value: key}}, bson.D{{Key: fieldID, Value: ids}}})
	}
	if len(keys) == 0 {
		return []bson.A{nil}, nil
	}
	return append(ranges, bson.A{bson.D{{Key: field, Value: keys}}}), nil
}

// betweenNames returns the ranges of current keys between the query's ends, like between,
// and also the range of dialogs without a name, which all versions store in the same way.
func betweenNames(q dialog.Query) (ranges []bson.A, err error) {
	low, high := &q.After, &q.Before
	if q.Order.Descending {
		low, high = high, low
	}
	if *low == nil || (*low).Key.Name == "" {
		var ends []end
		if *low != nil {
			ends = append(ends, end{operator: "$gt", id: (*low).ID})
		}
		if *high != nil && (*high).Key.Name == "" {
			ends = append(ends, end{operator: "$lt", id: (*high).ID})
		}
		nameless := bson.A{bson.D{{Key: fieldNameFolded, Value: ""}}}
		if len(ends) > 0 {
			ids, err := beyond(ends...)
			if err != nil {
				return nil, err
			}
			nameless = append(nameless, bson.D{{Key: fieldID, Value: ids}})
		}
		ranges = append(ranges, nameless)
		*low = nil
	}
	if *high != nil && (*high).Key.Name == "" {
		return ranges, nil
	}
	named, err := between(q)
	return append(ranges, named...), err
}

// An end is an exclusive end of a range of sort keys. If it has an id, dialogs with the
// same key are in the range if their id is.
type end struct {
	operator string // selects the keys inside the range
	key      dialog.SortKey
	id       dialog.ID
	given    bool
	// limit is the bound to use if there is no end, for a field that may have keys of
	// another version.
	limit bson.D
}

// ends returns the ends that a filter sets for the sort key of an order.
func ends(o dialog.Order, f dialog.Filter) (from, to end) {
	from, to = end{operator: "$gt"}, end{operator: "$lt"}
	var after, before time.Time
	switch o.Field {
	case dialog.ByUpdatedAt:
		after, before = f.UpdatedAfter, f.UpdatedBefore
	case dialog.ByCreatedAt:
		after, before = f.CreatedAfter, f.CreatedBefore
	case dialog.ByName:
		from.limit = bson.D{{Key: "$gte", Value: dialog.NameKeyPrefix}}
		to.limit = bson.D{{Key: "$lt", Value: dialog.NameKeyEnd}}
	}
	from.key.Time, from.given = after, !after.IsZero()
	to.key.Time, to.given = before, !before.IsZero()
	return from, to
}

func (e end) compare(key dialog.SortKey) int {
	return cmp.Or(e.key.Time.Compare(key.Time), cmp.Compare(e.key.Name, key.Name))
}

// inner returns the end or the position, whichever makes the range smaller. sign is 1 for
// the lower end of a range and -1 for the upper one.
func (e end) inner(p *dialog.Position, sign int) end {
	if p == nil || e.given && sign*e.compare(p.Key) >= 0 {
		return e
	}
	return end{operator: e.operator, key: p.Key, id: p.ID, given: true}
}

// beyond returns the condition for ids inside these ends.
func beyond(ends ...end) (bson.D, error) {
	var all bson.D
	for _, e := range ends {
		id, err := objectID(e.id)
		if err != nil {
			return nil, err
		}
		all = append(all, bson.E{Key: e.operator, Value: id})
	}
	return all, nil
}

func sortKey(o dialog.Order, k dialog.SortKey) any {
	if o.Field == dialog.ByName {
		return k.NameKey()
	}
	return millis(k.Time)
}

func sortField(o dialog.Order) string {
	switch o.Field {
	case dialog.ByCreatedAt:
		return fieldCreatedAt
	case dialog.ByName:
		return fieldNameFolded
	}
	return fieldUpdatedAt
}

// storedNames returns names as they are stored: an empty name is null.
func storedNames(names []string) bson.A {
	all := make(bson.A, len(names))
	for i, name := range names {
		if name != "" {
			all[i] = name
		}
	}
	return all
}

// conditions returns the conditions of the filter, except its bounds of the sort field,
// which are part of the range. ok is false if no dialog can match.
func conditions(f dialog.Filter, sortField string) (all bson.A, ok bool, err error) {
	if f.IDs != nil && len(f.IDs) == 0 || f.Types != nil && len(f.Types) == 0 || f.Names != nil && len(f.Names) == 0 {
		return nil, false, nil
	}
	require := func(field string, value any) { all = append(all, bson.D{{Key: field, Value: value}}) }
	for _, list := range []struct {
		operator string
		ids      []dialog.ID
	}{{"$in", f.IDs}, {"$nin", f.ExceptIDs}} {
		if len(list.ids) == 0 {
			continue
		}
		ids := make(bson.A, len(list.ids))
		for i, id := range list.ids {
			if ids[i], err = objectID(id); err != nil {
				return nil, false, err
			}
		}
		require(fieldID, bson.D{{Key: list.operator, Value: ids}})
	}
	if f.Names != nil {
		require(fieldName, bson.D{{Key: "$in", Value: storedNames(f.Names)}})
	}
	if len(f.ExceptNames) > 0 {
		require(fieldName, bson.D{{Key: "$nin", Value: storedNames(f.ExceptNames)}})
	}
	if f.Types != nil {
		require(fieldType, bson.D{{Key: "$in", Value: f.Types}})
	}
	if f.Owner != "" {
		require(fieldOwner, f.Owner)
	}
	if len(f.Occupants) > 0 {
		require(fieldOccupants, bson.D{{Key: "$all", Value: f.Occupants}})
	}
	if f.NameContains != "" {
		require(fieldNameFolded, bson.Regex{Pattern: "^" + regexp.QuoteMeta(dialog.NameKeyPrefix) + `[\s\S]*` + regexp.QuoteMeta(f.NameContains)})
	}
	for _, bound := range []struct {
		field, operator string
		at              time.Time
	}{
		{fieldUpdatedAt, "$gt", f.UpdatedAfter},
		{fieldUpdatedAt, "$lt", f.UpdatedBefore},
		{fieldCreatedAt, "$gt", f.CreatedAfter},
		{fieldCreatedAt, "$lt", f.CreatedBefore},
	} {
		if !bound.at.IsZero() && bound.field != sortField {
			require(bound.field, bson.D{{Key: bound.operator, Value: millis(bound.at)}})
		}
	}
	for _, c := range f.Custom {
		path := customPath(c.Class, c.Field)
		if c.Value == "" {
			require(path, exists(false))
			continue
		}
		value, err := toBSON(c.Value)
		if err != nil {
			return nil, false, err
		}
		require(path, value)
	}
	return all, true, nil
}
