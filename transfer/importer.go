package transfer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
)

// A Source provides the dialogs of another service, one after another.
type Source interface {
	// Next returns the next dialog, or [io.EOF] after the last one. A [dialog.Invalid]
	// error concerns only one dialog; after any other error, reading stops.
	Next() (dialog.Foreign, error)
}

// A ClassSource also provides custom classes, which are defined before the dialogs that
// follow them.
type ClassSource interface {
	Source
	// Classes returns the classes that were read since the last call.
	Classes() []dialog.Class
}

// An Importer copies dialogs of another service into a store and keeps their ids. It
// stores up to 1,333 dialogs at a time, while it looks up and reads the next ones. Dialogs
// that already exist with the same content are skipped: so an import that was interrupted
// resumes when it is run again.
type Importer struct {
	Store  dialog.Store
	Policy dialog.Policy
	// Actor is the name of the API key that change records of the import show.
	Actor string
	// Overwrite also replaces dialogs that were changed here since they were imported;
	// without it, they are refused.
	Overwrite bool
	// DryRun reports what the import would do, and writes nothing.
	DryRun bool
	// Refused is called for each dialog that can't be imported, with the
	// reason.
	Refused func(id string, why error)
	// Progress is called with the number of dialogs that are done.
	Progress func(done int)
}

// An ImportReport is the result of an import, in numbers of dialogs.
type ImportReport struct {
	// Created dialogs are new, Same ones already had the same content, Changed ones were
	// updated because they differed from the source, and Refused ones can't be imported.
	Created, Same, Changed, Refused int
}

// Import reads the source to its end.
func (i Importer) Import(ctx context.Context, source Source) (ImportReport, error) {
	r := i.run(i.DryRun)
	err := r.each(ctx, source, r.settle)
	return r.report, errors.Join(err, r.finish(0))
}

// A VerifyReport is the result of comparing the store with the source, in numbers of
// dialogs.
type VerifyReport struct {
	// Same dialogs are equal in both, Different ones are not, Missing ones are
	// only in the source, and Refused ones can't be imported.
	Same, Different, Missing, Refused int
}

// Verify compares each dialog of the source, field by field, with the one in the store.
// For each that differs, it calls differs with the names of these fields; for one that is
// missing in the store, with nil.
func (i Importer) Verify(ctx context.Context, source Source, differs func(id string, fields []string)) (VerifyReport, error) {
	r := i.run(true)
	var report VerifyReport
	err := r.each(ctx, source, func(ctx context.Context) error {
		stored, err := r.stored(ctx)
		if err != nil {
			return err
		}
		for i := range r.batch {
			there, ok := stored[r.batch[i].ID]
			if !ok {
				report.Missing++
				differs(string(r.batch[i].ID), nil)
			} else if fields := differences(there, &r.batch[i]); len(fields) > 0 {
				report.Different++
				differs(string(r.batch[i].ID), fields)
			} else {
				report.Same++
			}
		}
		r.progress(len(r.batch))
		return nil
	})
	report.Refused = r.report.Refused
	return report, err
}

// run is one reading of a source. Its clock shows the time at which the source made a
// change, so that the store gets the same time.
type run struct {
	Importer
	service *dialog.Service
	clock   time.Time
	report  ImportReport
	batch   []dialog.Dialog
	done    int
	// ahead is a dialog that was already read for the next portion.
	ahead *dialog.Dialog
	// creating are new dialogs that are being stored, what was begun first first.
	creating []*creation
}

func (i Importer) run(readOnly bool) *run {
	r := &run{Importer: i}
	// The list of ids in an update may be as long as a dialog's lists.
	policy := i.Policy
	limits := &policy.Limits
	limits.IDsPerList = max(limits.IDsPerList, limits.Occupants, limits.Admins+1)
	store := i.Store
	if readOnly {
		store = &withClasses{Store: store}
	}
	r.service = dialog.NewService(store, policy, func() time.Time { return r.clock }, rand.Reader)
	return r
}

func (r *run) caller() dialog.Caller { return dialog.Caller{APIKey: r.Actor} }

const (
	// importMost (dialogs) and importBytes limit what is stored at a time. In the
	// meantime, the next portion is looked up and prepared, and one more is read.
	importMost  = 1333
	importBytes = 8 << 20 / 3
)

