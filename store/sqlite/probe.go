package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"dialogs/dialog"
)

const (
	// probeFile is written and removed by [Store.Ping].
	probeFile = "probe.tmp"
	// probeBytes is more than file systems keep within a directory entry.
	probeBytes = 16 << 10
	// probeDialogs is how many dialogs are read at random.
	probeDialogs = 16
)

// Ping checks that the store can serve: that the disk takes a new file, that a
// change can be committed, and that pages of the database can be read. Damage
// in a few of many pages is found after some time, because each call reads
// other pages. Every failure is Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	now := s.options.Now().UnixMilli()
	err := s.write(ctx, "probing", func(w *writer) error {
		return w.exec("INSERT INTO probe (n, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", now)
	})
	if err == nil {
		err = s.read(ctx, "probing", func(ctx context.Context) error {
			if err := s.probeDisk(); err != nil {
				return err
			}
			return s.probePages(ctx)
		})
	}
	if err != nil && !dialog.IsCode(err, dialog.Unavailable) {
		return dialog.ErrUnavailable(err)
	}
	return err
}

// probeDisk writes a new file and syncs it: a commit may still find room in the
// WAL when the disk is full.
func (s *Store) probeDisk() (err error) {
	path := filepath.Join(s.dir, probeFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeBytes))
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if removed := os.Remove(path); !errors.Is(removed, fs.ErrNotExist) { // another process probes too
		err = errors.Join(err, removed)
	}
	return err
}

// probeNext selects random dialogs: for each random number, the next dialog.
const probeNext = "WITH RECURSIVE place (i, n) AS (" +
	"SELECT 0, 0 UNION ALL SELECT i + 1, abs(random() % max((SELECT coalesce(max(n), 0) FROM dialog), 1)) FROM place WHERE i < ?" +
	") SELECT (SELECT d.n FROM dialog d WHERE d.n >= place.n ORDER BY d.n LIMIT 1) AS n FROM place"

// The parts of a store that a probe reads: some dialogs with their records, what
// lists them, and the small tables.
const (
	probeRows    = "SELECT " + rowColumns + " FROM dialog d WHERE d.n IN (" + probeNext + ")"
	probeRecords = "SELECT " + recordColumns + " FROM change WHERE dialog IN (" + probeNext + ")"
	probeLists   = "SELECT EXISTS (SELECT 1 FROM member m WHERE m.user = d.owner AND m.dialog = d.n)" +
		" + EXISTS (SELECT 1 FROM dialog e INDEXED BY dialog_id WHERE e.id = d.id)" +
		" + EXISTS (SELECT 1 FROM dialog e INDEXED BY dialog_updated WHERE e.type = d.type AND e.updated_at = d.updated_at AND e.id = d.id AND e.deleted = 0)" +
		" FROM dialog d WHERE d.n IN (" + probeNext + ")"
	probeRest = "SELECT (SELECT count(*) FROM class) + (SELECT count(*) FROM api_key)"
)

// probePages reads on a separate connection, which has nothing cached.
func (s *Store) probePages(ctx context.Context) error {
	conn, err := s.probes.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	rows, err := conn.QueryContext(ctx, probeRows, probeDialogs)
	if err != nil {
		return err
	}
	if _, err := scanDialogs(rows); err != nil {
		return err
	}
	if rows, err = conn.QueryContext(ctx, probeRecords, probeDialogs); err != nil {
		return err
	}
	if _, err := scanRecords(rows); err != nil {
		return err
	}
	for _, query := range []struct {
		text string
		args []any
	}{{probeLists, []any{probeDialogs}}, {probeRest, nil}} {
		if err := readAll(ctx, conn, query.text, query.args...); err != nil {
			return fmt.Errorf("reading pages: %w", err)
		}
	}
	return nil
}

// readAll reads all rows of a query and forgets them.
func readAll(ctx context.Context, conn *sql.Conn, query string, args ...any) error {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows, new(any)); err != nil {
			return err
		}
	}
	return rows.Err()
}
