package peers_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"dialogs/store/sqlite"
)

// A member is a user in every nth dialog.
type member struct {
	user  string
	every int
}

// fill makes a store with dialogs that have ten occupants each, and returns its
// directory. It writes rows: creating 100,000 dialogs one after the other takes long.
func fill(tb testing.TB, dialogs int, members []member) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "data")
	st, err := sqlite.Open(tb.Context(), dir, sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := st.Close(); err != nil {
		tb.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := insert(tb.Context(), tx, dialogs, members); err != nil {
		tb.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func insert(ctx context.Context, tx *sql.Tx, dialogs int, members []member) error {
	row, err := tx.PrepareContext(ctx, `INSERT INTO dialog (n, id, type, deleted, version, created_at, updated_at, owner, folded, name, custom, photo, admins, occupants, position)
		VALUES (?, ?, 2, 0, 1, ?, ?, ?, ?, ?, '{}', '', '', ?, ?)`)
	if err != nil {
		return err
	}
	role, err := tx.PrepareContext(ctx, "INSERT INTO member (user, dialog, roles) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	record, err := tx.PrepareContext(ctx, "INSERT INTO change (dialog, version, kind, at, user, api_key, key, input_hash, detail) VALUES (?, 1, 1, ?, ?, '', '', '', ?)")
	if err != nil {
		return err
	}
	for n := range dialogs {
		users := usersOf(n, members)
		occupants, err := json.Marshal(users)
		if err != nil {
			return err
		}
		at, name := began.Add(time.Duration(n)*time.Second).UnixMilli(), fmt.Sprintf("lunch %d", n)
		if _, err := row.ExecContext(ctx, n+1, rawID(n), at, at, users[0], name, name, string(occupants), n+1); err != nil {
			return err
		}
		for i, user := range users {
			roles := 4 // occupant
			if i == 0 {
				roles = 5 // owner as well
			}
			if _, err := role.ExecContext(ctx, user, n+1, roles); err != nil {
				return err
			}
		}
		if _, err := record.ExecContext(ctx, n+1, at, users[0], fmt.Sprintf(`{"joined":%s,"name":%q}`, occupants, name)); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE sync SET position = ?", dialogs)
	return err
}

// began is when the first dialog was created.
var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// usersOf are the occupants of the nth dialog: the members that it is due for, and
// others. The first one is the owner.
func usersOf(n int, members []member) []string {
	var users []string
	for _, m := range members {
		if n%m.every == 0 {
			users = append(users, m.user)
		}
	}
	for i := 0; len(users) < 10; i++ {
		users = append(users, fmt.Sprintf("user-%d-%d", n%5000, i))
	}
	return users
}

func rawID(n int) []byte {
	id := slices.Repeat([]byte{0x65}, 12)
	binary.BigEndian.PutUint32(id[8:], uint32(n))
	return id
}

func textID(n int) string { return hex.EncodeToString(rawID(n)) }

// copied is a copy of a store for one server.
func copied(tb testing.TB, dir string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "data")
	if err := os.MkdirAll(to, 0o700); err != nil {
		tb.Fatal(err)
	}
	from, err := os.Open(filepath.Join(dir, "dialogs.db"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	file, err := os.OpenFile(filepath.Join(to, "dialogs.db"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		tb.Fatal(err)
	}
	if err := file.Close(); err != nil {
		tb.Fatal(err)
	}
	return to
}