// A portion is a part of a source: some valid dialogs, each with a different id, and some
// invalid ones.
type portion struct {
	dialogs []dialog.Dialog
	invalid []invalid
	err     error // the error that ended the reading
}

type invalid struct {
	id  string
	why error
}

// each reads the source, and calls settle for one batch after another. While it settles
// one, it already reads the next.
func (r *run) each(ctx context.Context, source Source, settle func(context.Context) error) error {
	portions, stopped := make(chan portion), make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() { r.read(ctx, source, portions, stopped) })
	defer reader.Wait()
	defer close(stopped)
	for p := range portions {
		for _, i := range p.invalid {
			r.done++
			r.refuse(i.id, i.why)
		}
		r.batch = p.dialogs
		if len(r.batch) > 0 {
			if err := settle(ctx); err != nil {
				return errors.Join(err, p.err)
			}
		}
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// read sends the source in portions, until its end or until stopped.
func (r *run) read(ctx context.Context, source Source, to chan<- portion, stopped <-chan struct{}) {
	defer close(to)
	for ended := false; !ended; {
		var p portion
		p, ended = r.next(ctx, source, stopped)
		select {
		case to <- p:
		case <-stopped:
			return
		}
	}
}

// next reads one portion. ended is set for the last one.
func (r *run) next(ctx context.Context, source Source, stopped <-chan struct{}) (p portion, ended bool) {
	ids := map[dialog.ID]bool{}
	for bytes := 0; len(p.dialogs) < importMost && len(p.invalid) < importMost && bytes < importBytes; {
		select {
		case <-stopped: // the source may be slow, and its result is no longer needed
			return p, true
		default:
		}
		d, f := r.ahead, dialog.Foreign{}
		r.ahead = nil
		if d == nil {
			var err error
			f, err = source.Next()
			if failed := r.define(ctx, source); failed != nil {
				p.err = failed
				return p, true
			}
			if errors.Is(err, io.EOF) {
				return p, true
			}
			var adopted dialog.Dialog
			if err == nil {
				adopted, err = r.service.Adopt(ctx, r.caller(), f)
			}
			if dialog.IsCode(err, dialog.Invalid) {
				p.invalid = append(p.invalid, invalid{f.ID.Value, err})
				continue
			}
			if err != nil {
				p.err = err
				return p, true
			}
			d = &adopted
		}
		if ids[d.ID] { // the earlier one has to be stored first
			r.ahead = d
			return p, false
		}
		ids[d.ID] = true
		bytes += sizeOf(d)
		p.dialogs = append(p.dialogs, *d)
	}
	return p, false
}

// sizeOf is roughly how many bytes a dialog takes in memory.
func sizeOf(d *dialog.Dialog) int {
	n := 512 + len(d.Name) + len(d.Photo) + 2*d.Custom.Bytes()
	for _, u := range d.Occupants {
		n += 2 * (16 + len(u)) // the first record has the id, too
	}
	return n
}

// withClasses is a store that defines classes in memory only.
type withClasses struct {
	dialog.Store
	defined []dialog.Class
}

func (w *withClasses) Classes(ctx context.Context) ([]dialog.Class, error) {
	stored, err := w.Store.Classes(ctx)
	for _, c := range stored {
		if !slices.ContainsFunc(w.defined, func(d dialog.Class) bool { return d.Name == c.Name }) {
			w.defined = append(w.defined, c)
		}
	}
	return w.defined, err
}

func (w *withClasses) SaveClass(_ context.Context, c dialog.Class) (bool, error) {
	w.defined = slices.DeleteFunc(w.defined, func(d dialog.Class) bool { return d.Name == c.Name })
	w.defined = append(w.defined, c)
	return true, nil
}

// define defines the classes that the source has just read.
func (r *run) define(ctx context.Context, source Source) error {
	s, ok := source.(ClassSource)
	if !ok {
		return nil
	}
	for _, c := range s.Classes() {
		if _, err := r.service.DefineClass(ctx, r.caller(), c.Name, c.Fields); err != nil {
			return fmt.Errorf("the custom class %s: %w", dialog.Quote(c.Name), err)
		}
	}
	return nil
}

func (r *run) refuse(id string, why error) {
	r.report.Refused++
	r.Refused(id, why)
}

// stored returns the dialogs of the batch that are already in the store, by id.
func (r *run) stored(ctx context.Context) (map[dialog.ID]*dialog.Dialog, error) {
	ids := make([]dialog.ID, len(r.batch))
	for i := range r.batch {
		ids[i] = r.batch[i].ID
	}
	stored := make(map[dialog.ID]*dialog.Dialog, len(ids))
	for page := range slices.Chunk(ids, dialog.MaxPage) {
		found, err := r.Store.Dialogs(ctx, dialog.Query{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByCreatedAt}, Filter: dialog.Filter{IDs: page}, Limit: len(page),
		})
		if err != nil {
			return nil, fmt.Errorf("looking up existing dialogs: %w", err)
		}
		for i := range found {
			stored[found[i].ID] = &found[i]
		}
	}
	return stored, nil
}

