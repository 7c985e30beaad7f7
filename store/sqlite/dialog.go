package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"dialogs/dialog"
)

const (
	selectDialog   = "SELECT " + rowColumns + " FROM dialog d WHERE d.id = ?"
	selectDialogAt = "SELECT " + rowColumnsAt + " FROM dialog d WHERE d.id = ?"
	selectHistory  = "SELECT " + recordColumns + " FROM change WHERE dialog = ? ORDER BY version"
	selectLatest   = "SELECT " + recordColumns + " FROM change WHERE dialog = ? ORDER BY version DESC LIMIT 1"
)

// Dialog reads one dialog, or takes it from memory if the database is still at its
// position.
func (s *Store) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (d dialog.Dialog, err error) {
	key, ok := binaryID(id)
	if !ok {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	if !withHistory {
		if known, err := s.remembered(ctx, key); known != nil {
			return *known, nil
		} else if err != nil {
			return dialog.Dialog{}, err
		}
	}
	err = s.read(ctx, "reading a dialog", func(ctx context.Context) error {
		if withHistory {
			d, err = s.withHistory(ctx, key[:])
		} else {
			d, err = s.current(ctx, key)
		}
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && d.Deleted {
		err = dialog.ErrNotFound()
	}
	if err != nil {
		return dialog.Dialog{}, err
	}
	return d, nil
}

// remembered returns a dialog that is in memory and still current; nil without one. It
// waits for nothing, and so needs no deadline.
func (s *Store) remembered(ctx context.Context, id [12]byte) (*dialog.Dialog, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	known, position, ok := s.lists.document(id)
	if !ok {
		return nil, nil //nolint:nilnil // it is not in memory
	}
	if now, err := s.position.now(); now != position || err != nil {
		return nil, nil //nolint:nilnil,nilerr // reading the dialog finds the same error
	}
	return known.dialog, nil
}

// current reads a dialog, and keeps it in memory.
func (s *Store) current(ctx context.Context, id [12]byte) (dialog.Dialog, error) {
	var r row
	var position int64
	if err := s.reads.row(ctx, selectDialogAt, []any{id[:]}, append([]any{&position}, r.targets()...)...); err != nil {
		return dialog.Dialog{}, err
	}
	d, err := r.dialog()
	if err != nil {
		return dialog.Dialog{}, err
	}
	s.lists.keep(position, []int64{r.n}, d)
	return d, nil
}

func (s *Store) withHistory(ctx context.Context, id []byte) (d dialog.Dialog, err error) {
	one, err := s.reads.prepared(ctx, selectDialog)
	if err != nil {
		return dialog.Dialog{}, err
	}
	many, err := s.reads.prepared(ctx, selectHistory)
	if err != nil {
		return dialog.Dialog{}, err
	}
	err = s.reads.snapshot(ctx, func(tx *sql.Tx) error {
		var r row
		if err := scanOne(tx.StmtContext(ctx, one).QueryRowContext(ctx, id), r.targets()...); err != nil {
			return err
		}
		if d, err = r.dialog(); err != nil {
			return err
		}
		rows, err := tx.StmtContext(ctx, many).QueryContext(ctx, r.n)
		if err != nil {
			return err
		}
		d.History, err = scanRecords(rows)
		return err
	})
	return d, err
}
