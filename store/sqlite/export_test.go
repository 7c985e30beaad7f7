package sqlite

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"dialogs/dialog"
)

// Writer is the connection that writes, as a job has it.
type Writer struct{ w *writer }

// Exec executes a statement.
func (w Writer) Exec(query string, args ...any) error { return w.w.exec(query, args...) }

// Read executes a query.
func (w Writer) Read(query string) error {
	_, err := w.w.row(query, nil, new(any))
	return err
}

// Value is what a query answers.
func (w Writer) Value(query string) (value any, err error) {
	_, err = w.w.row(query, nil, &value)
	return value, err
}

// Write has the writer do a job.
func (s *Store) Write(ctx context.Context, run func(Writer) error) error {
	return s.write(ctx, "testing", func(w *writer) error { return run(Writer{w}) })
}

// WriteFor has the writer do a job of a user.
func (s *Store) WriteFor(ctx context.Context, user dialog.UserID, cost int, run func(Writer) error) error {
	return s.writeFor(ctx, dialog.Actor{User: user}, cost, "testing", func(w *writer) error { return run(Writer{w}) })
}

// WriteValue is what a query answers on the connection that writes.
func (s *Store) WriteValue(ctx context.Context, query string) (value any, err error) {
	err = s.Write(ctx, func(w Writer) error {
		value, err = w.Value(query)
		return err
	})
	return value, err
}

// Wrote is how many rows the writer counts so far, about.
func (s *Store) Wrote(ctx context.Context) (rows int, err error) {
	err = s.Write(ctx, func(w Writer) error {
		rows = w.w.wrote
		return nil
	})
	return rows, err
}

// KeepsPartOf reports whether what is in memory of a dialog is a part of a text.
func (s *Store) KeepsPartOf(id dialog.ID, text string) bool {
	key, _ := binaryID(id)
	known, _, ok := s.lists.document(key)
	if !ok {
		return false
	}
	start := uintptr(unsafe.Pointer(unsafe.StringData(text)))
	within := func(part string) bool {
		at := uintptr(unsafe.Pointer(unsafe.StringData(part)))
		return len(part) > 0 && start <= at && at < start+uintptr(len(text))
	}
	d := known.dialog
	found := within(d.Name) || within(d.Photo) || within(string(d.Owner))
	for _, u := range slices.Concat(d.Admins, d.Occupants) {
		found = found || within(string(u))
	}
	for class, fields := range d.Custom {
		found = found || within(class)
		for field, value := range fields {
			found = found || within(field) || within(string(value))
		}
	}
	return found
}

// ReadValue is what a query answers on a connection that reads.
func (s *Store) ReadValue(ctx context.Context, query string, args ...any) (value any, err error) {
	err = s.read(ctx, "testing", func(ctx context.Context) error { return s.reads.row(ctx, query, args, &value) })
	return value, err
}

// IsNear reports whether a page is found by looking at as many dialogs as a walk looks at
// first.
func (s *Store) IsNear(ctx context.Context, q dialog.Query) (near bool, err error) {
	err = s.read(ctx, "testing", func(ctx context.Context) error {
		_, _, near, err = s.nearItems(ctx, q, s.reach.near)
		return err
	})
	return near, err
}

// Plan is how SQLite reads a page.
func (s *Store) Plan(ctx context.Context, q dialog.Query) (steps []string, err error) {
	text, args, _, err := pageQuery(q, nil, choice{}, -1)
	if err != nil {
		return nil, err
	}
	return s.explain(ctx, text, args...)
}

// ChangesPlan is how SQLite reads what changed, by each of the ways.
func (s *Store) ChangesPlan(ctx context.Context) (map[string][]string, error) {
	plans := map[string][]string{}
	for name, query := range map[string]string{
		"by position": changedByPosition, "by member": changedByMember, "for a server": changedForServer, "removed": removed,
	} {
		steps, err := s.explain(ctx, query, "u", 0, 10)
		if err != nil {
			return nil, err
		}
		plans[name] = steps
	}
	return plans, nil
}

func (s *Store) explain(ctx context.Context, text string, args ...any) (steps []string, err error) {
	err = s.read(ctx, "testing", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			steps = append(steps, step)
		}
		return rows.Err()
	})
	return steps, err
}

// SweepAlways sweeps again and again until ctx ends.
func (s *Store) SweepAlways(ctx context.Context, every time.Duration) { s.sweepAlways(ctx, every) }

