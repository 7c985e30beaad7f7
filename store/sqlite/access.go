package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"dialogs/dialog"
)

// SuspendUser stores whether a user is suspended.
func (s *Store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool) error {
	return s.write(ctx, "suspending a user", func(w *writer) error {
		return w.exec("INSERT INTO user_access (user, suspended) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET suspended = excluded.suspended", string(user), suspended)
	})
}

// EndUserSessions stores that the sessions of a user have ended.
func (s *Store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	return s.write(ctx, "ending the sessions of a user", func(w *writer) error {
		return w.exec("INSERT INTO user_access (user, sessions_ended) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET sessions_ended = max(sessions_ended, excluded.sessions_ended)",
			string(user), millis(at))
	})
}

const selectAccess = "SELECT user, suspended, sessions_ended FROM user_access WHERE (suspended <> 0 OR sessions_ended <> 0)"

// UserAccess looks up users.
func (s *Store) UserAccess(ctx context.Context, users []dialog.UserID) ([]dialog.UserAccess, error) {
	list, err := json.Marshal(users)
	if err != nil {
		return nil, err
	}
	return s.access(ctx, selectAccess+" AND user IN (SELECT value FROM json_each(?))", string(list))
}

// AllUserAccess lists all users about whom there is something to know.
func (s *Store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	return s.access(ctx, selectAccess+" ORDER BY user")
}

func (s *Store) access(ctx context.Context, query string, args ...any) (all []dialog.UserAccess, err error) {
	err = s.read(ctx, "looking up the access of users", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a dialog.UserAccess
			var ended int64
			if err := rows.Scan(&a.User, &a.Suspended, &ended); err != nil {
				return err
			}
			a.SessionsEndedAt = instantOrNone(ended)
			all = append(all, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
