package transfer

import (
	"context"

	"dialogs/dialog"
)

// A reader reads an archive once from beginning to end, a batch at a time.
type reader struct {
	archive dialog.Archive
	after   dialog.ID
	// ahead are dialogs that were read but not asked for yet.
	ahead []dialog.Dialog
	ended bool
}

// next reads the next batch; it is empty at the end.
func (r *reader) next(ctx context.Context) ([]dialog.Dialog, error) {
	dialogs, err := r.archive.Scan(ctx, r.after, batch)
	if err != nil || len(dialogs) == 0 {
		return nil, err
	}
	r.after = dialogs[len(dialogs)-1].ID
	return dialogs, nil
}

// missing returns those of the wanted dialogs that the archive does not have with the same
// content. They must be sorted by id. It reads the archive alongside, so ask for each
// dialog only once.
func (r *reader) missing(ctx context.Context, wanted []dialog.Dialog) ([]dialog.Dialog, error) {
	var missing []dialog.Dialog
	for i := range wanted {
		same, err := r.has(ctx, &wanted[i])
		if err != nil {
			return nil, err
		}
		if !same {
			missing = append(missing, wanted[i])
		}
	}
	return missing, nil
}

// has reports whether the archive has the dialog with the same content.
func (r *reader) has(ctx context.Context, d *dialog.Dialog) (bool, error) {
	found, err := r.find(ctx, d.ID)
	return found != nil && found.Equal(d), err
}

// find returns the dialog with this id, or nil. Call it with ids in ascending
// order.
func (r *reader) find(ctx context.Context, id dialog.ID) (*dialog.Dialog, error) {
	for !r.ended {
		for i := range r.ahead {
			if r.ahead[i].ID < id {
				continue
			}
			r.ahead = r.ahead[i:]
			if r.ahead[0].ID != id {
				return nil, nil //nolint:nilnil // none is the answer here
			}
			return &r.ahead[0], nil
		}
		var err error
		if r.ahead, err = r.next(ctx); err != nil {
			return nil, err
		}
		r.ended = len(r.ahead) == 0
	}
	return nil, nil //nolint:nilnil // none is the answer here
}
