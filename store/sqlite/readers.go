package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statementsMost bounds the statements that are kept prepared. The lists have
// more shapes than that; the common ones come first.
const statementsMost = 100

// readers is the pool of connections that only read.
type readers struct {
	db         *sql.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func newReaders(db *sql.DB, connections int) *readers {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &readers{db: db, statements: map[string]*sql.Stmt{}}
}

// read runs a function that only reads.
func (s *Store) read(ctx context.Context, doing string, run func(ctx context.Context) error) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return failed(ctx, doing, run(ctx))
}

// prepared is the statement of a query; nil when enough are kept already. It
// may take a connection, so who holds one must have prepared before.
func (r *readers) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, known := r.known(query); known {
		return stmt, nil
	}
	stmt, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.statements[query]; ok { // somebody was faster
		return other, stmt.Close()
	}
	r.statements[query] = stmt
	return stmt, nil
}

func (r *readers) known(query string) (*sql.Stmt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stmt, ok := r.statements[query]
	return stmt, ok || len(r.statements) >= statementsMost
}

// snapshot runs queries, prepared before, that all see the same state.
func (r *readers) snapshot(ctx context.Context, run func(tx *sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to undo
	return run(tx)
}

func (r *readers) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := r.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return r.db.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// row reads the one row of a query, else fails with sql.ErrNoRows.
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
	if err := rows.Scan(to...); err != nil {
		return err
	}
	return rows.Close()
}

func (r *readers) close() error {
	var errs []error
	for _, stmt := range r.statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}