// Waiting is how many jobs wait for the writer.
func (s *Store) Waiting() int {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	return s.jobs.queue.Len()
}

// WithoutPositions takes the database back to the schema before 0003_sync.sql.
func WithoutPositions(w Writer) error {
	for _, statement := range []string{
		"DROP TRIGGER dialog_custom_made", "DROP TRIGGER dialog_custom_changed",
		"DROP VIEW custom_now", "DROP TABLE custom_value", "ALTER TABLE dialog DROP COLUMN custom_version",
		"DROP TRIGGER dialog_named", "DROP TRIGGER dialog_renamed", "DROP TABLE name_trigram", "DROP TABLE name_part", "DROP TABLE unindexed",
		"DROP TABLE erasure", "DROP TABLE erased_user",
		"DROP TABLE user_access", "ALTER TABLE api_key DROP COLUMN expires_at", "ALTER TABLE api_key DROP COLUMN note",
		"ALTER TABLE api_key DROP COLUMN scopes", "ALTER TABLE api_key DROP COLUMN used_on",
		"DROP TABLE webhook", "DROP TABLE sync", "DROP TABLE departed",
		"DROP INDEX dialog_position", "ALTER TABLE dialog DROP COLUMN position",
		"DROP INDEX dialog_forgotten", "ALTER TABLE dialog DROP COLUMN forget_at",
		"CREATE INDEX dialog_deleted ON dialog (updated_at) WHERE deleted = 1",
		"PRAGMA user_version = 2",
	} {
		if err := w.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// ListsInMemory are how many users have lists in memory, and what these take.
func (s *Store) ListsInMemory() (users int, bytes int64) {
	s.lists.mu.Lock()
	defer s.lists.mu.Unlock()
	return s.lists.users.Len(), s.lists.bytes
}

// DocumentsInMemory are how many dialogs of lists are in memory, and what these take.
func (s *Store) DocumentsInMemory() (dialogs int, bytes int64) {
	s.lists.mu.Lock()
	defer s.lists.mu.Unlock()
	return s.lists.documents.recent.Len(), s.lists.documents.bytes
}

// WrongDocuments compares the dialogs in memory with their rows.
func (s *Store) WrongDocuments(ctx context.Context) error {
	return s.write(ctx, "comparing", func(w *writer) error {
		s.lists.mu.Lock()
		defer s.lists.mu.Unlock()
		for _, id := range s.lists.documents.recent.Keys() {
			if slices.ContainsFunc(w.moves, func(m move) bool { return m.id == id }) {
				continue // it is not committed
			}
			known, _ := s.lists.documents.recent.Peek(id)
			r, _, err := w.load(selectDialog, id[:])
			if err != nil {
				return err
			}
			want, err := r.dialog()
			if err != nil || r.n != known.n || !reflect.DeepEqual(&want, known.dialog) {
				return fmt.Errorf("%#v is kept, %#v is stored: %w", *known.dialog, want, err)
			}
		}
		return nil
	})
}

// SplitUsers is the fast way to decode a list of users.
func SplitUsers(text string) ([]dialog.UserID, bool) { return splitUsers(text) }

// SetReach has the store choose other ways than usual: few and many are numbers of
// matches, near is how far it walks, half of it first, and then probes as many matches.
func (s *Store) SetReach(few, near, many int) {
	s.reach = reach{few: few, covered: few, glance: (near + 1) / 2, some: few, near: near, many: many, probes: near}
}

// MatchOf is the expression by which a part of a name is searched.
func (s *Store) MatchOf(ctx context.Context, part string) (match string, err error) {
	err = s.read(ctx, "testing", func(ctx context.Context) error {
		match, err = s.matchOf(ctx, part, false)
		return err
	})
	return match, err
}

// A Pace decides how many names are indexed at a time.
type Pace struct{ p pace }

// Now is that number, and how many times as long as the work the rest is.
func (p *Pace) Now(at time.Time, calls int64) (most, rest int) { return p.p.now(at, calls) }

// Unindexed is how many names wait to be indexed.
func (s *Store) Unindexed(ctx context.Context) (any, error) {
	return s.ReadValue(ctx, "SELECT count(*) FROM unindexed")
}

// KnowsPosition tells whether the position of the database is known without reading it.
func (s *Store) KnowsPosition() bool {
	header, ok := s.index.header()
	latest := s.position.latest.Load()
	return ok && latest != nil && latest.header == header
}
