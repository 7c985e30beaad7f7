package sqlite_test

import (
	"bytes"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

const pageSize = 2048

// TestDamage overwrites pages of a database. Whatever can't be read is
// Unavailable, and a probe finds it.
func TestDamage(t *testing.T) {
	for _, test := range []struct {
		reason string
		damage func(content []byte) []byte
	}{
		{"all pages but the first", func(c []byte) []byte { fill(c[pageSize:]); return c }},
		{"the second half", func(c []byte) []byte { fill(c[len(c)/2:]); return c }},
		{"every tenth page", func(c []byte) []byte {
			for at := pageSize; at < len(c); at += 10 * pageSize {
				fill(c[at : at+pageSize])
			}
			return c
		}},
		{"the second half is missing", func(c []byte) []byte { return c[:len(c)/2/pageSize*pageSize] }},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := filled(t)
			s := open(t, dir, sqlite.Options{})
			defer func() { _ = s.Close() }() // which may fail, too
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			rewrite(t, dir, test.damage)
			var err error
			for range 200 {
				if err = s.Ping(t.Context()); err != nil {
					break
				}
			}
			if !dialog.IsCode(err, dialog.Unavailable) {
				t.Errorf("probing: %v, want Unavailable", err)
			}
			neverInternal(t, s)
		})
	}
}

// TestDamagedPosition: a position that went back would give a new dialog the number of
// another one.
func TestDamagedPosition(t *testing.T) {
	s := open(t, filled(t), sqlite.Options{})
	defer closing(t, s)
	if err := s.Write(t.Context(), func(w sqlite.Writer) error { return w.Exec("UPDATE sync SET position = 1") }); err != nil {
		t.Fatal(err)
	}
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, crypto.Reader)
	_, err := service.Create(t.Context(), dialog.Caller{User: "owner"}, dialog.Creation{Type: dialog.Group, Name: dialog.Some("new")})
	if !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("creating: %v, want Unavailable", err)
	}
}

// TestDamagedValue: a value has another type than its column.
func TestDamagedValue(t *testing.T) {
	dir := filled(t)
	rewrite(t, dir, func(file []byte) []byte {
		return bytes.ReplaceAll(file, []byte(") STRICT, WITHOUT ROWID"), []byte(")         WITHOUT ROWID"))
	})
	s := open(t, dir, sqlite.Options{})
	defer closing(t, s)
	for _, statement := range []string{
		"INSERT INTO class (name, revision, fields) VALUES ('Order', 'x', '[]')",
		"UPDATE api_key SET created_at = 'x'",
	} {
		if err := s.Write(t.Context(), func(w sqlite.Writer) error { return w.Exec(statement) }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Classes(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("reading the classes: %v, want Unavailable", err)
	}
	if _, err := s.APIKeys(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("reading the API keys: %v, want Unavailable", err)
	}
}

// TestRandomDamage changes bytes anywhere.
func TestRandomDamage(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filled(t)
	whole, err := os.ReadFile(filepath.Join(dir, "dialogs.db"))
	if err != nil {
		t.Fatal(err)
	}
	for try := range 20 {
		rewrite(t, dir, func([]byte) []byte {
			c := append([]byte(nil), whole...)
			for range 1 << random.IntN(9) {
				c[pageSize+random.IntN(len(c)-pageSize)] = byte(random.IntN(256))
			}
			return c
		})
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
		if err != nil {
			continue // which an operator sees
		}
		neverInternal(t, s)
		_ = s.Close() // which may fail, too
		if t.Failed() {
			t.Fatalf("seed %d, try %d", seed, try)
		}
	}
}

func fill(page []byte) {
	for i := range page {
		page[i] = 0xA5
	}
}

// filled is the directory of a closed store with some dialogs.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir, sqlite.Options{})
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, crypto.Reader)
	for i := range 40 {
		var members []dialog.UserID
		for j := range 40 {
			members = append(members, dialog.UserID(fmt.Sprintf("user-%d-%d", i, j)))
		}
		_, err := service.Create(t.Context(), dialog.Caller{User: "owner"}, dialog.Creation{
			Type: dialog.Group, Name: dialog.Some(fmt.Sprintf("dialog %d", i)), Occupants: members,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	addKey(t, s, "key")
	closing(t, s)
	return dir
}

// rewrite changes the database in place, as a failing disk does.
func rewrite(t *testing.T, dir string, change func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, "dialogs.db")
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// neverInternal makes calls of all kinds.
func neverInternal(t *testing.T, s *sqlite.Store) {
	t.Helper()
	service := dialog.NewService(s, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, crypto.Reader)
	owner := dialog.Caller{User: "owner"}
	known, err := s.Scan(t.Context(), "", 100)
	check := func(call string, err error) {
		t.Helper()
		if err != nil && !errors.As(err, new(*dialog.Error)) {
			t.Errorf("%s: internal error %v", call, err)
		}
	}
	check("scanning", err)
	for _, d := range known {
		_, err := s.Dialog(t.Context(), d.ID, true)
		check("reading", err)
		_, err = service.Update(t.Context(), owner, string(d.ID), dialog.Change{Name: dialog.Some("new")})
		check("renaming", err)
	}
	for _, q := range []dialog.Query{
		{Scope: dialog.Mine, User: "owner", Limit: 100},
		{Scope: dialog.Mine, User: "user-7-7", Limit: 100, Order: dialog.Order{Field: dialog.ByName}},
	} {
		_, err := s.Dialogs(t.Context(), q)
		check("listing", err)
		_, err = s.Count(t.Context(), q)
		check("counting", err)
	}
	_, err = s.Classes(t.Context())
	check("reading classes", err)
	_, err = s.APIKeys(t.Context())
	check("reading API keys", err)
	_, err = service.Create(t.Context(), owner, dialog.Creation{Type: dialog.Group, Name: dialog.Some("new")})
	check("creating", err)
}
