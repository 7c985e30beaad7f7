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

var errClosed = errors.New("the store is closed")

// failed is the error of a method of the store: what is one of the domain's
// own stays, what may pass is Unavailable, the rest is internal.
func failed(ctx context.Context, doing string, err error) error {
	var own *dialog.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case ctx.Err() != nil:
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, ctx.Err()))
	case passing(err):
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// passing tells whether an error says something of the moment, such as a lock
// or a full disk, rather than of the program or the database's content.
func passing(err error) bool {
	if errors.Is(err, errClosed) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT,
		lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_NOMEM:
		return true
	}
	return false
}

// busy tells whether another process, or another connection, is at it.
func busy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}
