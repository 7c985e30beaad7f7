package live

import (
	"context"
	"time"

	"dialogs/dialog"
)

// pageSize and pageBytes are how many dialogs a reader reads at a time, and how much memory
// these may take before the last one: a dialog comes with its history, which can have
// megabytes if the ids of users are long and many of them come and go.
const (
	pageSize  = 25
	pageBytes = 2 << 20
)

// A Reader reads every record of a store once, in order within each dialog. It is not safe
// for concurrent use.
type Reader struct {
	store dialog.Store
	kept  time.Duration
	now   func() time.Time
	ahead dialog.Mark // everything before it was read
	// whole is where ahead was at the end of the last reading that succeeded.
	whole dialog.Mark
	// reached is when ahead was reached, by the system clock; zero if that is not known.
	reached time.Time
	sweep   dialog.Mark // where the next sweep starts
	swept   dialog.Mark // where the last whole sweep ended
	read    time.Time   // when the last whole sweep began
	// began is when a sweep began that failed; the next sweep continues it.
	began time.Time
	told  told
}

// News is a dialog with records that were not read before.
type News struct {
	// Dialog is the dialog or its tombstone, with its History.
	Dialog *dialog.Dialog
	// Fresh is how many of the last records are new. Lost means that there were
	// more, which are no longer kept.
	Fresh int
	Lost  bool
	// Recent means that the store may return the dialog again.
	Recent bool
	// Mark is a place before which nothing is missing once this reading has ended.
	// MarkedAt is when it was reached, by the system clock.
	Mark     dialog.Mark
	MarkedAt time.Time
	// Departed are, if records are lost, the users who may have left the dialog in one of
	// these.
	Departed []dialog.UserID
}

// NewReader makes a reader of a store. kept is how long the store keeps deleted dialogs.
func NewReader(store dialog.Store, kept time.Duration, now func() time.Time) *Reader {
	return &Reader{store: store, kept: kept, now: now}
}

// Start makes the reader treat every change from now on as new.
func (r *Reader) Start(ctx context.Context) error {
	r.told = newTold(r.now())
	began := time.Now()
	// First get a mark, then the versions of the dialogs, and then the changes since the
	// mark. After that, every version up to the last mark is known, and none after it.
	q := dialog.ChangesQuery{Limit: pageSize, Bytes: pageBytes, Kept: r.kept}
	page, err := r.store.ChangesSince(ctx, q)
	if err != nil {
		return err
	}
	if err := r.rememberLatest(ctx); err != nil {
		return err
	}
	for more := true; more; more = page.More {
		q.After = page.Next
		if page, err = r.store.ChangesSince(ctx, q); err != nil {
			return err
		}
		for i := range page.Dialogs {
			r.told.set(&page.Dialogs[i].Dialog, r.now())
		}
	}
	mark := page.Next
	r.told.exact = true
	r.begin(mark, r.now())
	r.reached = began
	return nil
}

// A Place is the position of a reader.
type Place struct {
	// Mark is a place before which everything was read. At is when it was read.
	Mark dialog.Mark
	At   time.Time
	// Versions are the dialogs that were read beyond Mark, each with the last version that
	// was read.
	Versions map[dialog.ID]int64
}

// Continue makes every change after the place new. If a dialog changes again, its records
// from the minute before the place may be read again.
func (r *Reader) Continue(p Place) {
	r.told = newTold(p.At)
	for id, version := range p.Versions {
		r.told.versions.Add(id, toldVersion{version, p.At})
	}
	r.begin(p.Mark, p.At)
}

func (r *Reader) begin(mark dialog.Mark, at time.Time) {
	r.ahead, r.whole, r.sweep, r.swept = mark, mark, mark, mark
	r.reached, r.read, r.began = time.Time{}, at, time.Time{}
}

