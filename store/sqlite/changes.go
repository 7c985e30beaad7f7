package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"dialogs/dialog"
)

const (
	selectSync = "SELECT epoch, position, forgotten FROM sync"

	// The two ways to the changed dialogs of a user: from the changes, and
	// from the user's own dialogs.
	changedByPosition = "SELECT d.position, " + rowColumns + " FROM dialog d INDEXED BY dialog_position" +
		" WHERE d.position > ?2 AND d.deleted = 0 AND EXISTS (SELECT 1 FROM member m WHERE m.user = ?1 AND m.dialog = d.n)" +
		" ORDER BY d.position LIMIT ?3"
	changedByMember = "SELECT d.position, " + rowColumns + " FROM member m CROSS JOIN dialog d ON d.n = m.dialog" +
		" WHERE m.user = ?1 AND d.position > ?2 ORDER BY d.position LIMIT ?3"
	removed = "SELECT p.position, d.id FROM departed p CROSS JOIN dialog d ON d.n = p.dialog" +
		" WHERE p.user = ?1 AND p.position > ?2 ORDER BY p.position LIMIT ?3"

	departedSince = "SELECT p.user FROM dialog d JOIN departed p INDEXED BY departed_dialog ON p.dialog = d.n" +
		" WHERE d.id = ? AND p.position > ?"

	// A server is part of every dialog until it is deleted.
	changedForServer = "SELECT d.position, " + rowColumns + " FROM dialog d INDEXED BY dialog_position" +
		" WHERE d.position > ?2 AND ?1 = '' ORDER BY d.position LIMIT ?3"

	firstSince = "SELECT min(position) FROM dialog WHERE updated_at > ?"

	ownAtMost = "SELECT count(*) FROM (SELECT 1 FROM member WHERE user = ? LIMIT ?)"
)

// ChangesSince returns the dialogs that changed after a mark, in the order of
// their latest change.
func (s *Store) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	var page dialog.ChangesPage
	err := s.read(ctx, "reading changes", func(ctx context.Context) error {
		statements := map[string]*sql.Stmt{}
		for _, text := range []string{
			selectSync, changedByPosition, changedByMember, changedForServer, removed, ownAtMost, firstSince, selectHistory, selectLatest,
		} {
			stmt, err := s.reads.prepared(ctx, text)
			if err != nil {
				return err
			}
			statements[text] = stmt
		}
		return s.reads.snapshot(ctx, func(tx *sql.Tx) (err error) {
			c := changesReader{ctx: ctx, tx: tx, statements: statements, q: q}
			page, err = c.page()
			return err
		})
	})
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	return page, nil
}

// A changesReader reads one page in one snapshot.
type changesReader struct {
	ctx        context.Context //nolint:containedctx // lives as long as one call
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	q          dialog.ChangesQuery
}

func (c *changesReader) row(text string, args []any, to ...any) error {
	return scanOne(c.tx.StmtContext(c.ctx, c.statements[text]).QueryRowContext(c.ctx, args...), to...)
}

func (c *changesReader) page() (dialog.ChangesPage, error) {
	var latest mark
	var forgotten int64
	if err := c.row(selectSync, nil, &latest.epoch, &latest.position, &forgotten); err != nil {
		return dialog.ChangesPage{}, err
	}
	if c.q.After == "" && !c.q.Since.IsZero() {
		return c.pageFrom(latest, forgotten)
	}
	if c.q.After == "" {
		return dialog.ChangesPage{Next: latest.encode()}, nil
	}
	after, err := decodeMark(c.q.After)
	if err != nil || !bytes.Equal(after.epoch, latest.epoch) || after.position > latest.position || after.position < forgotten {
		return dialog.ChangesPage{}, dialog.ErrResync()
	}
	entries, more, err := c.entries(after.position, latest.position)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	page, memory := dialog.ChangesPage{More: more}, int64(0)
	for i := range entries {
		if i == c.q.Limit || c.q.IsFull(memory) {
			page.More = true
			break
		}
		e := &entries[i]
		if c.q.WithHistory {
			if err := c.readHistory(e); err != nil {
				return dialog.ChangesPage{}, err
			}
			e.changed.Mark = mark{latest.epoch, e.position}.encode()
		}
		memory += e.changed.Dialog.Memory()
		page.Dialogs = append(page.Dialogs, e.changed)
		page.Next = mark{latest.epoch, e.position}.encode()
	}
	if !page.More {
		page.Next = latest.encode()
	}
	return page, nil
}

