package live

import (
	"context"
	"time"

	"dialogs/dialog"
)

// Dialogs watches all dialogs that the caller is part of; a server watches all dialogs of
// the store. Without a cursor, it starts now. With the cursor of [dialog.Service.Changes]
// or of an earlier event, it first catches up: one event for each dialog that has changed,
// with its newest record. After that, it delivers every record once, in order within each
// dialog.
func (h *Hub) Dialogs(ctx context.Context, c dialog.Caller, after dialog.Optional[string]) (*Watch, error) {
	if c.Kind() == dialog.Anonymous {
		return nil, dialog.ErrUnauthenticated()
	}
	cursor, err := h.Service.SyncCursor(c, after)
	if err != nil {
		return nil, err
	}
	w := &Watch{caller: c}
	if _, err := h.watch(ctx, w); err != nil {
		return nil, err
	}
	all := &allDialogs{watch: w, cursor: cursor, behind: after.Given}
	if err := all.open(ctx); err != nil {
		w.Close()
		return nil, err
	}
	w.next = all
	return w, nil
}

// CatchUpPage is how many dialogs a watch reads at once to catch up, with the latest record
// of each.
const CatchUpPage = dialog.MaxPage / 4

// toldOfMost is how many dialogs of a catch-up a watch remembers at most. Changes of
// further dialogs may be delivered twice.
const toldOfMost = 10_000

// settling is how long a cursor remembers the events that it was sent: an event that was
// sent this long before a place was read is not read again after that place. Stores
// overlap their readings by less, and tolerate clocks that differ by up to a minute.
const settling = 2 * time.Minute

// allDialogs makes the events of all dialogs of a caller.
type allDialogs struct {
	watch  *Watch
	cursor dialog.SyncCursor
	// behind means that the catch-up is not complete. first is its first page, until
	// start takes it.
	behind bool
	first  *changesPage
	// whole means that the catch-up has read a round from its beginning. Finishing a round
	// that an earlier connection began is not enough: changes may have become visible
	// behind its position since then, and the hub may have handed them out before this
	// watch began.
	whole bool
	// told has the version of each dialog that the catch-up has told. It is needed until
	// the hub has handed out everything that the catch-up may have read: until a reading
	// has succeeded that began after caughtUp.
	told     map[dialog.ID]int64
	caughtUp uint64
	// cycle is the hub's reading that the latest batch was from.
	cycle uint64
}

// A changesPage is a page of a catch-up, and when it was read.
type changesPage struct {
	dialog.ChangesPage
	at time.Time
}

// open moves a new cursor to the current position. For a catch-up, it reads the first
// page, so that the store checks the cursor.
func (a *allDialogs) open(ctx context.Context) (err error) {
	if a.cursor.Mark() == "" {
		_, err := a.watch.hub.Service.ReadChanges(ctx, a.watch.caller, &a.cursor, CatchUpPage)
		a.cursor.SentAt(time.Now())
		return err
	}
	// After a catch-up, the caller may know more than the hub has handed out.
	// The hub must have passed that position before it delivers anything.
	if err := a.watch.hub.catchUp(ctx, a.watch); err != nil {
		return err
	}
	a.watch.forget()
	a.first, err = a.read(ctx)
	return err
}

// read reads the next page of the catch-up.
func (a *allDialogs) read(ctx context.Context) (*changesPage, error) {
	if page := a.first; page != nil {
		a.first = nil
		return page, nil
	}
	h, c := a.watch.hub, a.watch.caller
	now := h.Now()
	page, err := h.CatchUp.ChangesSince(ctx, dialog.ChangesQuery{
		User: c.User, By: c.Actor(), After: a.cursor.Mark(), Limit: CatchUpPage, WithHistory: true, Latest: true, Kept: h.policy.SyncKept,
	})
	return &changesPage{page, now}, err
}

func (a *allDialogs) held() (bytes int64) {
	if a.first != nil {
		for i := range a.first.Dialogs {
			bytes += a.watch.hub.Weigh(&a.first.Dialogs[i].Dialog)
		}
	}
	return bytes
}

// start catches up, page by page.
func (a *allDialogs) start(ctx context.Context) ([]Event, error) {
	for a.behind {
		h := a.watch.hub
		page, err := a.read(ctx)
		if err != nil {
			return nil, err
		}
		var events []Event
		for i := range page.Dialogs {
			if e, ok := a.catchUp(&page.Dialogs[i]); ok {
				events = append(events, e)
			}
		}
		a.cursor.MoveTo(page.Next)
		a.whole = a.whole || !page.Continued
		if !page.More && a.whole && !a.watch.recover() {
			a.behind = false
			a.cursor.Complete(page.at)
			a.cursor.ForgetUnread(time.Now())
			h.mu.Lock()
			a.caughtUp = h.cycle
			h.mu.Unlock()
		}
		if len(events) > 0 {
			return events, nil
		}
	}
	return nil, nil
}

