package sqlite

import (
	"context"
	"slices"

	"dialogs/dialog"
)

// ownTries is how often a page of an own list is read again, because a commit
// came between the list and the dialogs.
const ownTries = 3

// mergedMost is the length up to which own dialogs and public groups are merged:
// all of them are read for it.
const mergedMost = 2 * (dialog.MaxPage + 1)

// ownPage reads a page of a list of a user's own dialogs, and of public groups if
// they are in the scope, through the list in memory. ok is false where it does
// not have the page.
func (s *Store) ownPage(ctx context.Context, q dialog.Query) (page []dialog.Dialog, ok bool, err error) {
	types, _ := typesOf(q)
	low, high, err := limits(q)
	if err != nil {
		return nil, false, err
	}
	wanted := wantedItems{low: low, high: high, types: types, backward: q.Order.Descending != q.FromEnd, skip: q.Skip, most: q.Limit}
	merged := q.Scope == dialog.Visible && slices.ContainsFunc(types, isPublic)
	if merged {
		// The list of public groups has the user's own ones.
		wanted.types = slices.DeleteFunc(types, isPublic)
		wanted.skip, wanted.most = 0, q.Skip+q.Limit
		if len(wanted.types) == 0 || wanted.most > mergedMost {
			return nil, false, nil
		}
	}
	for range ownTries {
		own, known, ok := s.lists.page(q.User, q.Order.Field, &wanted)
		if !known {
			if err := s.buildList(ctx, q.User, q.Order.Field); err != nil {
				return nil, false, err
			}
			own, known, ok = s.lists.page(q.User, q.Order.Field, &wanted)
		}
		if !known || !ok {
			return nil, false, nil
		}
		var at int64
		if merged {
			page, at, err = s.mergedPage(ctx, q, own.items)
		} else {
			page, at, err = s.dialogsOf(ctx, own)
		}
		if err != nil || at == own.position {
			return page, err == nil, err
		}
	}
	return nil, false, nil
}

const (
	selectPosition = "SELECT position FROM sync"
	// selectList has the keys of a list, the newest first, and the position at
	// which they are read: one row with that alone when there are none.
	selectList = "SELECT s.position, p.* FROM sync s LEFT JOIN" +
		" (SELECT d.n, d.type, d.id, d.updated_at, d.created_at FROM member m CROSS JOIN dialog d ON d.n = m.dialog WHERE m.user = ?1) p"
	listByUpdated = selectList + " ORDER BY p.updated_at DESC, p.id DESC LIMIT ?2"
	listByCreated = selectList + " ORDER BY p.created_at DESC, p.id DESC LIMIT ?2"
)

// buildList reads the list of a user and keeps it in memory, if no other change
// interferes.
func (s *Store) buildList(ctx context.Context, user dialog.UserID, field dialog.OrderField) (err error) {
	var list *ownList
	var position int64
	b := s.lists.begin(user, field)
	defer func() { s.lists.end(b, list, position) }()
	text := listByUpdated
	if field == dialog.ByCreatedAt {
		text = listByCreated
	}
	most := s.lists.longest()
	rows, err := s.reads.query(ctx, text, string(user), most+1)
	if err != nil {
		return err
	}
	defer rows.Close()
	var newest []item
	for rows.Next() {
		var n, typ, updated, created *int64
		var id []byte
		if err := scan(rows, &position, &n, &typ, &id, &updated, &created); err != nil {
			return err
		}
		if n == nil {
			continue
		}
		key := *updated
		if field == dialog.ByCreatedAt {
			key = *created
		}
		newest = append(newest, newItem(key, *n, dialog.Type(*typ), id))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	list = newOwnList(newest, most)
	return nil
}

// dialogsOf returns the dialogs of a page, and the position of the database now:
// the page is right if it is the page's own.
func (s *Store) dialogsOf(ctx context.Context, own listPage) (page []dialog.Dialog, position int64, err error) {
	missing := own.missing()
	if len(missing) == 0 {
		position, err = s.position.now()
	} else {
		position, err = s.readMissing(ctx, own, missing)
	}
	if len(own.items) == 0 || err != nil {
		return nil, position, err
	}
	page = make([]dialog.Dialog, 0, len(own.items))
	for _, d := range own.documents {
		if d != nil {
			page = append(page, *d)
		}
	}
	return page, position, nil
}

// missing are the items whose dialogs are not in memory.
func (p *listPage) missing() (list []item) {
	for i, d := range p.documents {
		if d == nil {
			list = append(list, p.items[i])
		}
	}
	return list
}

// readMissing reads dialogs of a page, and the position at which it read them.
func (s *Store) readMissing(ctx context.Context, own listPage, missing []item) (position int64, err error) {
	numbers, args := numbersOf(missing)
	rows, err := s.reads.query(ctx, "SELECT "+rowColumnsAt+" FROM dialog d WHERE d.n IN ("+numbers+")", args...)
	if err != nil {
		return 0, err
	}
	found, order, position, err := scanAt(rows)
	if err != nil {
		return 0, err
	}
	s.lists.keep(position, order, found...)
	for i := range own.items {
		if own.documents[i] != nil {
			continue
		}
		if j := slices.Index(order, own.items[i].n); j >= 0 {
			own.documents[i] = &found[j]
		}
	}
	return position, nil
}

// mergedPage reads a page of the own dialogs and the public groups, and the
// position at which it read it.
func (s *Store) mergedPage(ctx context.Context, q dialog.Query, own []item) (page []dialog.Dialog, position int64, err error) {
	text, args, _, err := pageQuery(q, append([]item{}, own...), choice{}, -1)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.reads.query(ctx, text, args...)
	if err != nil {
		return nil, 0, err
	}
	page, _, position, err = scanAt(rows)
	if err != nil || len(page) > 0 {
		return page, position, err
	}
	err = s.reads.row(ctx, selectPosition, nil, &position)
	return nil, position, err
}

// numberSizes are the numbers of dialogs that statements read at once: each is a
// prepared statement of its own.
var numberSizes = [...]int{8, 24, 104}

// numbersOf are the parameters for the dialogs of a list, filled up with null.
func numbersOf(list []item) (text string, args []any) {
	size := len(list)
	for _, n := range numberSizes {
		if len(list) <= n {
			size = n
			break
		}
	}
	args = make([]any, size)
	for i, it := range list {
		args[i] = it.n
	}
	return marks(size), args
}
