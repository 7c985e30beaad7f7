package sqlite

import (
	"context"
	"encoding/json"
	"errors"
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

const selectErased = "SELECT hash, sessions_ended FROM erased_user WHERE hash IN (SELECT value FROM json_each(?))"

// UserAccess looks up users.
func (s *Store) UserAccess(ctx context.Context, users []dialog.UserID) (all []dialog.UserAccess, err error) {
	hashes, names := make([]string, len(users)), make(map[string]dialog.UserID, len(users))
	for i, user := range users {
		hashes[i] = hashOf(user)
		names[hashes[i]] = user
	}
	list, err1 := json.Marshal(users)
	hashList, err2 := json.Marshal(hashes)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	err = s.read(ctx, "looking up the access of users", func(ctx context.Context) error {
		if all, err = s.access(ctx, selectAccess+" AND user IN (SELECT value FROM json_each(?))", string(list)); err != nil {
			return err
		}
		rows, err := s.reads.query(ctx, selectErased, string(hashList))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var hash string
			var ended int64
			if err := scan(rows, &hash, &ended); err != nil {
				return err
			}
			all = dialog.WithSessionsEnded(all, names[hash], instant(ended))
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// AllUserAccess lists all users about whom there is something to know.
func (s *Store) AllUserAccess(ctx context.Context) (all []dialog.UserAccess, err error) {
	err = s.read(ctx, "reading the access of users", func(ctx context.Context) error {
		all, err = s.access(ctx, selectAccess+" ORDER BY user")
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (s *Store) access(ctx context.Context, query string, args ...any) (all []dialog.UserAccess, err error) {
	rows, err := s.reads.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a dialog.UserAccess
		var ended int64
		if err := scan(rows, &a.User, &a.Suspended, &ended); err != nil {
			return nil, err
		}
		a.SessionsEndedAt = instantOrNone(ended)
		all = append(all, a)
	}
	return all, rows.Err()
}
