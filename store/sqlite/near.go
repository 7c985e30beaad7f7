package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"dialogs/dialog"
)

// nearPage walks through a whole list in its order, past at most that many dialogs of
// each type. ok is false when these do not fill the page.
func (s *Store) nearPage(ctx context.Context, q dialog.Query, reach int) (page []dialog.Dialog, ok bool, err error) {
	if q.User != "" && q.Scope != dialog.Public || q.Skip+q.Limit > mergedMost {
		return nil, false, nil
	}
	list, position, ok, err := s.nearItems(ctx, q, reach)
	if !ok || err != nil {
		return nil, false, err
	}
	page, at, err := s.dialogsOf(ctx, s.lists.pageAt(list, position))
	return page, at == position, err
}

// A near dialog is one that a walk found.
type near struct {
	stream int
	n      int64
	time   int64
	name   string
	id     string
}

func (s *Store) nearItems(ctx context.Context, q dialog.Query, reach int) (list []item, position int64, ok bool, err error) {
	q = tighten(q)
	order := orderOf(q.Order)
	types, none := typesOf(q)
	others, err := otherConditions(q.Filter)
	if none || err != nil {
		return nil, 0, false, err
	}
	// The conditions are for what the walk meets. It goes from one bound of the order to
	// the other.
	streams := streamsByWay(choice{}, q.Filter, types, order, within(q))
	for i := range streams {
		between, err := bounds(q, streams[i].key)
		if err != nil {
			return nil, 0, false, err
		}
		streams[i].conditions = append(streams[i].conditions, between...)
	}
	backward := q.Order.Descending != q.FromEnd
	most := q.Skip + q.Limit
	text, args := nearQuery(streams, instantConditions(q.Filter, "w"), others, backward, reach, most)
	rows, err := s.reads.query(ctx, text, args...)
	if err != nil {
		return nil, 0, false, err
	}
	all, position, err := scanNear(rows)
	if err != nil {
		return nil, 0, false, err
	}
	if len(all) == 0 {
		if err := s.reads.row(ctx, selectPosition, nil, &position); err != nil {
			return nil, 0, false, err
		}
	}
	found := make([]int, len(streams))
	for i := range all {
		found[all[i].stream]++
	}
	for i := range streams {
		if found[i] == most {
			continue
		}
		// What comes after the walk may belong to the page.
		var at int64
		var more bool
		var args []any
		text := "SELECT (" + selectPosition + "), EXISTS (SELECT 1 FROM " + streams[i].from + streams[i].where(&args) + " LIMIT 1 OFFSET ?)"
		if err := s.reads.row(ctx, text, append(args, reach), &at, &more); more || at != position || err != nil {
			return nil, 0, false, err
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		c := cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
		if backward {
			return -c
		}
		return c
	})
	all = all[min(q.Skip, len(all)):min(most, len(all))]
	list = make([]item, len(all))
	for i := range all {
		list[i].n, list[i].id = all[i].n, [12]byte([]byte(all[i].id))
	}
	return list, position, true, nil
}

// within are the filter's bounds of the key of the order.
func within(q dialog.Query) []condition {
	switch q.Order.Field {
	case dialog.ByUpdatedAt:
		return bounded("d.updated_at", q.Filter.UpdatedAfter, q.Filter.UpdatedBefore)
	case dialog.ByCreatedAt:
		return bounded("d.created_at", q.Filter.CreatedAfter, q.Filter.CreatedBefore)
	}
	return nil
}

// nearQuery reads the keys of the first dialogs that a walk of each stream finds. The
// walk itself has the instants, of which its index may have both: then only what meets
// their conditions takes a look at the dialog. What it finds is in its order, and it ends
// when there is enough.
func nearQuery(streams []stream, instants, others []condition, backward bool, reach, most int) (text string, args []any) {
	direction := ""
	if backward {
		direction = " DESC"
	}
	matches, from := stream{conditions: slices.Concat(instants, others)}, ""
	if len(others) > 0 {
		from = " CROSS JOIN dialog d ON d.n = w.n"
	}
	var parts []string
	for i, st := range streams {
		walked := "SELECT d.n AS n, " + st.key + " AS k, d.id AS id, d.updated_at AS updated_at, d.created_at AS created_at FROM " +
			st.from + st.where(&args) + " ORDER BY " + st.key + direction + ", d.id" + direction + " LIMIT ?"
		args = append(args, reach)
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT (%s), %d, w.n, w.k, w.id FROM (%s) w%s%s LIMIT ?)",
			selectPosition, i, walked, from, matches.where(&args)))
		args = append(args, most)
	}
	return strings.Join(parts, " UNION ALL "), args
}

// scanNear reads rows of a nearQuery, and closes them.
func scanNear(rows *sql.Rows) (all []near, position int64, err error) {
	defer rows.Close()
	for rows.Next() {
		var it near
		var key any
		var id []byte
		if err := scan(rows, &position, &it.stream, &it.n, &key, &id); err != nil {
			return nil, 0, err
		}
		it.id = string(id)
		switch k := key.(type) {
		case int64:
			it.time = k
		case string:
			it.name = k
		}
		all = append(all, it)
	}
	return all, position, rows.Err()
}
