package sqlite

import (
	"cmp"
	"slices"
	"strings"

	"dialogs/dialog"
)

// Many new dialogs are stored table by table, several rows with each statement, and
// members in the order of their table: most of the time, the next row then goes to
// the page of the one before. Everything that does not need the writer is prepared
// before: the writer may be busy with others.

// A batch is a number of dialogs to be stored as they are.
type batch struct {
	dialogs []readied
	// members are those of all dialogs, sorted by the users and then by the places of
	// the dialogs.
	members []member
	// values are the values of custom data, sorted by fields, values and places.
	values []batchValue
}

// A readied dialog has the rows that store it, without its number and its position.
type readied struct {
	*dialog.Dialog
	row     []any
	records []any // one row after the other
	a, b    dialog.UserID
	private bool // a and b are its pair
}

// A member is a row of the table; dialog is the place of the dialog in the batch.
type member struct {
	user   dialog.UserID
	dialog int
	roles  int
}

// The values of a row.
const (
	dialogValues = 17
	recordValues = 9
)

func newBatch(dialogs []dialog.Dialog) (*batch, error) {
	b := &batch{dialogs: make([]readied, len(dialogs))}
	for i := range dialogs {
		d := &dialogs[i]
		row, err := rowOf(place{}, d)
		if err != nil {
			return nil, err
		}
		records := make([]any, 0, len(d.History)*recordValues)
		for j := range d.History {
			record, err := recordRow(0, &d.History[j])
			if err != nil {
				return nil, err
			}
			records = append(records, record...)
		}
		r := readied{Dialog: d, row: row, records: records}
		r.a, r.b, r.private = d.Pair()
		r.private = r.private && !d.Deleted
		b.dialogs[i] = r
		people := d.Members()
		roles := rolesIn(d, len(people))
		for _, u := range people {
			if is := roles(u); is != 0 {
				b.members = append(b.members, member{u, i, is})
			}
		}
		for _, v := range valuesBesides(d, &dialog.Dialog{}) {
			b.values = append(b.values, batchValue{v, i})
		}
	}
	sortValues(b.values)
	slices.SortFunc(b.members, func(a, b member) int { return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.dialog, b.dialog)) })
	return b, nil
}

// restoreAll stores dialogs as they are, and replaces those with the same ids.
func (w *writer) restoreAll(b *batch) error {
	known, err := w.knownIDs(b)
	if err != nil {
		return err
	}
	news := make([]int, 0, len(b.dialogs)) // places
	for i := range b.dialogs {
		d := b.dialogs[i].Dialog
		if !known[d.ID] {
			known[d.ID] = true // a second one replaces the first
			news = append(news, i)
			continue
		}
		if err := w.insertAll(b, news); err != nil { // it may be among these
			return err
		}
		news = news[:0]
		if err := w.restore(d); err != nil {
			return err
		}
	}
	return w.insertAll(b, news)
}

// knownIDs returns which of the dialogs are stored.
func (w *writer) knownIDs(b *batch) (map[dialog.ID]bool, error) {
	known := make(map[dialog.ID]bool, len(b.dialogs))
	for part := range slices.Chunk(b.dialogs, 64) {
		args := make([]any, 64) // the rest is null
		for i := range part {
			args[i] = part[i].row[1]
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

// insertAll stores the new dialogs at some places of a batch, with everything that finds
// them.
func (w *writer) insertAll(b *batch, news []int) error {
	numbers := make([]any, len(b.dialogs))
	dialogs := make([]any, 0, len(news)*dialogValues)
	var records, pairs []any
	paired := map[[2]dialog.UserID]bool{}
	for _, i := range news {
		d := &b.dialogs[i]
		n, err := w.nextPosition()
		if err != nil {
			return err
		}
		numbers[i] = n
		dialogs = append(append(append(dialogs, n), d.row[1:dialogValues-1]...), n)
		begin := len(records)
		records = append(records, d.records...)
		for ; begin < len(records); begin += recordValues {
			records[begin] = n
		}
		if d.private {
			if paired[[2]dialog.UserID{d.a, d.b}] {
				return dialog.ErrPairTaken(d.ID)
			}
			paired[[2]dialog.UserID{d.a, d.b}] = true
			if err := w.checkPair(d.a, d.b, d.ID); err != nil {
				return err
			}
			pairs = append(pairs, string(d.a), string(d.b), n)
		}
		w.note(n, &dialog.Dialog{}, d.Dialog, nil)
	}
	people := make([]any, 0, 3*len(b.members))
	for _, m := range b.members {
		if n := numbers[m.dialog]; n != nil {
			people = append(people, string(m.user), n, m.roles)
		}
	}
	values := make([]any, 0, 3*len(b.values))
	for _, v := range b.values {
		if n := numbers[v.dialog]; n != nil {
			values = append(values, v.path, v.value, n)
		}
	}
	for _, table := range []struct {
		into   string
		values int
		rows   []any
	}{
		{intoDialog, dialogValues, dialogs},
		{intoRecord, recordValues, records},
		{"INSERT INTO pair (a, b, dialog) VALUES ", 3, pairs},
		// Members can repeat, where an owner is an occupant too.
		{"INSERT OR IGNORE INTO member (user, dialog, roles) VALUES ", 3, people},
		{intoCustomValue, 3, values},
	} {
		if err := w.insertRows(table.into, table.values, table.rows); err != nil {
			return err
		}
	}
	return nil
}

// insertRows inserts rows of that many values, several at a time.
func (w *writer) insertRows(into string, values int, rows []any) error {
	for len(rows) > 0 {
		n := 1 // each number of rows is a prepared statement of its own
		for _, most := range []int{8, 32} {
			if len(rows) >= most*values {
				n = most
			}
		}
		row := "(" + marks(values) + ")"
		if err := w.exec(into+row+strings.Repeat(", "+row, n-1), rows[:n*values]...); err != nil {
			return err
		}
		w.wrote += n - 1
		rows = rows[n*values:]
	}
	return nil
}
