package storetest

import (
	"fmt"

	"dialogs/dialog"
)

// testChangesPages reads pages of changes that are exactly full, or one entry more
// or less: of dialogs that changed, of dialogs that somebody left, and of both.
func testChangesPages(e *env) {
	e.onTime(0)
	const limit = 3
	for _, ahead := range []bool{false, true} {
		for _, n := range []int{limit - 1, limit, limit + 1, 2 * limit, 2*limit + 1} {
			for _, left := range []int{0, 1, n} {
				reader := dialog.UserID(fmt.Sprintf("reader-%v-%d-%d", ahead, n, left))
				e.readsPages(reader, dialog.ChangesQuery{User: reader, Limit: limit, Ahead: ahead, Kept: dialog.DefaultSyncKept}, n, left)
			}
		}
	}
}

// readsPages makes n changes for a user, who leaves some of the dialogs, and reads
// them all. The first page is full if it can be, and says whether there are more.
func (e *env) readsPages(reader dialog.UserID, q dialog.ChangesQuery, n, left int) {
	e.Helper()
	var all []dialog.Dialog
	for range left {
		all = append(all, e.group("o", reader))
	}
	read := func() dialog.ChangesPage {
		e.Helper()
		page, err := e.store.ChangesSince(e.Context(), q)
		if err != nil {
			e.Fatalf("%s: %v", reader, err)
		}
		q.After = page.Next
		return page
	}
	for read().More { //nolint:revive // reads to the current position
	}
	for _, d := range all {
		e.update(user(reader), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{reader}})
	}
	for len(all) < n {
		all = append(all, e.group("o", reader))
	}
	page := read()
	if want := min(q.Limit, n); len(page.Dialogs) != want || page.More != (want < n) {
		e.Fatalf("%s: %d of %d changes on the first page, with more %v", reader, len(page.Dialogs), n, page.More)
	}
	removed := map[dialog.ID]bool{}
	for pages := 1; ; pages++ {
		if len(page.Dialogs) > q.Limit || pages > 2*n {
			e.Fatalf("%s: %d changes on page %d", reader, len(page.Dialogs), pages)
		}
		for _, d := range page.Dialogs { // an engine may repeat recent ones
			removed[d.Dialog.ID] = d.Removed
		}
		if !page.More {
			break
		}
		page = read()
	}
	want := map[dialog.ID]bool{}
	for i, d := range all {
		want[d.ID] = i < left
	}
	e.same(removed, want, string(reader)+": the changes of all pages, and whether the user has left")
}

// testChangesBytes reads pages of changes that end because of the memory that their dialogs
// take: of a server, as a hub reads them, and of a user who has left one of the dialogs.
func testChangesBytes(e *env) {
	e.onTime(0)
	all := []dialog.ChangesQuery{
		{},
		{WithHistory: true, Ahead: true},
		{User: "reader"},
		{User: "reader", WithHistory: true, Latest: true},
	}
	for i := range all {
		all[i].Limit, all[i].Kept = dialog.MaxPage, dialog.DefaultSyncKept
		e.readsChanges(&all[i], 0)
	}
	want := map[dialog.ID]bool{}
	for n := range 6 {
		d := e.group("o", "reader")
		for v := range 2 * n {
			e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some(fmt.Sprint(v))})
		}
		want[d.ID] = n == 2
		if want[d.ID] {
			e.update(user("reader"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"reader"}})
		}
	}
	for _, q := range all {
		from := q.After
		for _, bytes := range []int64{1, 4_000, 9_000, 1 << 30} {
			q.After = from
			got := e.readsChanges(&q, bytes)
			for id, left := range want {
				if removed, ok := got[id]; !ok || removed != (left && q.User != "") {
					e.Errorf("%+v: dialog %s is there %v, removed %v", q, id, ok, removed)
				}
			}
		}
	}
}

// readsChanges reads all pages of changes, and returns whether each dialog was removed. Each
// page must have as many dialogs as fit, and one more.
func (e *env) readsChanges(q *dialog.ChangesQuery, bytes int64) map[dialog.ID]bool {
	e.Helper()
	removed := map[dialog.ID]bool{}
	q.Bytes = bytes
	for pages := 0; ; pages++ {
		page, err := e.store.ChangesSince(e.Context(), *q)
		if err != nil {
			e.Fatalf("%+v: %v", q, err)
		}
		memory := int64(0)
		for i := range page.Dialogs {
			d := &page.Dialogs[i]
			if removed[d.Dialog.ID] = d.Removed; q.IsFull(memory) {
				e.Errorf("%+v: a page has %d dialogs although the first %d take %d bytes", q, len(page.Dialogs), i, memory)
				break
			}
			memory += d.Dialog.Memory()
		}
		if page.More && len(page.Dialogs) < q.Limit && !q.IsFull(memory) {
			e.Errorf("%+v: a page ends although its %d dialogs take only %d bytes", q, len(page.Dialogs), memory)
		}
		if q.After = page.Next; !page.More {
			return removed
		}
		if pages > 100 {
			e.Fatalf("%+v: the pages do not end", q)
		}
	}
}
