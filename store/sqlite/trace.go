package sqlite

import (
	"context"
	"database/sql"

	"dialogs/dialog"
)

const selectErasures = "SELECT user, by, started_at, dialogs, after FROM erasure"

// scanErasures reads rows of selectErasures, and closes them.
func scanErasures(rows *sql.Rows) (all []dialog.Erasure, err error) {
	defer rows.Close()
	for rows.Next() {
		var e dialog.Erasure
		var started int64
		var after []byte
		if err := scan(rows, &e.User, &e.By, &started, &e.Dialogs, &after); err != nil {
			return nil, err
		}
		e.StartedAt = instant(started)
		if len(after) > 0 {
			e.After = decodeID(after)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// searched are the dialogs of one step, and selectTraces are those of them that may name a
// user (?3, and ?4 as JSON): a text can be equal to the JSON of a user. sure is set where
// the user is or was a member.
const (
	searched     = "SELECT n, id, deleted, owner, admins, occupants FROM dialog INDEXED BY dialog_id WHERE id > ?1 ORDER BY id LIMIT ?2"
	lastSearched = "SELECT count(*), coalesce(max(id), ?1) FROM (" + searched + ")"
	selectTraces = "SELECT id, sure FROM (SELECT d.id, d.n, d.deleted, d.owner, d.admins, d.occupants," +
		" EXISTS (SELECT 1 FROM member m WHERE m.user = ?3 AND m.dialog = d.n) OR" +
		" EXISTS (SELECT 1 FROM departed p WHERE p.user = ?3 AND p.dialog = d.n) AS sure FROM (" + searched + ") d) d" +
		" WHERE sure OR EXISTS (SELECT 1 FROM change c WHERE c.dialog = d.n AND (c.user = ?3 OR instr(c.detail, ?4) > 0))" +
		" OR d.deleted = 1 AND (d.owner = ?3 OR instr(d.admins, ?4) > 0 OR instr(d.occupants, ?4) > 0)" +
		" ORDER BY id"
)

// Traces searches dialogs and tombstones for a user, in the order of their ids.
func (s *Store) Traces(ctx context.Context, user dialog.UserID, after dialog.ID, limit int) (found dialog.Traces, err error) {
	err = s.read(ctx, "searching dialogs for a user", func(ctx context.Context) error {
		statements := map[string]*sql.Stmt{}
		for _, text := range []string{lastSearched, selectTraces, selectDialog, selectHistoryByID} {
			if statements[text], err = s.reads.prepared(ctx, text); err != nil {
				return err
			}
		}
		return s.reads.snapshot(ctx, func(tx *sql.Tx) error {
			t := traceReader{ctx, tx, statements, user}
			found, err = t.search(after, limit)
			return err
		})
	})
	if err != nil {
		return dialog.Traces{}, err
	}
	return found, nil
}

// A traceReader takes one step of a search in one snapshot.
type traceReader struct {
	ctx        context.Context //nolint:containedctx // lives as long as one call
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	user       dialog.UserID
}

func (t *traceReader) statement(text string) *sql.Stmt {
	return t.tx.StmtContext(t.ctx, t.statements[text])
}

func (t *traceReader) search(after dialog.ID, limit int) (dialog.Traces, error) {
	found := dialog.Traces{Next: after}
	from, err := encodeID(after)
	if err != nil {
		return found, err
	}
	var n int
	var next []byte
	if err := scanOne(t.statement(lastSearched).QueryRowContext(t.ctx, from, limit), &n, &next); err != nil {
		return found, err
	}
	if found.More = n == limit; n > 0 {
		found.Next = decodeID(next)
	}
	candidates, err := t.candidates(from, limit)
	for i := 0; i < len(candidates) && err == nil; i++ {
		named := candidates[i].sure
		if !named {
			named, err = t.named(candidates[i].id)
		}
		if named {
			found.IDs = append(found.IDs, decodeID(candidates[i].id))
		}
	}
	return found, err
}

// A candidate is a dialog that may name the user.
type candidate struct {
	id   []byte
	sure bool
}

func (t *traceReader) candidates(from []byte, limit int) (all []candidate, err error) {
	text, err := encodeJSON(t.user)
	if err != nil {
		return nil, err
	}
	rows, err := t.statement(selectTraces).QueryContext(t.ctx, from, limit, string(t.user), text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c candidate
		if err := scan(rows, &c.id, &c.sure); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// named reports whether there is something to scrub in a dialog.
func (t *traceReader) named(id []byte) (bool, error) {
	var r row
	if err := scanOne(t.statement(selectDialog).QueryRowContext(t.ctx, id), r.targets()...); err != nil {
		return false, err
	}
	d, err := r.dialog()
	if err != nil {
		return false, err
	}
	rows, err := t.statement(selectHistoryByID).QueryContext(t.ctx, id)
	if err != nil {
		return false, err
	}
	if d.History, err = scanRecords(rows); err != nil {
		return false, err
	}
	return d.Scrub(t.user), nil
}

// Scrub removes a user from the records of dialogs and from tombstones. It gives no
// position: no list and no dialog in memory has what it changes.
func (s *Store) Scrub(ctx context.Context, user dialog.UserID, ids []dialog.ID) error {
	for _, id := range ids {
		key, err := encodeID(id)
		if err != nil {
			return err
		}
		err = s.writeFor(ctx, dialog.Actor{}, rowsPerChange, "removing a user from a dialog", func(w *writer) error { return w.scrub(user, key) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) scrub(user dialog.UserID, id []byte) error {
	r, found, err := w.load(selectDialog, id)
	if err != nil || !found {
		return err
	}
	d, err := r.dialog()
	if err != nil {
		return err
	}
	rows, err := w.query(selectHistory, r.n)
	if err != nil {
		return err
	}
	if d.History, err = scanRecords(rows); err != nil {
		return err
	}
	records := d.History
	if d.Scrub(user) {
		for i := range d.History {
			if !records[i].Names(user) {
				continue
			}
			if err := w.replaceRecord(r.n, &d.History[i]); err != nil {
				return err
			}
		}
	}
	if d.Deleted {
		if err := r.encodeLists(&d); err != nil {
			return err
		}
		if err := w.exec("UPDATE dialog SET owner = ?, admins = ?, occupants = ? WHERE n = ?", string(d.Owner), r.admins, r.occupants, r.n); err != nil {
			return err
		}
	}
	return w.exec("DELETE FROM departed WHERE user = ? AND dialog = ?", string(user), r.n)
}

func (w *writer) replaceRecord(n int64, r *dialog.Record) error {
	detail, err := encodeDetail(r)
	if err != nil {
		return err
	}
	return w.exec("UPDATE change SET user = ?, api_key = ?, key = ?, input_hash = ?, detail = ? WHERE dialog = ? AND version = ?",
		string(r.Actor.User), r.Actor.APIKey, r.Key, r.InputHash, detail, n, r.Version)
}