// progress tells that more dialogs are done.
func (r *run) progress(more int) {
	r.done += more
	r.Progress(r.done)
}

// settle imports the batch into the store. When it returns, the new dialogs of the batch
// may still be stored, and those of the one before are.
func (r *run) settle(ctx context.Context) error {
	if slices.ContainsFunc(r.creating, func(c *creation) bool { return c.concerns(r.batch) }) {
		if err := r.finish(0); err != nil {
			return err
		}
	}
	stored, err := r.stored(ctx)
	if err != nil {
		return err
	}
	var missing []dialog.Dialog
	for i := range r.batch {
		d := &r.batch[i]
		there, ok := stored[d.ID]
		if !ok {
			missing = append(missing, *d)
			continue
		}
		if err := r.bring(ctx, there, d); err != nil {
			return err
		}
	}
	c := newCreation(len(r.batch), missing)
	r.creating = append(r.creating, c)
	go c.run(ctx, r.Importer, missing)
	return r.finish(1)
}

// finish waits until only so many batches are still being stored, and reports the others.
func (r *run) finish(left int) error {
	for len(r.creating) > left {
		c := r.creating[0]
		r.creating = r.creating[1:]
		<-c.done
		r.report.Created += c.created
		for _, i := range c.refused {
			r.refuse(i.id, i.why)
		}
		if c.err != nil {
			return errors.Join(c.err, r.finish(0))
		}
		r.progress(c.batch)
	}
	return nil
}

// bring updates the stored dialog to match the wanted one.
func (r *run) bring(ctx context.Context, there, wanted *dialog.Dialog) error {
	if why := another(there, wanted); why != nil {
		r.refuse(string(wanted.ID), why)
		return nil
	}
	change, differs := difference(there, wanted)
	if !differs {
		r.report.Same++
		return nil
	}
	if !r.Overwrite {
		ours, err := r.isOurs(ctx, there)
		if err != nil {
			return err
		}
		if !ours {
			r.refuse(string(wanted.ID), errChangedHere())
			return nil
		}
	}
	if r.DryRun {
		r.report.Changed++
		return nil
	}
	r.clock = wanted.UpdatedAt
	// Who leaves by it is remembered from now on, however long ago the source made it:
	// clients that are offline have not learned it yet.
	r.service.Policy().SyncKept = r.Policy.SyncKept + max(0, time.Since(r.clock))
	change.IfVersion = dialog.Some(there.Version) // what was compared is what is changed
	_, err := r.service.Update(ctx, r.caller(), string(wanted.ID), change)
	switch {
	case dialog.IsCode(err, dialog.Invalid):
		r.refuse(string(wanted.ID), err)
	case dialog.IsCode(err, dialog.Conflict), dialog.IsCode(err, dialog.NotFound):
		r.refuse(string(wanted.ID), errChangedHere())
	case err != nil:
		return fmt.Errorf("changing the dialog %s: %w", wanted.ID, err)
	default:
		r.report.Changed++
	}
	return nil
}

// isOurs reports whether the stored dialog is unchanged since an import: an import made
// its newest record.
func (r *run) isOurs(ctx context.Context, there *dialog.Dialog) (bool, error) {
	d, err := r.Store.Dialog(ctx, there.ID, true)
	switch {
	case dialog.IsCode(err, dialog.NotFound): // deleted in the meantime
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading the history of the dialog %s: %w", there.ID, err)
	}
	newest := d.History[len(d.History)-1] // each version leaves a record
	return d.Version == there.Version && newest.Actor == r.caller().Actor(), nil
}

func errChangedHere() error {
	return dialog.InvalidInput("", "it was changed here since it was imported, and differs; use --overwrite to replace it")
}

func errPairTaken() error {
	return dialog.InvalidInput("", "its two users have another private dialog")
}
