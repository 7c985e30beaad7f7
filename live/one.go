package live

import (
	"context"

	"dialogs/dialog"
)

// Dialog watches one dialog: it delivers every record after a version once and in order,
// as far as the caller may see it. Without a version, it starts after the current one. It
// ends with [ErrOver] after the record with which the caller can no longer see the dialog.
//
// The errors at the start are those of [dialog.Service.Dialog]. A version that is newer
// than the dialog's is a [dialog.Invalid] error, and a version whose records are no longer
// kept is [dialog.ErrResync].
func (h *Hub) Dialog(ctx context.Context, c dialog.Caller, id string, since dialog.Optional[int64]) (*Watch, error) {
	if c.Kind() == dialog.Anonymous {
		return nil, dialog.ErrUnauthenticated()
	}
	dialogID, err := dialog.ParseID("id", id)
	if err != nil {
		return nil, err
	}
	w := &Watch{caller: c, id: dialogID}
	if _, err := h.watch(ctx, w); err != nil {
		return nil, err
	}
	one := &oneDialog{watch: w}
	if err := one.open(ctx, since); err != nil {
		w.Close()
		return nil, err
	}
	w.next = one
	return w, nil
}

// oneDialog makes the events of one dialog. version is the last one that was
// delivered.
type oneDialog struct {
	watch   *Watch
	version int64
	missed  *batch
	// behind means that batches were dropped: start looks the dialog up.
	behind bool
}

func (o *oneDialog) open(ctx context.Context, since dialog.Optional[int64]) error {
	w := o.watch
	d, err := o.look(ctx)
	if err != nil {
		return err
	}
	o.version = d.Version
	if since.Given {
		o.version = min(max(0, since.Value), d.Version)
	}
	if !o.sawThen(&d) {
		if d.Deleted {
			return dialog.ErrNotFound()
		}
		if err := w.hub.policy.JudgeSight(w.caller, &d); err != nil {
			return err
		}
	}
	if since.Given && since.Value != o.version { // only those who can see the dialog may learn its version
		return dialog.InvalidInput("sinceVersion", "sinceVersion must not be greater than the dialog's version")
	}
	if d.Version-o.version > int64(len(d.History)) {
		return dialog.ErrResync()
	}
	o.missed = &batch{dialog: &d, bare: bareOf(&d)}
	return nil
}

// look looks the dialog up, after it has taken the memory for it.
func (o *oneDialog) look(ctx context.Context) (dialog.Dialog, error) {
	if err := dialog.RoomOf(ctx).Take(ctx); err != nil {
		return dialog.Dialog{}, err
	}
	return o.watch.hub.CatchUp.Look(ctx, o.watch.id)
}

func (o *oneDialog) goBack(reading) { o.behind = true }

// sawThen reports whether the caller could see the dialog at the version from which the
// watch starts.
func (o *oneDialog) sawThen(d *dialog.Dialog) bool {
	n := int(min(d.Version-o.version, int64(len(d.History))))
	if n == 0 {
		return o.watch.sees(d)
	}
	return o.watch.hub.policy.Sights(o.watch.caller, d, n)[0].Before
}

func (o *oneDialog) held() int64 {
	if o.missed == nil {
		return 0
	}
	return o.watch.hub.Weigh(o.missed.dialog)
}

func (o *oneDialog) start(ctx context.Context) ([]Event, error) {
	if o.behind {
		d, err := o.look(ctx)
		if err != nil {
			return nil, err
		}
		o.behind, o.missed = false, &batch{dialog: &d, bare: bareOf(&d)}
	}
	if o.missed == nil {
		return nil, nil
	}
	missed := o.missed
	events, err := o.take(missed)
	if len(events) > 0 {
		events[len(events)-1].Bytes = o.held() // they share the dialog
	}
	o.missed = nil
	return events, err
}

func (o *oneDialog) take(b *batch) ([]Event, error) {
	d := b.dialog
	n := d.Version - o.version
	if n <= 0 {
		return nil, nil
	}
	if n > int64(len(d.History)) {
		return nil, dialog.ErrResync()
	}
	o.version = d.Version
	var events []Event
	sights := o.watch.hub.policy.Sights(o.watch.caller, d, int(n))
	records := d.History[len(d.History)-len(sights):]
	for i, sight := range sights {
		if !sight.Before && !sight.After {
			continue
		}
		e := Event{ID: d.ID, Change: &records[i], Shared: b.shared}
		if !sight.After {
			return append(events, e), ErrOver
		}
		e.Dialog = o.watch.visible(b)
		events = append(events, e)
	}
	return events, nil
}