// Place returns the position of the reader, with at most this many of the dialogs that it
// has read last. It is valid after [Reader.Start] or [Reader.Read] has succeeded.
func (r *Reader) Place(most int) Place {
	p := Place{Mark: r.sweep, At: r.read, Versions: map[dialog.ID]int64{}}
	ids := r.told.versions.Keys() // oldest first
	for _, id := range ids[max(0, len(ids)-most):] {
		p.Versions[id], _ = r.told.version(id)
	}
	return p
}

// rememberLatest remembers the versions of the dialogs that changed so recently that their
// old records could count as new.
func (r *Reader) rememberLatest(ctx context.Context) error {
	q := dialog.Query{
		Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: pageSize,
		Filter: dialog.Filter{UpdatedAfter: r.now().Add(-2 * Skew).UTC().Truncate(time.Millisecond)},
	}
	for {
		page, err := r.store.Dialogs(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			r.told.set(&page[i], r.now())
		}
		if len(page) < pageSize {
			return nil
		}
		last := &page[len(page)-1]
		q.After = &dialog.Position{Key: q.Order.Key(last), ID: last.ID}
	}
}

// Read hands out everything after the last place; with late, also changes that became
// visible behind that place in the meantime.
func (r *Reader) Read(ctx context.Context, late bool, hand func(*News) error) error {
	err := r.readAhead(ctx, hand)
	if err == nil && late {
		err = r.readLate(ctx, hand)
	}
	return err
}

func (r *Reader) readAhead(ctx context.Context, hand func(*News) error) error {
	// The store lists a dialog at the position of its last change, with its earlier
	// changes. So only a reader that has read all pages has everything before a position.
	from, fromAt := r.ahead, r.reached
	for {
		began := time.Now()
		page, err := r.store.ChangesSince(ctx, dialog.ChangesQuery{
			After: r.ahead, Limit: pageSize, Bytes: pageBytes, WithHistory: true, Ahead: true, Kept: r.kept,
		})
		if err != nil {
			return err
		}
		for i := range page.Dialogs {
			d := &page.Dialogs[i]
			if err := r.hand(ctx, r.whole, &News{Dialog: &d.Dialog, Recent: d.Recent, Mark: from, MarkedAt: fromAt}, hand); err != nil {
				return err
			}
		}
		if r.ahead = page.Next; !page.More {
			r.reached, r.whole = began, r.ahead
			return nil
		}
	}
}

func (r *Reader) readLate(ctx context.Context, hand func(*News) error) error {
	if r.began.IsZero() {
		r.began = r.now()
	}
	for {
		page, err := r.store.ChangesSince(ctx, dialog.ChangesQuery{After: r.sweep, Limit: pageSize, Bytes: pageBytes, Kept: r.kept})
		if err != nil {
			return err
		}
		for _, changed := range page.Dialogs {
			if version, ok := r.told.version(changed.Dialog.ID); ok && version >= changed.Dialog.Version {
				continue
			}
			d, err := r.store.Look(ctx, changed.Dialog.ID)
			if dialog.IsCode(err, dialog.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if err := r.hand(ctx, r.swept, &News{Dialog: &d, Recent: true, Mark: r.ahead, MarkedAt: r.reached}, hand); err != nil {
				return err
			}
		}
		if r.sweep = page.Next; !page.More {
			r.read, r.began, r.swept = r.began, time.Time{}, r.sweep
			r.told.swept()
			return nil
		}
	}
}

// hand hands out what is new about a dialog. Its lost records are from after the mark.
func (r *Reader) hand(ctx context.Context, after dialog.Mark, n *News, to func(*News) error) error {
	unread := time.Duration(0)
	if !n.MarkedAt.IsZero() {
		unread = time.Since(n.MarkedAt)
	}
	n.Fresh, n.Lost = r.told.fresh(n.Dialog, unread)
	if n.Lost {
		departed, err := r.store.Departed(ctx, n.Dialog.ID, after)
		if err != nil {
			return err
		}
		n.Departed = dialog.Without(departed, n.Dialog.People(n.Fresh))
	}
	if err := to(n); err != nil {
		return err
	}
	r.told.set(n.Dialog, r.now())
	return nil
}
