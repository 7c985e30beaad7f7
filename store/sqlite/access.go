package sqlite

import (
	"context"
	"time"

	"dialogs/dialog"
)

// SuspendUser stores whether a user is suspended, and since when.
func (s *Store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool, at time.Time) error {
	if !suspended {
		at = time.Time{}
	}
	return s.write(ctx, "suspending a user", func(w *writer) error {
		// An earlier version reinstates without removing the instant.
		return w.exec("INSERT INTO user_access (user, suspended, suspended_at) VALUES (?, ?, ?) ON CONFLICT (user) DO UPDATE SET suspended = excluded.suspended,"+
			" suspended_at = CASE WHEN NOT excluded.suspended THEN 0 WHEN NOT suspended THEN excluded.suspended_at WHEN suspended_at = 0 OR excluded.suspended_at = 0"+
			" THEN max(suspended_at, excluded.suspended_at) ELSE min(suspended_at, excluded.suspended_at) END",
			string(user), suspended, millisOrNone(at))
	})
}

// EndUserSessions stores that the sessions of a user have ended.
func (s *Store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	return s.write(ctx, "ending the sessions of a user", func(w *writer) error {
		return w.exec("INSERT INTO user_access (user, sessions_ended) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET sessions_ended = max(sessions_ended, excluded.sessions_ended)",
			string(user), millis(at))
	})
}

const selectAccess = "SELECT user, suspended, suspended_at, sessions_ended FROM user_access WHERE (suspended <> 0 OR sessions_ended <> 0)"

// UserAccess looks up users.
func (s *Store) UserAccess(ctx context.Context, users []dialog.UserID) (all []dialog.UserAccess, err error) {
	err = s.read(ctx, "looking up the access of users", func(ctx context.Context) error {
		all = nil
		rows, err := s.named(ctx, "SELECT user, suspended, sessions_ended, suspended_at FROM user_access", "user", len(users), func() []string {
			names := make([]string, len(users))
			for i, user := range users {
				names[i] = string(user)
			}
			return names
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if suspended, ended := r.values[0] != 0, r.values[1]; suspended || ended != 0 {
				all = append(all, dialog.UserAccess{User: dialog.UserID(r.name), Suspended: suspended, SuspendedAt: instantOrNone(r.values[2]), SessionsEndedAt: instantOrNone(ended)})
			}
		}
		by := map[string]dialog.UserID{}
		rows, err = s.named(ctx, "SELECT hash, sessions_ended, 0, 0 FROM erased_user", "hash", len(users), func() []string {
			hashes := make([]string, len(users))
			for i, user := range users {
				hashes[i] = hashOf(user)
				by[hashes[i]] = user
			}
			return hashes
		})
		for _, r := range rows {
			all = dialog.WithSessionsEnded(all, by[r.name], instant(r.values[0]))
		}
		return err
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
		var since, ended int64
		if err := scan(rows, &a.User, &a.Suspended, &since, &ended); err != nil {
			return nil, err
		}
		a.SuspendedAt, a.SessionsEndedAt = instantOrNone(since), instantOrNone(ended)
		all = append(all, a)
	}
	return all, rows.Err()
}
