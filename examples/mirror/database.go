package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"

	_ "modernc.org/sqlite" // the driver
)

// forever is a version that no dialog reaches: what was removed at it stays removed.
const forever = 1 << 53

// A database has the copy. Its table keeps the version at which a dialog was deleted, so
// that an older delivery that comes again does not bring it back.
type database struct{ *sql.DB }

const schema = `
CREATE TABLE IF NOT EXISTS dialog (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT, round INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS state (n INTEGER PRIMARY KEY CHECK (n = 1), round INTEGER NOT NULL, complete INTEGER NOT NULL);
INSERT OR IGNORE INTO state VALUES (1, 0, 0);`

const put = `INSERT INTO dialog (id, version, body, round) VALUES (?1, ?2, ?3, (SELECT round FROM state))
ON CONFLICT (id) DO UPDATE SET round = excluded.round,
  body = CASE WHEN excluded.version > version THEN excluded.body ELSE body END,
  version = max(version, excluded.version)`

// pragmas let others read the copy while it is written.
const pragmas = "?_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)"

func openDatabase(ctx context.Context, path string) (database, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+pragmas)
	if err != nil {
		return database{}, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, schema)
	return database{db}, err
}

// save stores dialogs, unless the copy has newer ones.
func (db database) save(ctx context.Context, dialogs ...dialog) error {
	for _, d := range dialogs {
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, put, d.ID, d.Version, string(body)); err != nil {
			return err
		}
	}
	return nil
}

// remove stores that a dialog was deleted.
func (db database) remove(ctx context.Context, id string, version int64) error {
	_, err := db.ExecContext(ctx, put, id, version, nil)
	return err
}

// begin begins a reading of everything.
func (db database) begin(ctx context.Context) (round int64, err error) {
	err = db.QueryRowContext(ctx, "UPDATE state SET round = round + 1 RETURNING round").Scan(&round)
	return round, err
}

// end removes what the reading has not found.
func (db database) end(ctx context.Context, round int64) error {
	if _, err := db.ExecContext(ctx, "UPDATE dialog SET body = NULL WHERE round < ?", round); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, "UPDATE state SET complete = 1")
	return err
}

// complete reports whether everything was read before.
func (db database) complete(ctx context.Context) (complete bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT complete FROM state").Scan(&complete)
	return complete, err
}
