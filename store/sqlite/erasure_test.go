package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
	"dialogs/store/storetest"
)

// TestErasureLeavesNothing looks at every row of every table for an erased user, as the
// text and as JSON.
func TestErasureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	storetest.Erase(t, func(t testing.TB) dialog.Store { return open(t, dir, sqlite.Options{}) })
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	quoted, err := dialog.MarshalPlain(storetest.Erased)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, table := range column(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
		for _, row := range dump(t, db, table) {
			seen++
			for _, form := range [][]byte{[]byte(storetest.Erased), bytes.Trim(quoted, `"`)} {
				if bytes.Contains(row, form) {
					t.Errorf("the table %s names an erased user: %s", table, row)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d rows were looked at", seen)
	}
}

func column(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// dump is each row of a table as text, all columns one after the other.
func dump(t *testing.T, db *sql.DB, table string) (all [][]byte) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var row []byte
		for _, value := range values {
			switch v := (*value.(*any)).(type) {
			case []byte:
				row = append(row, v...)
			default:
				row = fmt.Append(row, v)
			}
			row = append(row, '|')
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
