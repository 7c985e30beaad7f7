package sqlite

import (
	"context"
	"time"

	"dialogs/dialog"
)

// sweepMost is how many rows one job removes, so that no update waits long for
// it.
const sweepMost = 200

// sweepAlways sweeps at this interval until ctx ends.
func (s *Store) sweepAlways(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil && s.files.known() == nil {
			s.options.Log.WarnContext(ctx, "sweep failed, will retry", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// What has expired. The last argument of each is the maximum number of rows.
const (
	staleDialogs  = "SELECT n FROM dialog INDEXED BY dialog_forgotten WHERE deleted = 1 AND forget_at <= ? ORDER BY forget_at LIMIT ?"
	staleDeparted = "SELECT user, dialog FROM departed INDEXED BY departed_forgotten WHERE forget_at <= ? ORDER BY forget_at LIMIT ?"
	staleKeys     = "SELECT by_server, actor, key FROM creation INDEXED BY creation_at WHERE at <= ? LIMIT ?"
	staleErased   = "SELECT hash FROM erased_user INDEXED BY erased_user_until WHERE until <= ? LIMIT ?"
	staleSessions = "SELECT id FROM ended_session INDEXED BY ended_session_until WHERE until <= ? LIMIT ?"
)

// Sweep removes what has expired: tombstones, who departed, idempotency keys of
// creations ([dialog.KeyKept]), and ended sessions whose tokens have expired, those of
// erased users included. It also brings the keys of names up to date that an earlier version of the program
// has stored. An open store does so automatically.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.options.Now()
	until, keysUntil := millis(now), millis(now.Add(-dialog.KeyKept))
	for {
		var stale bool
		err := s.read(ctx, "looking for expired and old rows", func(ctx context.Context) error {
			return s.reads.row(ctx,
				"SELECT EXISTS ("+staleDialogs+") OR EXISTS ("+staleDeparted+") OR EXISTS ("+staleKeys+") OR EXISTS ("+staleSessions+") OR EXISTS ("+staleErased+") OR EXISTS ("+oldNames()+")",
				[]any{until, 1, until, 1, keysUntil, 1, until, 1, until, 1, 1}, &stale)
		})
		if err != nil || !stale { // the writer is not disturbed when there is nothing to do
			return err
		}
		if err := s.write(ctx, "sweeping", func(w *writer) error { return w.sweep(until, keysUntil) }); err != nil {
			return err
		}
	}
}

func (w *writer) sweep(until, keysUntil int64) error {
	for _, stale := range []struct {
		statement string
		until     int64
	}{
		// Clients that have not read these positions can no longer catch up.
		{"UPDATE sync SET forgotten = max(forgotten, (SELECT coalesce(max(position), 0) FROM dialog WHERE n IN (" + staleDialogs + ")))", until},
		{"UPDATE sync SET forgotten = max(forgotten, (SELECT coalesce(max(position), 0) FROM departed WHERE (user, dialog) IN (" + staleDeparted + ")))", until},
		{"DELETE FROM change WHERE dialog IN (" + staleDialogs + ")", until},
		{"DELETE FROM dialog WHERE n IN (" + staleDialogs + ")", until},
		{"DELETE FROM departed WHERE (user, dialog) IN (" + staleDeparted + ")", until},
		{"DELETE FROM creation WHERE (by_server, actor, key) IN (" + staleKeys + ")", keysUntil},
		{"DELETE FROM ended_session WHERE id IN (" + staleSessions + ")", until},
		{"DELETE FROM erased_user WHERE hash IN (" + staleErased + ")", until},
	} {
		if err := w.exec(stale.statement, stale.until, sweepMost); err != nil {
			return err
		}
	}
	return w.foldNames()
}
