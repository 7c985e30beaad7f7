package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"dialogs/dialog"
)

const (
	// groupMost is how many jobs share a commit at most, which limits how long
	// the first of them waits.
	groupMost = 128
	// groupCost bounds the rows that a group writes: it ends after the job
	// that reaches it.
	groupCost = 1024
	// heavyCost is the cost of a job that lighter ones do not share a commit
	// with: they would wait for it.
	heavyCost = 128
	// aloneCost is the cost of a job that shares its commit with no other.
	aloneCost = groupCost
)

// A writer is the only connection that writes, with its prepared statements.
// Only the goroutine of [writer.serve] uses it once that runs.
//
// Statements never use a caller's context: an interrupt would undo the whole
// transaction, and with it the jobs of others.
type writer struct {
	conn *sql.Conn
	// statements are for queries, and commands for everything else.
	statements map[string]*sql.Stmt
	commands   map[string]command
	// wrote counts the rows that were written, about: statements that write
	// one row, or none, count as one.
	wrote int
	now   func() time.Time
	// position is the latest one that this transaction gave; nil before it
	// gave one.
	position *int64
	// begun is the position at which the transaction began, unknown before
	// somebody asked, and moves are the changes that concern lists.
	begun int64
	moves []move
	lists *ownLists
	// check fails when the files were replaced since they were opened.
	check func() error
	// committed is told how many jobs each commit had; nil for nobody.
	committed func(jobs int)
}

func newWriter(conn *sql.Conn, now func() time.Time, check func() error, lists *ownLists) *writer {
	return &writer{conn: conn, statements: map[string]*sql.Stmt{}, commands: map[string]command{}, now: now, check: check, lists: lists}
}

// serve does jobs until the queue is closed, and signals when a checkpoint is
// due.
func (w *writer) serve(jobs *jobs, checkpoint chan<- struct{}) {
	since := 0
	for n := jobs.wait(); n > 0; n = jobs.wait() {
		if since += w.commit(jobs, min(n, groupMost)); since < checkpointRows {
			continue
		}
		since = 0
		select {
		case checkpoint <- struct{}{}:
		default: // one is due already
		}
	}
}

// commit does a group of at most the given number of jobs in one transaction,
// and answers when it is on the disk, in files that are still at their paths.
// What a job reads may depend on the jobs before it, so if the transaction
// fails, all of them fail. It returns the number of rows written.
//
// Few jobs fail after they have written something, so jobs have no savepoint,
// which costs a tenth of a change, until one of the group does.
func (w *writer) commit(jobs *jobs, most int) (rows int) {
	group, answers := make([]*job, 0, most), make([]error, 0, most)
	begun := w.wrote
	undoable := false
	err := w.begin()
	for len(group) < most && w.wrote-begun < groupCost {
		j := jobs.take(len(group) == 0)
		if j == nil {
			break
		}
		if gone := j.ctx.Err(); gone != nil { // nobody waits for it any more
			jobs.charge(j, 0)
			j.done <- dialog.ErrUnavailable(gone)
			continue
		}
		n := len(group)
		group, answers = append(group, j), append(answers, nil)
		if err != nil {
			continue
		}
		before := w.wrote
		if undoable {
			answers[n], err = w.savepoint(j)
		} else {
			answers[n] = w.guard(j.run)
		}
		wrote := w.wrote - before
		jobs.charge(j, wrote)
		if !undoable && (wrote > 0 && answers[n] != nil || lost(answers[n])) {
			undoable = true
			err = w.again(group[:n], answers)
		}
		if j.entry.Cost >= aloneCost {
			break
		}
	}
	if err == nil {
		err = w.savePosition()
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		// This may fail: SQLite may have rolled back already.
		_ = w.exec("ROLLBACK")
	}
	if w.position != nil { // dialogs have changed
		w.lists.apply(commit{from: w.begun, to: *w.position, moves: w.moves}, err)
	}
	if lost := w.check(); lost != nil { // which also explains other errors
		err = lost
	}
	if err == nil && w.committed != nil {
		w.committed(len(group))
	}
	for i, j := range group {
		if err != nil {
			answers[i] = dialog.ErrUnavailable(fmt.Errorf("committing: %w", err))
		}
		j.done <- answers[i]
	}
	return w.wrote - begun
}

// lost reports whether SQLite may have rolled back the transaction because of the
// error of a job: only decisions about dialogs have codes.
func lost(err error) bool {
	known := (*dialog.Error)(nil)
	return err != nil && (!errors.As(err, &known) || known.Code == dialog.Unavailable)
}

// begin starts a transaction.
func (w *writer) begin() error {
	w.position, w.begun, w.moves = nil, unknown, nil
	return w.exec("BEGIN IMMEDIATE")
}

// again undoes the whole transaction, because nothing else undoes a job without a
// savepoint, and does the jobs before it once more: also those that were refused, because
// another process may have written in between.
func (w *writer) again(group []*job, answers []error) (broken error) {
	// This may fail: SQLite may have rolled back already.
	_ = w.exec("ROLLBACK")
	broken = w.begin()
	for i, j := range group {
		if broken == nil {
			answers[i], broken = w.savepoint(j)
		}
	}
	return broken
}

// savepoint does one job; when it fails, nothing of it remains. broken is an
// error of the whole transaction.
func (w *writer) savepoint(j *job) (answer, broken error) {
	if err := w.exec("SAVEPOINT job"); err != nil {
		return nil, err
	}
	moves := len(w.moves)
	if answer = w.guard(j.run); answer != nil {
		w.moves = w.moves[:moves]
		if err := w.exec("ROLLBACK TO job"); err != nil {
			return nil, errors.Join(answer, err)
		}
	}
	return answer, w.exec("RELEASE job")
}

// guard turns a panic into an error, so that it does not affect other jobs.
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

// affect executes a statement and returns the number of rows it changed.
func (w *writer) affect(query string, args ...any) (int64, error) {
	result, err := w.result(query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (w *writer) result(query string, args ...any) (driver.Result, error) {
	c, err := w.command(query)
	if err != nil {
		return nil, err
	}
	w.wrote++
	return c.exec(args)
}

// row reads the only row of a query; found is false without one.
func (w *writer) row(query string, args []any, to ...any) (found bool, err error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return false, err
	}
	err = scanOne(stmt.QueryRow(args...), to...)
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
	for _, c := range w.commands {
		errs = append(errs, c.statement.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}
