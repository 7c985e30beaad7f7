package sqlite

import (
	"context"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
)

// A way is how the dialogs of a whole list are found, of all public groups or of
// all dialogs: by the part of the filter that has the fewest matches.
type way int

const (
	// inOrder walks through the list in its order, and looks at each dialog.
	inOrder way = iota
	// The other ways look at all matches of a part of the filter, and sort
	// those that match the rest.
	byNames
	byParts // of names
	byUpdated
	byCreated
	byCustom // data
)

// A reach says how far a store looks before it chooses another way.
type reach struct {
	// few is the number of matches up to which it is sure to be faster to look
	// at all of them than to walk: a walk past a million dialogs to 21 of 3,000
	// matches looks at 7,000. covered is the same where the index has what the
	// order needs.
	few, covered int
	// glance is how many dialogs of each type a walk looks at first, before up to some
	// matches are counted, and near is how many it looks at after that.
	glance, some, near int
	// many is the number of matches up to which all of them are looked at when
	// that does not fill the page.
	many int
	// probes is how many of the matches are looked at first, in the order of the list.
	probes int
}

func usualReach() reach {
	return reach{few: 3000, covered: 20_000, glance: 1024, some: 20_000, near: 8192, many: 200_000, probes: 320}
}

// A choice is a way, with the expression that finds the parts of names, or the place of
// the part of the filter that concerns custom data.
type choice struct {
	way    way
	match  string
	custom int
}

// isWhole reports whether a list has a part that is found in one of these ways.
func isWhole(q dialog.Query) bool {
	return q.Filter.IDs == nil && q.Filter.Owner == "" && len(q.Filter.Occupants) == 0 && (q.User == "" || q.Scope != dialog.Mine)
}

// ways returns the ways that a filter allows besides [inOrder], each with the
// number of matches up to which it is taken at once.
func (r reach) ways(q dialog.Query) map[way]int {
	f, all := q.Filter, map[way]int{}
	if f.Names != nil {
		all[byNames] = r.few
	}
	if f.NameContains != "" {
		all[byParts] = r.few
	}
	if q.Order.Field != dialog.ByUpdatedAt && (!f.UpdatedAfter.IsZero() || !f.UpdatedBefore.IsZero()) {
		all[byUpdated] = r.few
		if q.Order.Field == dialog.ByCreatedAt {
			all[byUpdated] = r.covered
		}
	}
	if q.Order.Field != dialog.ByCreatedAt && (!f.CreatedAfter.IsZero() || !f.CreatedBefore.IsZero()) {
		all[byCreated] = r.few
	}
	if slices.ContainsFunc(f.Custom, hasValue) {
		all[byCustom] = r.few
	}
	return all
}

// hasValue reports whether a part of a filter looks for a value of custom data, not for
// dialogs without one.
func hasValue(c dialog.FieldChange) bool { return c.Value != "" }

// partFactor is how many times fewer matches by parts of names there must be than the
// other way has, if that has only some: to count them, FTS5 reads the lists of their
// trigrams. Looking at more than some matches takes longer than that.
const partFactor = 4

// A search remembers what was counted for one page.
type search struct {
	match   string // for [byParts]
	counted map[choice]count
}

func newSearch() *search { return &search{counted: map[choice]count{}} }

// A count is how many matches there are, at least.
type count struct {
	n     int
	exact bool
}

// narrowest returns the way with the fewest matches, of which there are at most as
// many as the way's own number, or else the given one; [inOrder] when there is none.
// thorough is for [Store.matchOf].
func (s *Store) narrowest(ctx context.Context, q dialog.Query, most int, thorough bool, known *search) (best choice, matches int, err error) {
	allowed := s.reach.ways(q)
	for _, w := range []way{byNames, byCustom, byUpdated, byCreated, byParts} { // the cheapest to count first
		limit, ok := allowed[w]
		if !ok {
			continue
		}
		limit = max(limit, most)
		if limit == 0 {
			continue
		}
		choices, err := s.choicesOf(ctx, w, q.Filter, thorough, known)
		if err != nil {
			return choice{}, 0, err
		}
		for _, c := range choices {
			if best.way != inOrder {
				if matches == 0 {
					return best, 0, nil
				}
				limit = min(limit, matches-1)
				if w == byParts && matches <= s.reach.some {
					limit = min(limit, matches/partFactor)
				}
			}
			there := known.counted[c]
			if !there.exact && there.n <= limit {
				if there.n, err = s.countMatches(ctx, q, c, limit+1); err != nil {
					return choice{}, 0, err
				}
				there.exact = there.n <= limit
				known.counted[c] = there
			}
			if there.n <= limit {
				best, matches = c, there.n
			}
		}
	}
	return best, matches, nil
}

// choicesOf are the choices of a way; thorough is for [Store.matchOf].
func (s *Store) choicesOf(ctx context.Context, w way, f dialog.Filter, thorough bool, known *search) (all []choice, err error) {
	switch w {
	case byParts:
		if known.match == "" {
			known.match, err = s.matchOf(ctx, f.NameContains, thorough)
		}
		if known.match == "" || err != nil {
			return nil, err
		}
		return []choice{{way: w, match: known.match}}, nil
	case byCustom:
		for i := range f.Custom {
			if hasValue(f.Custom[i]) {
				all = append(all, choice{way: w, custom: i})
			}
		}
		return all, nil
	case inOrder, byNames, byUpdated, byCreated:
	}
	return []choice{{way: w}}, nil
}

