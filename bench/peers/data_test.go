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
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"dialogs/dialog"
	"dialogs/servertest"
	"dialogs/store/mongo"
)

// A member is a user in every nth dialog.
type member struct {
	user  string
	every int
}

// The data of a table are dialogs that have ten occupants each.
type data struct {
	dialogs int
	members []member
	dir     string // of an embedded store with these dialogs, once there is one
}

// fill makes an embedded store. It writes rows: creating 100,000 dialogs one after the
// other takes long.
func (d *data) fill(tb testing.TB) {
	tb.Helper()
	d.dir = filepath.Join(tb.TempDir(), "data")
	dir := d.dir
	// A new version brings the tables of an earlier one up to date, but an earlier one
	// refuses those of a new one.
	binary := servertest.Binary(tb)
	if *baseBinary != "" {
		binary = *baseBinary
	}
	server := serve(tb, binary, dir)
	server.Signal(os.Interrupt)
	server.AwaitEnd()
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
	if err := d.insert(tb.Context(), tx); err != nil {
		tb.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
	settle(tb, serve(tb, binary, dir), db)
}

// settle lets a server index the names, which it does once, and does not measure.
func settle(tb testing.TB, s *server, db *sql.DB) {
	tb.Helper()
	const few = 1000 // so many can wait
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var waiting int
		if err := db.QueryRowContext(tb.Context(), "SELECT count(*) FROM unindexed").Scan(&waiting); err != nil {
			tb.Fatal(err)
		}
		if waiting <= few {
			break
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%d names are not indexed", waiting)
		}
	}
	s.Signal(os.Interrupt)
	s.AwaitEnd()
}

func (d *data) insert(ctx context.Context, tx *sql.Tx) error {
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
	for n := range d.dialogs {
		id, users := rawID(n), d.usersOf(n)
		occupants, err := json.Marshal(users)
		if err != nil {
			return err
		}
		at, name := timeOf(n).UnixMilli(), nameOf(n)
		if _, err := row.ExecContext(ctx, n+1, id[:], at, at, users[0], dialog.NameKey(name), name, string(occupants), n+1); err != nil {
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
	_, err = tx.ExecContext(ctx, "UPDATE sync SET position = ?", d.dialogs)
	return err
}

// began is when the first dialog was created.
var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func timeOf(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }

func nameOf(n int) string { return fmt.Sprintf("lunch %d", n) }

// usersOf are the occupants of the nth dialog: the members that it is due for, and
// others. The first one is the owner.
func (d *data) usersOf(n int) []string {
	var users []string
	for _, m := range d.members {
		if n%m.every == 0 {
			users = append(users, m.user)
		}
	}
	for i := 0; len(users) < 10; i++ {
		users = append(users, fmt.Sprintf("user-%d-%d", n%5000, i))
	}
	return users
}

func rawID(n int) [12]byte {
	id := [12]byte([]byte("eeeeeeeeeeee"))
	binary.BigEndian.PutUint32(id[8:], uint32(n))
	return id
}

func textID(n int) string { return string(appendID(nil, n)) }

func appendID(b []byte, n int) []byte {
	id := rawID(n)
	return hex.AppendEncode(b, id[:])
}

// restore writes the dialogs into a database of MongoDB.
func (d *data) restore(tb testing.TB, uri string) {
	tb.Helper()
	store, err := mongo.Open(tb.Context(), uri, mongo.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	var batch []dialog.Dialog
	for n := range d.dialogs {
		var occupants []dialog.UserID
		for _, user := range d.usersOf(n) {
			occupants = append(occupants, dialog.UserID(user))
		}
		at, owner := timeOf(n), dialog.Actor{User: occupants[0]}
		batch = append(batch, dialog.Dialog{
			ID: dialog.ID(textID(n)), Type: dialog.Group, Name: nameOf(n), Owner: owner.User, Occupants: occupants, CreatedAt: at, UpdatedAt: at, Version: 1,
			History: []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: owner, At: at, Joined: occupants, Name: nameOf(n)}},
		})
		if len(batch) < 500 && n+1 < d.dialogs {
			continue
		}
		if err := store.Restore(tb.Context(), batch); err != nil {
			tb.Fatal(err)
		}
		batch = batch[:0]
	}
}

// copied is a copy of the embedded store for one server.
func copied(tb testing.TB, d *data) string {
	tb.Helper()
	if d.dir == "" {
		d.fill(tb)
	}
	to := filepath.Join(tb.TempDir(), "data")
	if err := os.MkdirAll(to, 0o700); err != nil {
		tb.Fatal(err)
	}
	from, err := os.Open(filepath.Join(d.dir, "dialogs.db"))
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
