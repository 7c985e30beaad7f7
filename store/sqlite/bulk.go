package sqlite

import (
	"cmp"
	"slices"
	"strings"

	"dialogs/dialog"
)

// Many new dialogs are stored table by table, several rows with each statement, and
// members in the order of their table: most of the time, the next row then goes to
// the page of the one before.

// restoreAll stores dialogs as they are, and replaces those with the same ids.
func (w *writer) restoreAll(dialogs []dialog.Dialog) error {
	news := make([]*dialog.Dialog, 0, len(dialogs))
	known, err := w.knownIDs(dialogs)
	if err != nil {
		return err
	}
	for i := range dialogs {
		d := &dialogs[i]
		if !known[d.ID] {
			known[d.ID] = true // a second one replaces the first
			news = append(news, d)
			continue
		}
		if err := w.insertAll(news); err != nil { // it may be among these
			return err
		}
		news = news[:0]
		if err := w.restore(d); err != nil {
			return err
		}
	}
	return w.insertAll(news)
}

// knownIDs returns which of the dialogs are stored.
func (w *writer) knownIDs(dialogs []dialog.Dialog) (map[dialog.ID]bool, error) {
	known := make(map[dialog.ID]bool, len(dialogs))
	for part := range slices.Chunk(dialogs, 64) {
		args := make([]any, 64) // the rest is null
		for i := range part {
			id, err := encodeID(part[i].ID)
			if err != nil {
				return nil, err
			}
			args[i] = id
		}
		rows, err := w.query("SELECT id FROM dialog WHERE id IN ("+marks(64)+")", args...)
		if err != nil {
			return nil, err
		}
		if err := scanIDs(rows, known); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// A member is a row of the table.
type member struct {
	user   dialog.UserID
	dialog int64
	roles  int
}

// insertAll stores new dialogs with everything that finds them.
func (w *writer) insertAll(news []*dialog.Dialog) error {
	var dialogs, records, pairs [][]any
	var members []member
	paired := map[[2]dialog.UserID]bool{}
	for _, d := range news {
		position, err := w.nextPosition()
		if err != nil {
			return err
		}
		at := place{dialog: position, position: position}
		row, err := rowOf(at, d)
		if err != nil {
			return err
		}
		dialogs = append(dialogs, row)
		for i := range d.History {
			row, err := recordRow(at.dialog, &d.History[i])
			if err != nil {
				return err
			}
			records = append(records, row)
		}
		if a, b, ok := d.Pair(); ok && !d.Deleted {
			if paired[[2]dialog.UserID{a, b}] {
				return dialog.ErrPairTaken(d.ID)
			}
			paired[[2]dialog.UserID{a, b}] = true
			if err := w.checkPair(a, b, d.ID); err != nil {
				return err
			}
			pairs = append(pairs, []any{string(a), string(b), at.dialog})
		}
		people := d.Members()
		roles := rolesIn(d, len(people))
		for _, u := range people {
			if is := roles(u); is != 0 {
				members = append(members, member{u, at.dialog, is})
			}
		}
		w.note(at.dialog, &dialog.Dialog{}, d, nil)
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.dialog, b.dialog)) })
	people := make([][]any, len(members))
	for i, m := range members {
		people[i] = []any{string(m.user), m.dialog, m.roles}
	}
	for _, table := range []struct {
		into string
		rows [][]any
	}{
		{intoDialog, dialogs},
		{intoRecord, records},
		{"INSERT INTO pair (a, b, dialog) VALUES ", pairs},
		// Members can repeat, where an owner is an occupant too.
		{"INSERT OR IGNORE INTO member (user, dialog, roles) VALUES ", people},
	} {
		if err := w.insertRows(table.into, table.rows); err != nil {
			return err
		}
	}
	return nil
}

// insertRows inserts rows, several at a time.
func (w *writer) insertRows(into string, rows [][]any) error {
	for len(rows) > 0 {
		n := 1 // each number of rows is a prepared statement of its own
		for _, most := range []int{8, 32} {
			if len(rows) >= most {
				n = most
			}
		}
		row := "(" + marks(len(rows[0])) + ")"
		if err := w.exec(into+row+strings.Repeat(", "+row, n-1), slices.Concat(rows[:n]...)...); err != nil {
			return err
		}
		w.wrote += n - 1
		rows = rows[n:]
	}
	return nil
}
