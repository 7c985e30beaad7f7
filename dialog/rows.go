package dialog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Rows are how many rows of a store the lists and counts of one operation may
// still read. All parts of the operation share them. Safe for concurrent use.
type Rows struct{ left atomic.Int64 }

type rowsKey struct{}

// WithRows returns the context of one operation that may read that many rows.
func WithRows(ctx context.Context, limit int) context.Context {
	c := &rowsContext{Context: ctx}
	c.rows.left.Store(int64(limit))
	return c
}

// A rowsContext carries rows.
type rowsContext struct {
	context.Context
	rows Rows
}

// Value returns the rows, or a value of the context that it comes from.
func (c *rowsContext) Value(key any) any {
	if key == (rowsKey{}) {
		return &c.rows
	}
	return c.Context.Value(key)
}

// RowsOf returns the rows of the context's operation; fresh ones, as many as the
// limit says, when it has none.
func RowsOf(ctx context.Context, limit int) *Rows {
	if rows, ok := ctx.Value(rowsKey{}).(*Rows); ok {
		return rows
	}
	rows := &Rows{}
	rows.left.Store(int64(limit))
	return rows
}

// Left returns how many rows may still be read; 0 or less for none.
func (r *Rows) Left() int { return int(r.left.Load()) }

// Spend counts rows that were read.
func (r *Rows) Spend(n int) { r.left.Add(-int64(n)) }

// ErrTooManyRows is the error for a list or count that would have to read more
// rows than its operation may.
func ErrTooManyRows(limit int) error {
	return &Error{
		Code: Invalid, Field: "filter", tooManyRows: true,
		Message: fmt.Sprintf("too many dialogs to look through in one operation (limit %d, --limit-rows): narrow the filter or leave out counts", limit),
	}
}

// IsTooManyRows reports whether err is an [ErrTooManyRows].
func IsTooManyRows(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.tooManyRows
}
