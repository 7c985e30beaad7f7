package live

import (
	"context"
	"time"

	"dialogs/dialog"
)

// pageSize is how many dialogs a reader reads at once.
const pageSize = 100

// A Reader reads every record of a store once, in the order of each dialog. One
// goroutine may use it.
type Reader struct {
	store dialog.Store
	kept  time.Duration
	now   func() time.Time
	ahead dialog.Mark // everything before it was read
	// reached is when that was so, by the real time of this process.
	reached time.Time
	sweep   dialog.Mark // where the next sweep starts
	read    time.Time   // when the last whole sweep began
	// began is when a sweep that failed began; the next one continues it.
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
	// Recent means that the store may return it again.
	Recent bool
	// Mark is a place before which nothing is missing, once the reading that
	// this is part of has ended. MarkedAt is when it was reached, by the real time of this
	// process.
	Mark     dialog.Mark
	MarkedAt time.Time
	// before are the members when the dialog was read last, if more than Fresh
	// records are new.
	before []dialog.UserID
}

// People lists the users that the records may concern.
func (n *News) People() []dialog.UserID {
	return append(n.Dialog.People(n.Fresh), n.before...)
}

// NewReader makes a reader of a store that keeps what is deleted for this long.
func NewReader(store dialog.Store, kept time.Duration, now func() time.Time) *Reader {
	return &Reader{store: store, kept: kept, now: now}
}

// Start makes the reader treat every change from now on as new.
func (r *Reader) Start(ctx context.Context) error {
	r.told = newTold(r.now())
	// First a mark, then the versions, then what has changed since the mark: every version up
	// to the last mark is known, and none after it.
	q := dialog.ChangesQuery{Limit: pageSize, Kept: r.kept}
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
	r.ahead, r.sweep, r.read, r.began = mark, mark, r.now(), time.Time{}
	return nil
}

// A Place is how far a reader has come.
type Place struct {
	// Mark is a place before which everything was read. At is when it was read.
	Mark dialog.Mark
	At   time.Time
	// Versions are dialogs of which more was read: up to this version.
	Versions map[dialog.ID]int64
}

// Continue makes everything new that changes after the place. Records of the minute
// before it, of dialogs that change again, can be read again.
func (r *Reader) Continue(p Place) {
	r.told = newTold(p.At)
	for id, version := range p.Versions {
		r.told.versions.Add(id, toldVersion{version, p.At})
	}
	r.ahead, r.sweep, r.read, r.began = p.Mark, p.Mark, p.At, time.Time{}
}

// Place is how far the reader has come, after [Reader.Start] or [Reader.Read] has ended
// well, with up to most of the dialogs that it has read lately.
func (r *Reader) Place(most int) Place {
	p := Place{Mark: r.sweep, At: r.read, Versions: map[dialog.ID]int64{}}
	ids := r.told.versions.Keys() // oldest first
	for _, id := range ids[max(0, len(ids)-most):] {
		p.Versions[id], _ = r.told.version(id)
	}
	return p
}

// rememberLatest remembers the versions of the dialogs that changed so lately that
// their records could be taken for new.
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

// Read hands out everything after the last place; with late, also what has become
// visible behind it.
func (r *Reader) Read(ctx context.Context, late bool, hand func(*News) error) error {
	err := r.readAhead(ctx, hand)
	if err == nil && late {
		err = r.readLate(ctx, hand)
	}
	return err
}

func (r *Reader) readAhead(ctx context.Context, hand func(*News) error) error {
	// A dialog comes at the position of its last change, together with its
	// earlier changes: a reader has everything before a position only after it
	// has read everything.
	from, fromAt := r.ahead, r.reached
	for {
		began := time.Now()
		page, err := r.store.ChangesSince(ctx, dialog.ChangesQuery{
			After: r.ahead, Limit: pageSize, WithHistory: true, Ahead: true, Kept: r.kept,
		})
		if err != nil {
			return err
		}
		for i := range page.Dialogs {
			d := &page.Dialogs[i]
			if err := r.hand(&d.Dialog, d.Recent, from, fromAt, hand); err != nil {
				return err
			}
		}
		if r.ahead = page.Next; !page.More {
			r.reached = began
			return nil
		}
	}
}

func (r *Reader) readLate(ctx context.Context, hand func(*News) error) error {
	if r.began.IsZero() {
		r.began = r.now()
	}
	for {
		page, err := r.store.ChangesSince(ctx, dialog.ChangesQuery{After: r.sweep, Limit: pageSize, Kept: r.kept})
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
			if err := r.hand(&d, true, r.ahead, r.reached, hand); err != nil {
				return err
			}
		}
		if r.sweep = page.Next; !page.More {
			r.read, r.began = r.began, time.Time{}
			r.told.swept()
			return nil
		}
	}
}

func (r *Reader) hand(d *dialog.Dialog, recent bool, mark dialog.Mark, markedAt time.Time, to func(*News) error) error {
	n := News{Dialog: d, Recent: recent, Mark: mark, MarkedAt: markedAt}
	n.Fresh, n.Lost = r.told.fresh(d)
	if n.Lost {
		n.before = r.told.people(d.ID)
	}
	if err := to(&n); err != nil {
		return err
	}
	r.told.set(d, r.now())
	return nil
}
