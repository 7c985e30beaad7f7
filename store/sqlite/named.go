package sqlite

import (
	"context"
	"encoding/json"
	"slices"
)

// A namedRow is a row of a table that has hardly any rows, such as that of ended sessions.
type namedRow struct {
	name   string
	values [3]int64
}

// named returns the rows of a table whose column is one of n names. query selects that
// column, a text, and three numbers; it has no conditions. The names are only made if there
// are any rows.
//
// Usually there are hardly any, and names of all who are connected. If there are no more
// rows than names, they are all read: looking for each name takes longer.
func (s *Store) named(ctx context.Context, query, column string, n int, names func() []string) ([]namedRow, error) {
	if n > 1 {
		all, err := s.namedRows(ctx, query+" LIMIT ?", n+1)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		if len(all) <= n {
			wanted := make(map[string]struct{}, n)
			for _, name := range names() {
				wanted[name] = struct{}{}
			}
			return slices.DeleteFunc(all, func(r namedRow) bool { _, ok := wanted[r.name]; return !ok }), nil
		}
	}
	if n == 1 {
		return s.namedRows(ctx, query+" WHERE "+column+" = ?", names()[0])
	}
	list, err := json.Marshal(names())
	if err != nil {
		return nil, err
	}
	return s.namedRows(ctx, query+" WHERE "+column+" IN (SELECT value FROM json_each(?))", string(list))
}

func (s *Store) namedRows(ctx context.Context, query string, args ...any) (all []namedRow, err error) {
	rows, err := s.reads.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r namedRow
		if err := scan(rows, &r.name, &r.values[0], &r.values[1], &r.values[2]); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
