package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"dialogs/dialog"
)

// readers is the pool of connections that only read.
type readers struct {
	db *sql.DB
	// shapes are the statements of lists, of which there can be any number.
	shapes *shapes

	mu sync.Mutex
	// fixed are the statements whose text does not depend on the caller.
	fixed map[string]*sql.Stmt
}

func newReaders(db *sql.DB, connections int) *readers {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &readers{db: db, shapes: newShapes(db, shapesMost), fixed: map[string]*sql.Stmt{}}
}

// read runs a function that only reads, as one call of the store.
func (s *Store) read(ctx context.Context, doing string, run func(ctx context.Context) error) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	err = run(ctx)
	if known := (*dialog.Error)(nil); err != nil && !errors.As(err, &known) {
		if lost := s.files.check(); lost != nil { // which explains the error
			err = dialog.ErrUnavailable(lost)
		}
	}
	return failed(ctx, doing, err)
}

// prepared returns the prepared statement of a query and keeps it: for queries
// whose text does not depend on the caller. It may need a connection: while
// holding one, use only statements that were prepared before.
func (r *readers) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.Lock()
	stmt := r.fixed[query]
	r.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.fixed[query]; ok { // another goroutine was faster
		return other, stmt.Close()
	}
	r.fixed[query] = stmt
	return stmt, nil
}

// snapshot runs prepared queries that all see the same state.
func (r *readers) snapshot(ctx context.Context, run func(tx *sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to undo
	return run(tx)
}

// query runs a query with any text: lists have one for each shape of a filter.
func (r *readers) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if len(query) > shapeBytes {
		return r.db.QueryContext(ctx, query, args...)
	}
	shape, err := r.shapes.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer r.shapes.give(shape) // the rows keep what they need
	return shape.stmt.QueryContext(ctx, args...)
}

// row reads the only row of a query; without one it returns sql.ErrNoRows.
func (r *readers) row(ctx context.Context, query string, args []any, to ...any) error {
	rows, err := r.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := scan(rows, to...); err != nil {
		return err
	}
	return rows.Close()
}

func (r *readers) close() error {
	errs := []error{r.shapes.close()}
	for _, stmt := range r.fixed {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}
