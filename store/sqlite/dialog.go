package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"dialogs/dialog"
)

const (
	selectDialog  = "SELECT " + rowColumns + " FROM dialog d WHERE d.id = ?"
	selectHistory = "SELECT " + recordColumns + " FROM change WHERE dialog = ? ORDER BY version"
)

// Dialog reads one dialog.
func (s *Store) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (d dialog.Dialog, err error) {
	key, err := encodeID(id)
	if err != nil {
		return dialog.Dialog{}, err
	}
	err = s.read(ctx, "reading a dialog", func(ctx context.Context) error {
		if withHistory {
			d, err = s.withHistory(ctx, key)
			return err
		}
		var r row
		if err := s.reads.row(ctx, selectDialog, []any{key}, r.targets()...); err != nil {
			return err
		}
		d, err = r.dialog()
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
		if err := tx.StmtContext(ctx, one).QueryRowContext(ctx, id).Scan(r.targets()...); err != nil {
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