// countMatches counts what a way has to look at, no further than to most.
func (s *Store) countMatches(ctx context.Context, q dialog.Query, c choice, most int) (n int, err error) {
	var parts []string
	var args []any
	switch c.way {
	case byParts:
		parts, args = []string{partCandidates}, []any{c.match}
	case byCustom:
		s := stream{from: "custom_value v", conditions: customMatches(q.Filter.Custom[c.custom])}
		parts = []string{"SELECT 1 FROM " + s.from + s.where(&args)}
	case inOrder, byNames, byUpdated, byCreated:
		types, _ := typesOf(q)
		for _, st := range streamsByWay(c, q.Filter, types, orderOf(q.Order), nil) {
			parts = append(parts, "SELECT 1 FROM "+st.from+st.where(&args))
		}
	}
	if len(parts) == 0 {
		return 0, nil
	}
	text := "SELECT count(*) FROM (" + strings.Join(parts, " UNION ALL ") + " LIMIT ?)"
	err = s.reads.row(ctx, text, append(args, most), &n)
	return n, err
}

// RowsToRead returns how many rows a list makes the store look at in its whole
// part, when it is found by a part of its filter; not known when that has too many
// matches, or there is none.
func (s *Store) RowsToRead(ctx context.Context, q dialog.Query) (rows int, known bool, err error) {
	if !isWhole(q) || len(s.reach.ways(q)) == 0 {
		return 0, false, nil
	}
	err = s.read(ctx, "counting what a list reads", func(ctx context.Context) error {
		c, n, err := s.narrowest(ctx, q, s.reach.many, true, newSearch())
		rows, known = n, c.way != inOrder
		return err
	})
	return rows, known, err
}

// streamsByWay are the streams of a whole list, in one of the ways. narrow are the
// conditions that each dialog must meet.
func streamsByWay(c choice, f dialog.Filter, types []dialog.Type, order listOrder, narrow []condition) (streams []stream) {
	if f.NameContains != "" || f.Names != nil && !slices.Contains(f.Names, "") {
		types = slices.DeleteFunc(slices.Clone(types), func(t dialog.Type) bool { return t == dialog.Private }) // they have no names
	}
	if c.way == byCustom {
		return []stream{{
			from: "custom_value v CROSS JOIN dialog d ON d.n = v.dialog", key: order.key,
			conditions: slices.Concat(customMatches(f.Custom[c.custom]), []condition{when("d.deleted = 0")}, ofTypes(types), narrow),
		}}
	}
	index, found := order.index, []condition(nil)
	switch c.way {
	case inOrder, byCustom:
	case byNames:
		keys := make([]any, len(f.Names))
		for i, name := range f.Names {
			keys[i] = dialog.NameKey(name)
		}
		index, found = "dialog_folded", []condition{when("d.folded IN ("+marks(len(keys))+")", keys...)}
	case byParts:
		streams = append(streams, streamByParts(c.match, types, order, narrow))
		index = "dialog_folded"
	case byUpdated:
		index, found = "dialog_updated", bounded("d.updated_at", f.UpdatedAfter, f.UpdatedBefore)
	case byCreated:
		index, found = "dialog_created", bounded("d.created_at", f.CreatedAfter, f.CreatedBefore)
	}
	for _, t := range types {
		ofType := []condition{when("d.type = ?", int(t)), when("d.deleted = 0")}
		read := func(key string, more ...condition) {
			streams = append(streams, stream{from: "dialog d INDEXED BY " + index, key: key, conditions: slices.Concat(ofType, more, narrow)})
		}
		switch {
		case c.way == inOrder && order.field == dialog.ByName:
			read("d.folded", when(currentKey))
		case c.way != byParts:
			read(order.key, found...)
		}
		if c.way == byNames || c.way == byParts || c.way == inOrder && order.field == dialog.ByName {
			// What other versions have stored says nothing; there is usually none.
			read(order.key, when(lowerKeys))
			read(order.key, when(upperKeys))
		}
	}
	return streams
}

// customMatches are the conditions of the table custom_value for dialogs that may have a
// value.
func customMatches(c dialog.FieldChange) []condition {
	return []condition{when("v.path = ?", pathOf(c.Class, c.Field)), when("v.value = ?", beginning(c.Value))}
}

// bounded are the conditions for an instant between two others, which may be zero.
func bounded(column string, after, before time.Time) (all []condition) {
	if !after.IsZero() {
		all = append(all, when(column+" > ?", millis(after)))
	}
	if !before.IsZero() {
		all = append(all, when(column+" < ?", millis(before)))
	}
	return all
}

// choose chooses the way to a page: one with few matches; else a walk, of which the
// beginning is tried, and is often enough; else one with more matches, and so on. If a walk
// reads the page, it is returned.
func (s *Store) choose(ctx context.Context, q dialog.Query) (c choice, page []dialog.Dialog, read bool, err error) {
	f := q.Filter
	if !isWhole(q) || f.Names == nil && f.NameContains == "" && len(f.Custom) == 0 && len(s.reach.ways(q)) == 0 {
		return choice{}, nil, false, nil // a walk meets only what is in the list
	}
	known := newSearch()
	if c, _, err = s.narrowest(ctx, q, 0, false, known); c.way != inOrder || err != nil {
		return c, nil, false, err
	}
	for _, next := range []struct {
		near, matches int
		thorough      bool
	}{{s.reach.glance, s.reach.some, false}, {s.reach.near, s.reach.many, true}} {
		if page, read, err = s.nearPage(ctx, q, next.near); read || err != nil {
			return c, page, read, err
		}
		if c, _, err = s.narrowest(ctx, q, next.matches, next.thorough, known); c.way != inOrder || err != nil {
			return c, nil, false, err
		}
	}
	return c, nil, false, nil
}