// pageFrom has a mark before everything that happened after an instant.
func (c *changesReader) pageFrom(latest mark, forgotten int64) (dialog.ChangesPage, error) {
	var first sql.NullInt64
	if err := c.row(firstSince, []any{millis(c.q.Since)}, &first); err != nil {
		return dialog.ChangesPage{}, err
	}
	if first.Valid {
		latest.position = max(first.Int64-1, forgotten)
	}
	return dialog.ChangesPage{Next: latest.encode()}, nil
}

// An entry is a dialog that changed, and where.
type entry struct {
	position int64
	changed  dialog.ChangedDialog
	n        int64
}

func (c *changesReader) readHistory(e *entry) error {
	if e.n == 0 { // the user is no longer part of it
		return nil
	}
	text := selectHistory
	if c.q.Latest {
		text = selectLatest
	}
	rows, err := c.tx.StmtContext(c.ctx, c.statements[text]).QueryContext(c.ctx, e.n)
	if err != nil {
		return err
	}
	e.changed.Dialog.History, err = scanRecords(rows)
	return err
}

// entries returns what the page may have room for, in order, and either one entry more, if
// there is one, or that there are more.
func (c *changesReader) entries(after, latest int64) (list []entry, more bool, err error) {
	if c.q.User == "" {
		return c.scan(changedForServer, after, scanChanged)
	}
	// Positions have gaps, so there are at most this many changes.
	most := latest - after
	var own int64
	if err := c.row(ownAtMost, []any{string(c.q.User), most}, &own); err != nil {
		return nil, false, err
	}
	way := changedByMember
	if own >= most {
		way = changedByPosition
	}
	end := latest // of what both queries have read
	for _, from := range []struct {
		query string
		to    func(*sql.Rows, *entry) error
	}{{way, scanChanged}, {removed, scanRemoved}} {
		part, cut, err := c.scan(from.query, after, from.to)
		if err != nil {
			return nil, false, err
		}
		if cut {
			more, end = true, min(end, part[len(part)-1].position)
		}
		list = append(list, part...)
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return e.position > end })
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.position, b.position) })
	return list, more, nil
}

// scan reads entries until there is one more than the limit, or until they take so much
// memory that the page is full: then they are cut.
func (c *changesReader) scan(query string, after int64, to func(rows *sql.Rows, e *entry) error) (list []entry, cut bool, err error) {
	rows, err := c.tx.StmtContext(c.ctx, c.statements[query]).QueryContext(c.ctx, string(c.q.User), after, c.q.Limit+1)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for memory := int64(0); rows.Next(); {
		if c.q.IsFull(memory) {
			return list, true, nil
		}
		var e entry
		if err := to(rows, &e); err != nil {
			return nil, false, err
		}
		memory += e.changed.Dialog.Memory()
		list = append(list, e)
	}
	return list, false, rows.Err()
}

func scanChanged(rows *sql.Rows, e *entry) error {
	var r row
	if err := scan(rows, append([]any{&e.position}, r.targets()...)...); err != nil {
		return err
	}
	d, err := r.dialog()
	e.changed, e.n = dialog.ChangedDialog{Dialog: d, Removed: d.Deleted}, r.n
	return err
}

func scanRemoved(rows *sql.Rows, e *entry) error {
	var id []byte
	err := scan(rows, &e.position, &id)
	e.changed = dialog.ChangedDialog{Dialog: dialog.Dialog{ID: decodeID(id)}, Removed: true}
	return err
}

// Look reads a dialog or its tombstone, with its history.
func (s *Store) Look(ctx context.Context, id dialog.ID) (d dialog.Dialog, err error) {
	key, err := encodeID(id)
	if err != nil {
		return dialog.Dialog{}, err
	}
	err = s.read(ctx, "reading a dialog", func(ctx context.Context) error {
		d, err = s.withHistory(ctx, key)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	return d, err
}

// Departed returns who stopped being part of a dialog after a mark.
func (s *Store) Departed(ctx context.Context, id dialog.ID, after dialog.Mark) (users []dialog.UserID, err error) {
	key, err := encodeID(id)
	if err != nil {
		return nil, err
	}
	m, err := decodeMark(after)
	if err != nil {
		return nil, dialog.ErrResync()
	}
	err = s.read(ctx, "reading who has left a dialog", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, departedSince, key, m.position)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u dialog.UserID
			if err := scan(rows, &u); err != nil {
				return err
			}
			users = append(users, u)
		}
		return rows.Err()
	})
	return users, err
}

// Follow follows nothing: SQLite does not announce what other processes write.
func (s *Store) Follow(context.Context, func()) error { return dialog.ErrNoFeed }
