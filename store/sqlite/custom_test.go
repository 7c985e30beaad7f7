package sqlite_test

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// TestCustomValues: the table of values of custom data has what the dialogs have, whatever
// happens to them.
func TestCustomValues(t *testing.T) {
	s := opened(t)
	is := func(reason string, want int64) {
		t.Helper()
		sameValues(t, s, reason, want)
	}
	all := various(t, s)
	is("created", 15+8)
	change := func(p dialog.Plan) {
		t.Helper()
		p.Name = dialog.Optional[string]{}
		if _, err := s.Update(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	p := rename(all[0].ID, "")
	p.Custom = []dialog.FieldChange{{Class: "Task", Field: "text", Value: long("c")}, {Class: "Task", Field: "n", Value: "1.50"}}
	change(p)
	is("changed behind its beginning, and added", 24)
	p.Custom = []dialog.FieldChange{{Class: "Task", Field: "done", Value: "false"}, {Class: "Task", Field: "text"}, {Class: "Other", Field: "list", Value: "[1,2]"}}
	change(p)
	is("changed, removed and added", 24)
	p.Custom, p.Delete = nil, true
	change(p)
	is("deleted", 21)
	if err := s.Restore(t.Context(), all[:4]); err != nil {
		t.Fatal(err)
	}
	is("restored", 23)
	if err := s.Restore(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	is("restored again", 23)
}

// sameValues compares the table of values with the custom data of the dialogs.
func sameValues(t *testing.T, s *sqlite.Store, reason string, want int64) {
	t.Helper()
	n, err := s.ReadValue(t.Context(), "SELECT count(*) FROM custom_value")
	if n != want || err != nil {
		t.Errorf("%s: there are %v values, want %d, %v", reason, n, want, err)
	}
	for _, different := range []string{"custom_value EXCEPT SELECT path, value, dialog FROM custom_now", "custom_now EXCEPT SELECT path, value, dialog FROM custom_value"} {
		if n, err := s.ReadValue(t.Context(), "SELECT count(*) FROM (SELECT path, value, dialog FROM "+different+")"); n != int64(0) || err != nil {
			t.Errorf("%s: %v are in one only, %v: %s", reason, n, err, different)
		}
	}
}

// TestCustomValuesOfOthers: values are found that a process has stored which does not know
// that it must keep them, such as an older version.
func TestCustomValuesOfOthers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	t.Cleanup(func() { closing(t, s) })
	all := various(t, s)
	other, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	finds := func(reason string, field string, value dialog.Value, want int) {
		t.Helper()
		s.SetReach(1000, 1, 1000)
		f := dialog.Filter{Custom: []dialog.FieldChange{{Class: "Task", Field: field, Value: value}}}
		q := dialog.Query{Scope: dialog.Mine, Filter: f, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: 100}
		list, err := s.Dialogs(t.Context(), q)
		if err != nil || len(list) != want {
			t.Errorf("%s: %d dialogs with %s %s, want %d, %v", reason, len(list), field, value, want, err)
		}
	}
	p := rename(all[0].ID, "")
	p.Name, p.Custom = dialog.Optional[string]{}, []dialog.FieldChange{{Class: "Task", Field: "n", Value: "1"}}
	if _, err := s.Update(t.Context(), p); err != nil { // so that it was not only restored
		t.Fatal(err)
	}
	for statement, id := range map[string]dialog.ID{
		"UPDATE dialog SET custom = json_set(custom, '$.Task.n', 2), version = version + 1, position = (SELECT position + 1 FROM sync) WHERE id = ?": all[0].ID,
		`INSERT INTO dialog (n, id, type, deleted, version, created_at, updated_at, owner, folded, name, custom, photo, admins, occupants, position)
		SELECT position + 1, ?, 2, 0, 1, 1, 1, 'o', 'a', 'a', '{"Task":{"n":2}}', '', '', '["o"]', position + 1 FROM sync`: benchID(1000),
	} {
		raw, err := hex.DecodeString(string(id))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.ExecContext(t.Context(), statement, raw); err != nil {
			t.Fatal(err)
		}
		if _, err := other.ExecContext(t.Context(), "UPDATE sync SET position = position + 1"); err != nil {
			t.Fatal(err)
		}
	}
	finds("stored by another", "n", "2", 2)
	finds("before that", "n", "1", 0)
	p.Custom[0].Value = "3"
	if _, err := s.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	finds("changed here again", "n", "3", 1)
	finds("stored by another", "n", "2", 1)
}

// TestCustomValuesCost: a change is charged with the values that it writes, which are those
// that it changes.
func TestCustomValuesCost(t *testing.T) {
	s := opened(t)
	const fields = 500
	d := dialog.Dialog{ID: benchID(1), Type: dialog.Group, Owner: "o", Occupants: []dialog.UserID{"o"}, Version: 1}
	d.Custom = dialog.CustomData{"Task": {}}
	for n := range fields {
		d.Custom["Task"][fmt.Sprint("f", n)] = "1"
	}
	costs := func(reason string, least, most int, change func() error) {
		t.Helper()
		before, err := s.Wrote(t.Context())
		if err := errors.Join(err, change()); err != nil {
			t.Fatal(err)
		}
		after, err := s.Wrote(t.Context())
		if n := after - before; err != nil || n < least || n > most {
			t.Errorf("%s costs %d rows, want %d to %d, %v", reason, n, least, most, err)
		}
	}
	costs("a dialog with many fields", fields, fields+20, func() error { return s.Restore(t.Context(), []dialog.Dialog{d}) })
	update := func(changes ...dialog.FieldChange) func() error {
		p := rename(d.ID, "")
		p.Name, p.Custom = dialog.Optional[string]{}, changes
		return func() error {
			_, err := s.Update(t.Context(), p)
			return err
		}
	}
	costs("one field", 4, 20, update(dialog.FieldChange{Class: "Task", Field: "f7", Value: "2"}))
	all := make([]dialog.FieldChange, fields)
	for n := range all {
		all[n] = dialog.FieldChange{Class: "Task", Field: fmt.Sprint("f", n), Value: "3"}
	}
	costs("all fields", 2*fields, 2*fields+20, update(all...))
	costs("a rename", 1, 20, func() error {
		_, err := s.Update(t.Context(), rename(d.ID, "other"))
		return err
	})
	costs("the end", fields, fields+20, func() error {
		p := rename(d.ID, "")
		p.Name, p.Delete = dialog.Optional[string]{}, true
		_, err := s.Update(t.Context(), p)
		return err
	})
	sameValues(t, s, "at the end", 0)
}

// BenchmarkCustomData changes one field of dialogs with few and with many.
func BenchmarkCustomData(b *testing.B) {
	for _, fields := range []int{1, 5, 30, 100, 1000} {
		b.Run(fmt.Sprint(fields), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{})
			b.Cleanup(func() { closing(b, s) })
			d := dialog.Dialog{ID: benchID(1), Type: dialog.Group, Owner: "o", Occupants: []dialog.UserID{"o"}, Version: 1, Custom: dialog.CustomData{}}
			for n := range fields {
				class := fmt.Sprint("C", n/100)
				if d.Custom[class] == nil {
					d.Custom[class] = map[string]dialog.Value{}
				}
				d.Custom[class][fmt.Sprint("f", n)] = "1"
			}
			if err := s.Restore(b.Context(), []dialog.Dialog{d}); err != nil {
				b.Fatal(err)
			}
			before := cpu(b)
			for n := 0; b.Loop(); n++ {
				p := rename(d.ID, "")
				p.Name, p.Custom = dialog.Optional[string]{}, []dialog.FieldChange{{Class: "C0", Field: "f0", Value: dialog.Value(fmt.Sprint(n + 2))}}
				if _, err := s.Update(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}
