package sqlite

import (
	"context"
	"slices"
	"strings"

	"dialogs/dialog"
)

// Dialogs returns one page of a list.
//
// The keys of the page come from one or more streams. Each stream is already in
// order, or has at most the dialogs of one user, and is cut to the page's length
// before they are merged. The dialogs themselves are read last.
func (s *Store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	var list []dialog.Dialog
	err := s.read(ctx, "listing dialogs", func(ctx context.Context) (err error) {
		if _, none := typesOf(q); none {
			return nil
		}
		if isFromOwnList(q) {
			var ok bool
			if list, ok, err = s.ownPage(ctx, q); ok || err != nil {
				return err
			}
		}
		by, page, read, err := s.choose(ctx, q)
		if read || err != nil {
			list = page
			return err
		}
		for _, probes := range []int{s.reach.probes, -1} {
			text, args, partial, err := pageQuery(q, nil, by, probes)
			if err != nil || text == "" {
				return err
			}
			rows, err := s.reads.query(ctx, text, args...)
			if err != nil {
				return err
			}
			if list, err = scanDialogs(rows); !partial || len(list) == q.Limit || err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if q.FromEnd {
		slices.Reverse(list)
	}
	return list, nil
}

// Count returns the length of a list.
func (s *Store) Count(ctx context.Context, q dialog.Query) (int, error) {
	n := 0
	err := s.read(ctx, "counting dialogs", func(ctx context.Context) (err error) {
		if _, none := typesOf(q); none {
			return nil
		}
		var by choice
		if isWhole(q) {
			if by, _, err = s.narrowest(ctx, q, s.reach.many, true, newSearch()); err != nil {
				return err
			}
		}
		text, args, err := countQuery(q, by)
		if err != nil || text == "" {
			return err
		}
		return s.reads.row(ctx, text, args, &n)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// pageQuery is the statement for a page; empty when no dialog can match. own are
// the first of the user's own dialogs in the order, if they are known; the rows
// are then those of [scanAt]. A partial page only has the matches among the first
// keys of the list, as many as probes says: it is the page if it is full, and else
// matches may be missing.
func pageQuery(q dialog.Query, own []item, by choice, probes int) (text string, args []any, partial bool, err error) {
	q = tighten(q)
	order := orderOf(q.Order)
	streams, err := streamsOf(q, order, own, by)
	if err != nil || len(streams) == 0 {
		return "", nil, false, err
	}
	direction := ""
	if q.Order.Descending != q.FromEnd {
		direction = " DESC"
	}
	most := q.Skip + q.Limit
	probed := stream{}
	for i := range streams {
		if len(streams[i].probed) > 0 {
			probed.conditions, most = streams[i].probed, probes
		}
	}
	var b strings.Builder
	for i, s := range streams {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		bounds, err := bounds(q, s.key)
		if err != nil {
			return "", nil, false, err
		}
		s.conditions = append(s.conditions, bounds...)
		b.WriteString("SELECT * FROM (SELECT d.n AS n, " + s.key + " AS k, d.id AS id FROM " + s.from + s.where(&args) +
			" ORDER BY k" + direction + ", id" + direction + " LIMIT ?)")
		args = append(args, most)
	}
	b.WriteString(" ORDER BY k" + direction + ", id" + direction + " LIMIT ?")
	keys := b.String()
	if len(probed.conditions) > 0 { // in the order of the keys, until there are enough
		args = append(args, probes)
		keys = "SELECT s.* FROM (" + keys + ") s CROSS JOIN dialog d ON d.n = s.n" + probed.where(&args) + " LIMIT ?"
		partial = probes >= 0
	}
	columns := rowColumns
	if own != nil {
		columns = rowColumnsAt
	}
	text = "SELECT " + columns + " FROM (" + keys + " OFFSET ?) p CROSS JOIN dialog d ON d.n = p.n ORDER BY p.k" + direction + ", p.id" + direction
	return text, append(args, q.Limit, q.Skip), partial, nil
}

func countQuery(q dialog.Query, by choice) (string, []any, error) {
	streams, err := streamsOf(q, orderOf(q.Order), nil, by)
	if err != nil || len(streams) == 0 {
		return "", nil, err
	}
	var b strings.Builder
	var args []any
	for i, s := range streams {
		if i > 0 {
			b.WriteString(" + ")
		} else {
			b.WriteString("SELECT ")
		}
		from := s.from
		if s.membersAlone {
			from = "member m"
		}
		s.conditions = append(s.conditions, s.probed...)
		b.WriteString("(SELECT count(*) FROM " + from + s.where(&args) + ")")
	}
	return b.String(), args, nil
}

// A stream is a part of a list that is read in one way. The streams of a list
// have no dialog in common.
type stream struct {
	from     string
	fromArgs []any
	// key is the expression of the sort key.
	key        string
	conditions []condition
	// probed are conditions that are better checked in the order of the keys: the first of
	// many matches usually fill a page. They hold for all dialogs of the list.
	probed []condition
	// membersAlone means that no condition concerns the dialogs.
	membersAlone bool
}

// A condition is a part of a WHERE clause with its arguments.
type condition struct {
	text string
	args []any
}

func when(text string, args ...any) condition { return condition{text: text, args: args} }

// where is the WHERE clause. It comes directly after from, and adds the arguments of
// both.
func (s *stream) where(args *[]any) string {
	*args = append(*args, s.fromArgs...)
	if len(s.conditions) == 0 {
		return ""
	}
	texts := make([]string, len(s.conditions))
	for i, c := range s.conditions {
		texts[i] = c.text
		*args = append(*args, c.args...)
	}
	return " WHERE " + strings.Join(texts, " AND ")
}

// streamsOf decides how a list is read: by the condition with the fewest
// matches. None means that no dialog can match.
func streamsOf(q dialog.Query, order listOrder, known []item, by choice) ([]stream, error) {
	types, none := typesOf(q)
	if none {
		return nil, nil
	}
	f, user := q.Filter, q.User
	others, err := otherConditions(f)
	if err != nil {
		return nil, err
	}
	narrow := slices.Concat(instantConditions(f, "d"), others)
	if f.IDs != nil {
		s, err := streamByID(f.IDs, order, types, narrow)
		if user != "" && q.Scope != dialog.Public {
			s.conditions = append(s.conditions, seenBy(user, q.Scope))
		}
		return []stream{s}, err
	}
	var streams []stream
	if user != "" && q.Scope != dialog.Public {
		own := types
		if q.Scope == dialog.Visible {
			own = slices.DeleteFunc(slices.Clone(types), isPublic)
			types = slices.DeleteFunc(slices.Clone(types), func(t dialog.Type) bool { return !isPublic(t) })
		} else {
			types = nil
		}
		switch {
		case len(own) == 0 || known != nil && len(known) == 0:
		case known != nil:
			streams = append(streams, streamByNumber(known, order))
		default:
			streams = append(streams, streamByMember(user, anyRole, order, own, narrow))
		}
	}
	switch {
	case len(types) == 0:
	case len(f.Occupants) > 0:
		streams = append(streams, streamByMember(f.Occupants[0], memberOccupant, order, types, narrow))
	case f.Owner != "":
		streams = append(streams, streamByMember(f.Owner, memberOwner, order, types, narrow))
	default:
		if by.way == byUpdated || by.way == byCreated {
			whole := streamsByWay(by, f, types, order, instantConditions(f, "d")) // an index may have both instants
			for i := range whole {
				whole[i].probed = others
			}
			return append(streams, whole...), nil
		}
		streams = append(streams, streamsByWay(by, f, types, order, narrow)...)
	}
	return streams, nil
}

func isPublic(t dialog.Type) bool { return t == dialog.PublicGroup }

// typesOf returns the types that the list can contain.
func typesOf(q dialog.Query) (types []dialog.Type, none bool) {
	for _, t := range []dialog.Type{dialog.PublicGroup, dialog.Group, dialog.Private} {
		switch {
		case q.Filter.Types != nil && !slices.Contains(q.Filter.Types, t):
		case q.Scope == dialog.Public && !isPublic(t):
		case len(q.Filter.Occupants) > 0 && isPublic(t): // they have no occupants
		default:
			types = append(types, t)
		}
	}
	none = q.Filter.IDs != nil && len(q.Filter.IDs) == 0 || q.Filter.Names != nil && len(q.Filter.Names) == 0
	return types, none || len(types) == 0
}

func encodeIDs(ids []dialog.ID) ([]any, error) {
	keys := make([]any, len(ids))
	for i, id := range ids {
		key, err := encodeID(id)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

func streamByID(ids []dialog.ID, order listOrder, types []dialog.Type, narrow []condition) (stream, error) {
	args, err := encodeIDs(ids)
	if err != nil {
		return stream{}, err
	}
	conditions := []condition{when("d.id IN ("+marks(len(ids))+")", args...), when("d.deleted = 0")}
	return stream{
		from:       "dialog d INDEXED BY dialog_id",
		key:        order.key,
		conditions: slices.Concat(conditions, ofTypes(types), narrow),
	}, nil
}

// streamByNumber reads dialogs by their numbers.
func streamByNumber(list []item, order listOrder) stream {
	numbers, args := numbersOf(list)
	return stream{from: "dialog d", key: order.key, conditions: []condition{when("d.n IN ("+numbers+")", args...)}}
}

// streamByMember reads all dialogs in which a user has one of the roles.
func streamByMember(user dialog.UserID, roles int, order listOrder, types []dialog.Type, narrow []condition) stream {
	conditions := []condition{when("m.user = ?", string(user))}
	if roles != anyRole {
		conditions = append(conditions, when("m.roles & ?", roles))
	}
	narrow = slices.Concat(ofTypes(types), narrow)
	return stream{
		from:         "member m CROSS JOIN dialog d ON d.n = m.dialog",
		key:          order.key,
		conditions:   slices.Concat(conditions, narrow),
		membersAlone: len(narrow) == 0,
	}
}

// ofTypes is the condition on types; none when every type matches.
func ofTypes(types []dialog.Type) []condition {
	if len(types) == 3 {
		return nil
	}
	args := make([]any, len(types))
	for i, t := range types {
		args[i] = int(t)
	}
	return []condition{when("d.type IN ("+marks(len(types))+")", args...)}
}

// seenBy is the condition that the dialog is in the scope of the user: like the
// table member, it repeats the row [dialog.See] of the rules.
func seenBy(user dialog.UserID, scope dialog.Scope) condition {
	mine := "EXISTS (SELECT 1 FROM member m WHERE m.user = ? AND m.dialog = d.n)"
	if scope == dialog.Visible {
		return when("(d.type = ? OR "+mine+")", int(dialog.PublicGroup), string(user))
	}
	return when(mine, string(user))
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }
