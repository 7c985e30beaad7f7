package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"dialogs/dialog"
)

const (
	// groupMost bounds how many jobs share a commit, and with it how long the
	// first of them waits for the last.
	groupMost = 128
	// queueMost is how many jobs may wait before their callers do.
	queueMost = 2 * groupMost
)

// A job is one atomic change of the database.
type job struct {
	// ctx is the caller's. A job whose caller has gone before its turn is not
	// done; one that is begun is finished.
	ctx  context.Context
	run  func(w *writer) error
	done chan<- error
}

// A writer is the one connection that writes, with its prepared statements.
// Only the goroutine of [writer.serve] uses it once that runs.
//
// Statements never get a caller's context: an interrupt would undo the whole
// transaction, and with it the jobs of others.
type writer struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func newWriter(conn *sql.Conn) *writer {
	return &writer{conn: conn, statements: map[string]*sql.Stmt{}}
}

// serve does jobs until there are no more to come, and says now and again
// that a checkpoint is due.
func (w *writer) serve(jobs <-chan job, checkpoint chan<- struct{}) {
	group := make([]job, 0, groupMost)
	since := 0
	for first := range jobs {
		group = gather(append(group[:0], first), jobs)
		w.commit(group)
		if since += len(group); since < checkpointJobs {
			continue
		}
		since = 0
		select {
		case checkpoint <- struct{}{}:
		default: // one is due already
		}
	}
}

// gather adds the jobs that wait. Callers who were answered just now may be
// about to come again: they are let run before the door is shut, as to do
// without them costs another fsync.
func gather(group []job, jobs <-chan job) []job {
	for yielded := false; len(group) < groupMost; {
		select {
		case next, ok := <-jobs:
			if !ok {
				return group
			}
			group, yielded = append(group, next), false
		default:
			if yielded {
				return group
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return group
}

// commit does the group's jobs in one transaction, and answers when it is on
// the disk. Whatever a job found may rest on the jobs before it, so when the
// transaction fails, it fails for all of them.
func (w *writer) commit(group []job) {
	answers := make([]error, len(group))
	err := w.exec("BEGIN IMMEDIATE")
	if err == nil {
		for i, j := range group {
			if answers[i], err = w.savepoint(j); err != nil {
				break
			}
		}
		if err == nil {
			err = w.exec("COMMIT")
		}
		if err != nil {
			// Where SQLite has rolled back already, this fails, and may.
			_ = w.exec("ROLLBACK")
		}
	}
	for i, j := range group {
		if err != nil {
			answers[i] = dialog.ErrUnavailable(fmt.Errorf("committing: %w", err))
		}
		j.done <- answers[i]
	}
}

// savepoint does one job, or nothing of it when it fails. broken is an error
// of the transaction as a whole.
func (w *writer) savepoint(j job) (answer, broken error) {
	if err := j.ctx.Err(); err != nil {
		return dialog.ErrUnavailable(err), nil
	}
	if err := w.exec("SAVEPOINT job"); err != nil {
		return nil, err
	}
	answer = w.guard(j.run)
	if answer != nil {
		if err := w.exec("ROLLBACK TO job"); err != nil {
			return nil, errors.Join(answer, err)
		}
	}
	return answer, w.exec("RELEASE job")
}

// guard turns a panic into an error: nobody else's change may go down with it.
func (w *writer) guard(run func(*writer) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	return run(w)
}

func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if stmt, ok := w.statements[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = stmt
	return stmt, nil
}

func (w *writer) exec(query string, args ...any) error {
	_, err := w.result(query, args...)
	return err
}

// affect executes a statement and tells how many rows it changed.
func (w *writer) affect(query string, args ...any) (int64, error) {
	result, err := w.result(query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// add inserts a row and tells its number.
func (w *writer) add(query string, args ...any) (n int64, err error) {
	result, err := w.result(query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

func (w *writer) result(query string, args ...any) (sql.Result, error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	return stmt.Exec(args...)
}

// row reads the one row of a query; found is false when there is none.
func (w *writer) row(query string, args []any, to ...any) (found bool, err error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRow(args...).Scan(to...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (w *writer) query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	return stmt.Query(args...)
}

func (w *writer) close() error {
	var errs []error
	for _, stmt := range w.statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}