func (a *allDialogs) catchUp(d *dialog.ChangedDialog) (Event, bool) {
	version, ok := a.told[d.Dialog.ID]
	known := ok && version == d.Dialog.Version || a.cursor.Knows(d)
	a.cursor.RememberHere(d, time.Now())
	if known {
		return Event{}, false
	}
	a.cursor.MoveTo(d.Mark)
	if a.told == nil || len(a.told) >= toldOfMost {
		a.told = map[dialog.ID]int64{}
	}
	a.told[d.Dialog.ID] = max(a.told[d.Dialog.ID], d.Dialog.Version) // the version may be missing if the caller was removed
	e := Event{ID: d.Dialog.ID, Cursor: a.cursor.Text(), Bytes: a.watch.hub.Weigh(&d.Dialog)}
	// A dialog that the caller is no longer part of may have nothing but its id.
	for _, sight := range d.Dialog.Parts(a.watch.caller, 1) {
		if sight.Before || sight.After {
			e.Change = &d.Dialog.History[len(d.Dialog.History)-1]
		}
	}
	if !d.Removed { // nobody keeps a public group that they are no longer part of
		e.Dialog = a.watch.visible(&batch{dialog: &d.Dialog, bare: bareOf(&d.Dialog)})
	}
	return e, true
}

// moveTo moves the cursor to where the hub's reading began. The catch-up may have told
// changes that only the next reading hands out: until that has succeeded, the cursor
// remembers them.
func (a *allDialogs) moveTo(r reading) {
	switch {
	case r.cycle == a.cycle:
	case r.done > a.caughtUp:
		a.cursor.MoveBeyond(r.mark, r.markedAt.Add(-settling))
	default:
		a.cursor.MoveTo(r.mark)
	}
	a.cycle = r.cycle
}

// goBack starts another catch-up. The events of all earlier readings were made, so it does
// not have to begin before this one.
func (a *allDialogs) goBack(to reading) {
	if to.done > a.caughtUp {
		a.told = nil
		a.moveTo(to)
	}
	a.behind, a.whole = true, false
}

// leave makes the event of a dialog that the caller has left, in a record that is no longer
// kept.
func (a *allDialogs) leave(b *batch) ([]Event, error) {
	left := dialog.ChangedDialog{Dialog: dialog.Dialog{ID: b.dialog.ID}, Removed: true, Recent: true}
	if a.cursor.Knows(&left) {
		return nil, nil
	}
	// The catch-up may have read later that the caller has come back.
	if max(a.told[b.dialog.ID], a.cursor.Told(b.dialog.ID)) >= b.dialog.Version {
		return nil, nil
	}
	a.moveTo(b.reading)
	a.cursor.RememberHere(&left, time.Now())
	a.cursor.Complete(a.watch.hub.Now())
	return []Event{{ID: b.dialog.ID, Cursor: a.cursor.Text()}}, nil
}

func (a *allDialogs) take(b *batch) ([]Event, error) {
	if b.left {
		return a.leave(b)
	}
	if b.lost {
		return nil, dialog.ErrResync()
	}
	if b.done > a.caughtUp {
		a.told = nil
	}
	d := b.dialog
	n := len(d.History)
	if version, ok := a.told[d.ID]; ok {
		n = min(n, int(max(0, d.Version-version)))
		a.told[d.ID] = max(version, d.Version)
	}
	// A change that became visible late can be told by the catch-up long before the hub
	// hands it out.
	if version := a.cursor.Told(d.ID); version > 0 {
		n = min(n, int(max(0, d.Version-version)))
	}
	sights := d.Parts(a.watch.caller, n)
	records := d.History[len(d.History)-len(sights):]
	part := len(sights) > 0 && sights[len(sights)-1].After
	var shown *dialog.Dialog
	if part {
		shown = a.watch.visible(b)
	}
	var events []Event
	for i, sight := range sights {
		if !sight.Before && !sight.After {
			continue
		}
		events = append(events, Event{ID: d.ID, Change: &records[i], Dialog: shown, Cursor: a.cursor.Text(), Shared: b.shared})
	}
	if len(events) == 0 {
		return nil, nil
	}
	a.moveTo(b.reading)
	a.cursor.RememberHere(&dialog.ChangedDialog{Dialog: *d, Removed: !part, Recent: b.recent}, time.Now())
	a.cursor.Complete(a.watch.hub.Now())
	events[len(events)-1].Cursor = a.cursor.Text()
	return events, nil
}
