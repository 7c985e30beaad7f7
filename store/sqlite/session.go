package sqlite

import (
	"context"

	"dialogs/dialog"
)

// EndSession stores that a session was ended.
func (s *Store) EndSession(ctx context.Context, e dialog.EndedSession) error {
	return s.write(ctx, "ending a session", func(w *writer) error {
		return w.exec("INSERT INTO ended_session (id, until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)",
			e.ID, millis(e.Until))
	})
}

// SessionsEnded returns those of the sessions that were ended.
func (s *Store) SessionsEnded(ctx context.Context, ids []string) (ended []string, err error) {
	err = s.read(ctx, "looking up sessions", func(ctx context.Context) error {
		rows, err := s.named(ctx, "SELECT id, until, 0, 0 FROM ended_session", "id", len(ids), func() []string { return ids })
		ended = nil
		for _, r := range rows {
			ended = append(ended, r.name)
		}
		return err
	})
	return ended, err
}

// EndedSessions lists the ended sessions, by id.
func (s *Store) EndedSessions(ctx context.Context) ([]dialog.EndedSession, error) {
	var ended []dialog.EndedSession
	err := s.read(ctx, "reading the ended sessions", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, "SELECT id, until FROM ended_session ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e dialog.EndedSession
			var until int64
			if err := scan(rows, &e.ID, &until); err != nil {
				return err
			}
			e.Until = instant(until)
			ended = append(ended, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}
