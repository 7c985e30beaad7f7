package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"dialogs/dialog"
)

// hashOf is how an erased user is stored.
func hashOf(user dialog.UserID) string {
	sum := sha256.Sum256([]byte(user))
	return hex.EncodeToString(sum[:])
}

// StartErasure stores a job, unless its user has one.
func (s *Store) StartErasure(ctx context.Context, e dialog.Erasure) (started dialog.Erasure, err error) {
	after, err := encodeID(e.After)
	if err != nil {
		return dialog.Erasure{}, err
	}
	err = s.write(ctx, "starting an erasure", func(w *writer) error {
		started = e
		insert := "INSERT INTO erasure (user, by, started_at, dialogs, after) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
		n, err := w.affect(insert, string(e.User), e.By, millis(e.StartedAt), e.Dialogs, after)
		if err != nil || n > 0 {
			return err
		}
		rows, err := w.query(selectErasures+" WHERE user = ?", string(e.User))
		if err != nil {
			return err
		}
		there, err := scanErasures(rows)
		if err == nil && len(there) > 0 {
			started = there[0]
		}
		return err
	})
	if err != nil {
		return dialog.Erasure{}, err
	}
	return started, nil
}

// Erasures lists the jobs in progress.
func (s *Store) Erasures(ctx context.Context) (all []dialog.Erasure, err error) {
	err = s.read(ctx, "reading the erasures", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, selectErasures+" ORDER BY started_at, user")
		if err != nil {
			return err
		}
		all, err = scanErasures(rows)
		return err
	})
	return all, err
}

// AdvanceErasure stores how far a job has come.
func (s *Store) AdvanceErasure(ctx context.Context, user dialog.UserID, after dialog.ID) (going bool, err error) {
	place, err := encodeID(after)
	if err != nil {
		return false, err
	}
	err = s.write(ctx, "storing the progress of an erasure", func(w *writer) error {
		n, err := w.affect("UPDATE erasure SET after = ? WHERE user = ?", place, string(user))
		going = n > 0
		return err
	})
	return err == nil && going, err
}

// FinishErasure removes what is kept about a user besides dialogs, unless they are a
// member of one.
func (s *Store) FinishErasure(ctx context.Context, user dialog.UserID, until time.Time) (finished bool, err error) {
	err = s.write(ctx, "finishing an erasure", func(w *writer) error {
		finished = false
		var n int64
		member, err := w.row("SELECT dialog FROM member WHERE user = ? LIMIT 1", []any{string(user)}, &n)
		if err != nil || member {
			return err
		}
		finished = true
		err = w.exec("INSERT INTO erased_user (hash, sessions_ended, until) SELECT ?, sessions_ended, ? FROM user_access WHERE user = ? AND sessions_ended <> 0"+
			laterErased,
			hashOf(user), millis(until), string(user))
		for _, statement := range []string{
			"DELETE FROM user_access WHERE user = ?",
			"DELETE FROM creation WHERE by_server = 0 AND actor = ?",
			"DELETE FROM departed WHERE user = ?",
			"DELETE FROM erasure WHERE user = ?",
		} {
			if err == nil {
				err = w.exec(statement, string(user))
			}
		}
		return err
	})
	return err == nil && finished, err
}

// laterErased keeps the later instants of two for one user.
const laterErased = " ON CONFLICT (hash) DO UPDATE SET sessions_ended = max(sessions_ended, excluded.sessions_ended), until = max(until, excluded.until)"

// ErasedUsers lists the users who were erased and are still kept.
func (s *Store) ErasedUsers(ctx context.Context) (all []dialog.ErasedUser, err error) {
	err = s.read(ctx, "reading the erased users", func(ctx context.Context) error {
		all = nil
		rows, err := s.reads.query(ctx, "SELECT hash, sessions_ended, until FROM erased_user")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var hash string
			var ended, until int64
			if err := scan(rows, &hash, &ended, &until); err != nil {
				return err
			}
			u := dialog.ErasedUser{SessionsEndedAt: instant(ended), Until: instant(until)}
			if _, err := hex.Decode(u.Hash[:], []byte(hash)); err != nil {
				return err
			}
			all = append(all, u)
		}
		return rows.Err()
	})
	return all, err
}

// KeepErasedUser stores a user who was erased in another store.
func (s *Store) KeepErasedUser(ctx context.Context, u dialog.ErasedUser) error {
	return s.write(ctx, "keeping an erased user", func(w *writer) error {
		return w.exec("INSERT INTO erased_user (hash, sessions_ended, until) VALUES (?, ?, ?)"+laterErased,
			hex.EncodeToString(u.Hash[:]), millis(u.SessionsEndedAt), millis(u.Until))
	})
}

// UserKept looks for what is kept about a user besides dialogs.
func (s *Store) UserKept(ctx context.Context, user dialog.UserID) (kept bool, err error) {
	err = s.read(ctx, "looking for a user", func(ctx context.Context) error {
		return s.reads.row(ctx, "SELECT EXISTS (SELECT 1 FROM erasure WHERE user = ?1) OR EXISTS (SELECT 1 FROM creation WHERE by_server = 0 AND actor = ?1)"+
			" OR EXISTS ("+selectAccess+" AND user = ?1)", []any{string(user)}, &kept)
	})
	return kept, err
}
