package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"dialogs/dialog"
)

const selectAfter = "SELECT " + rowColumns + " FROM dialog d INDEXED BY dialog_id WHERE d.id > ? AND d.deleted = 0 ORDER BY d.id LIMIT ?"

// Scan reads whole dialogs in the order of their ids.
func (s *Store) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	from, err := encodeID(after)
	if err != nil {
		return nil, err
	}
	var list []dialog.Dialog
	err = s.read(ctx, "scanning dialogs", func(ctx context.Context) error {
		many, err := s.reads.prepared(ctx, selectAfter)
		if err != nil {
			return err
		}
		history, err := s.reads.prepared(ctx, selectHistoryByID)
		if err != nil {
			return err
		}
		return s.reads.snapshot(ctx, func(tx *sql.Tx) error {
			rows, err := tx.StmtContext(ctx, many).QueryContext(ctx, from, limit)
			if err != nil {
				return err
			}
			if list, err = scanDialogs(rows); err != nil {
				return err
			}
			for i := range list {
				id, err := encodeID(list[i].ID)
				if err != nil {
					return err
				}
				rows, err := tx.StmtContext(ctx, history).QueryContext(ctx, id)
				if err != nil {
					return err
				}
				if list[i].History, err = scanRecords(rows); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

const selectHistoryByID = "SELECT " + recordColumns + " FROM change WHERE dialog = (SELECT n FROM dialog WHERE id = ?) ORDER BY version"

// Restore stores whole dialogs as they are and replaces those with the same ids:
// all of them, or none.
func (s *Store) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	cost := 0
	for i := range dialogs {
		cost += rowsPerChange + len(dialogs[i].Occupants) + len(dialogs[i].Admins) + len(dialogs[i].History) + countFields(dialogs[i].Custom)
	}
	batch, err := newBatch(dialogs)
	if err != nil {
		return err
	}
	return s.writeFor(ctx, dialog.Actor{}, cost, "restoring dialogs", func(w *writer) error { return w.restoreAll(batch) })
}

func (w *writer) restore(d *dialog.Dialog) error {
	id, err := encodeID(d.ID)
	if err != nil {
		return err
	}
	r, found, err := w.load(selectDialog, id)
	if err != nil {
		return err
	}
	var before dialog.Dialog
	if found {
		if before, err = r.dialog(); err != nil {
			return err
		}
		if err := w.remove(r.n, &before); err != nil {
			return err
		}
	}
	if a, b, ok := d.Pair(); ok && !d.Deleted {
		if err := w.checkPair(a, b, d.ID); err != nil {
			return err
		}
	}
	if !found {
		return w.insert(d)
	}
	position, err := w.nextPosition()
	if err != nil {
		return err
	}
	at := place{dialog: r.n, position: position, forgetAt: w.now().Add(dialog.DefaultSyncKept)}
	if err := w.insertRow(at, d); err != nil {
		return err
	}
	if err := w.saveValues(r.n, &before, d); err != nil {
		return err
	}
	return w.saveMembers(at, &before, d, slices.Concat(before.Members(), d.Members()))
}

// checkPair is an error when two users have a private dialog.
func (w *writer) checkPair(a, b dialog.UserID, id dialog.ID) error {
	var n int64
	taken, err := w.row("SELECT dialog FROM pair WHERE a = ? AND b = ?", []any{string(a), string(b)}, &n)
	if err == nil && taken {
		err = dialog.ErrPairTaken(id)
	}
	return err
}

// remove deletes a dialog, except for its members and the values of its custom data,
// before another takes its place.
func (w *writer) remove(n int64, d *dialog.Dialog) error {
	for _, statement := range []string{
		"DELETE FROM change WHERE dialog = ?",
		"DELETE FROM dialog WHERE n = ?",
	} {
		if err := w.exec(statement, n); err != nil {
			return err
		}
	}
	a, b, ok := d.Pair()
	if !ok || d.Deleted {
		return nil
	}
	return w.exec("DELETE FROM pair WHERE a = ? AND b = ? AND dialog = ?", string(a), string(b), n)
}
