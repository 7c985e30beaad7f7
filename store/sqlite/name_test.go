package sqlite_test

import (
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestOldNames writes with another connection, as a process of another version
// does.
func TestOldNames(t *testing.T) {
	dir := t.TempDir()
	closing(t, open(t, dir, sqlite.Options{}))
	db, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	storetest.CheckOldNames(t, func(t testing.TB) dialog.Store { return open(t, dir, sqlite.Options{}) }, oldWriter{db})
}

type oldWriter struct{ db *sql.DB }

func (w oldWriter) Rename(t testing.TB, id dialog.ID, name, key string) {
	t.Helper()
	raw, err := hex.DecodeString(string(id))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.ExecContext(t.Context(), "UPDATE dialog SET name = ?, folded = ? WHERE id = ?", name, key, raw); err != nil {
		t.Fatal(err)
	}
}

func (w oldWriter) Keys(t testing.TB) []string {
	t.Helper()
	rows, err := w.db.QueryContext(t.Context(), "SELECT folded FROM dialog")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}
