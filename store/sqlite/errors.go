package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"dialogs/dialog"
)

var (
	errClosed = errors.New("the store is closed")
	// errDamaged says that what was stored can't be decoded.
	errDamaged = errors.New("the database is damaged")
)

// failed converts the error of a method: an error of the domain stays, a
// temporary one becomes Unavailable, others are internal.
func failed(ctx context.Context, doing string, err error) error {
	var own *dialog.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case ctx.Err() != nil:
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, ctx.Err()))
	case temporary(err):
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// temporary reports whether an error comes from the situation or the files (a
// lock, a full disk, unreadable pages) and not from the program or the request.
// A retry may work once the problem is fixed.
func temporary(err error) bool {
	if errors.Is(err, errDamaged) || errors.Is(err, errClosed) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_ROWID:
		// Jobs look first, or say what to do with a row that is there: one
		// that should not be there says that an index or the position is damaged.
		return true
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_ERROR:
		// The statements are fixed and tested: one that SQLite does not
		// understand says that the stored schema is damaged.
		return true
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT,
		lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_NOMEM,
		lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_PERM:
		return true
	}
	return false
}

// scan reads the columns of the row that rows is at. A value that does not fit says that
// the database is damaged.
func scan(rows *sql.Rows, to ...any) error {
	if err := rows.Scan(to...); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}

// scanOne is like scan, for the only row of a query. Without one it returns sql.ErrNoRows.
func scanOne(row *sql.Row, to ...any) error {
	if err := row.Err(); err != nil {
		return err
	}
	err := row.Scan(to...)
	var e *driver.Error
	if err == nil || errors.Is(err, sql.ErrNoRows) || errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// busy reports whether another process or connection has the lock.
func busy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}
