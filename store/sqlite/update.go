package sqlite

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"dialogs/dialog"
)

// rowsPerChange is what a change writes besides the rows of members: the dialog,
// its new record, and the end of its history.
const rowsPerChange = 3

// Update does what the plan decides about the current dialog.
func (s *Store) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	var out dialog.Outcome
	people := len(p.AddOccupants) + len(p.RemoveOccupants) + len(p.AddAdmins) + len(p.RemoveAdmins)
	err := s.writeFor(ctx, p.Caller.Actor(), rowsPerChange+people+len(p.Custom), "updating a dialog", func(w *writer) (err error) {
		out, err = w.update(&p)
		return err
	})
	if err != nil {
		return dialog.Outcome{}, err
	}
	return out, nil
}

func (w *writer) update(p *dialog.Plan) (dialog.Outcome, error) {
	id, ok := binaryID(p.ID)
	if !ok {
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	stored, found, err := w.stored(id)
	if err != nil {
		return dialog.Outcome{}, err
	}
	if !found {
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	current := *stored.dialog
	if current.Forgotten(p.At) { // although it may not be swept away yet
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	if p.Key != "" {
		if current.History, err = w.recordsWith(stored.n, p.Key); err != nil {
			return dialog.Outcome{}, err
		}
	}
	out, err := p.Decide(current)
	if err != nil {
		return dialog.Outcome{}, err
	}
	out.Dialog.History = nil
	if out.Change == nil || out.Replayed {
		return out, nil
	}
	if owner, most, ok := p.Receives(&out); ok {
		if full, err := w.ownsPublicGroups(owner, most); full || err != nil {
			return dialog.Outcome{}, cmp.Or(err, dialog.ErrTooManyPublicGroups(most))
		}
	}
	return out, w.save(p, stored.n, &current, &out)
}

// stored returns a dialog as it is within the transaction.
func (w *writer) stored(id [12]byte) (d document, found bool, err error) {
	begun, err := w.began()
	if err != nil {
		return document{}, false, err
	}
	changed := slices.ContainsFunc(w.moves, func(m move) bool { return m.id == id })
	if known, position, ok := w.lists.document(id); ok && position == begun && !changed {
		return known, true, nil
	}
	r, found, err := w.load(selectDialog, id[:])
	if !found || err != nil {
		return document{}, false, err
	}
	read, err := r.dialog()
	if err != nil {
		return document{}, false, err
	}
	if !changed {
		w.lists.keep(begun, []int64{r.n}, read)
	}
	return document{r.n, &read}, true, nil
}

// recordsWith returns the part of the history that a decision needs: the records
// with the plan's key.
func (w *writer) recordsWith(n int64, key string) ([]dialog.Record, error) {
	rows, err := w.query("SELECT "+recordColumns+" FROM change WHERE dialog = ? AND key = ? ORDER BY version", n, key)
	if err != nil {
		return nil, err
	}
	return scanRecords(rows)
}

// save stores the dialog after a change in its row.
func (w *writer) save(p *dialog.Plan, n int64, current *dialog.Dialog, out *dialog.Outcome) error {
	next, change := &out.Dialog, out.Change
	position, err := w.nextPosition()
	if err != nil {
		return err
	}
	set := []string{"version = ?", "updated_at = ?", "position = ?"}
	args := []any{next.Version, millis(next.UpdatedAt), position}
	put := func(column string, value any) {
		set = append(set, column+" = ?")
		args = append(args, value)
	}
	// Only the columns that change: SQLite rewrites every index of a column
	// that is set, changed or not, and encoding long lists takes time.
	if next.Deleted {
		put("deleted", true)
		put("forget_at", millis(next.ForgetAt))
	}
	if next.Owner != current.Owner {
		put("owner", string(next.Owner))
	}
	if next.Name != current.Name {
		put("name", next.Name)
		put("folded", dialog.NameKey(next.Name))
	}
	if next.Photo != current.Photo {
		put("photo", next.Photo)
	}
	newCustom := !maps.EqualFunc(next.Custom, current.Custom, maps.Equal)
	if newCustom {
		put("custom", encodeCustom(next.Custom))
		put("custom_version", next.Version)
	}
	for _, list := range []struct {
		column      string
		before, now []dialog.UserID
	}{{"admins", current.Admins, next.Admins}, {"occupants", current.Occupants, next.Occupants}} {
		if slices.Equal(list.before, list.now) {
			continue
		}
		text, err := encodeUsers(list.now)
		if err != nil {
			return err
		}
		put(list.column, text)
	}
	if err := w.exec("UPDATE dialog SET "+strings.Join(set, ", ")+" WHERE n = ?", append(args, n)...); err != nil {
		return err
	}
	if newCustom || next.Deleted {
		if err := w.saveValues(n, current, next); err != nil {
			return err
		}
	}
	place := place{dialog: n, position: position, forgetAt: p.ForgetAt()}
	if err := w.saveMembers(place, current, next, touched(current, out)); err != nil {
		return err
	}
	w.moves[len(w.moves)-1].next = compact(next, current)
	if a, b, ok := current.Pair(); ok && next.Deleted {
		if err := w.exec("DELETE FROM pair WHERE a = ? AND b = ?", string(a), string(b)); err != nil {
			return err
		}
	}
	if err := w.insertRecord(n, change); err != nil {
		return err
	}
	if next.Version <= dialog.HistoryKept {
		return nil
	}
	return w.exec("DELETE FROM change WHERE dialog = ? AND version <= ?", n, next.Version-dialog.HistoryKept)
}
