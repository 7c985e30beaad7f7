package sqlite

import (
	"context"
	"time"

	"dialogs/dialog"
)

// sweepMost bounds what one job clears away, so that no update waits long
// behind it.
const sweepMost = 200

// sweepAlways sweeps now and again until ctx ends.
func (s *Store) sweepAlways(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.options.Log.WarnContext(ctx, "clearing away tombstones failed and will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep clears away tombstones and creation keys that were kept for
// [dialog.TombstoneKept]. An open store does so by itself.
func (s *Store) Sweep(ctx context.Context) error {
	before := millis(s.options.Now().Add(-dialog.TombstoneKept))
	for {
		var swept int64
		err := s.write(ctx, "sweeping", func(w *writer) (err error) {
			swept, err = w.sweep(before)
			return err
		})
		if err != nil || swept == 0 {
			return err
		}
	}
}

func (w *writer) sweep(before int64) (swept int64, err error) {
	const tombstones = "SELECT n FROM dialog INDEXED BY dialog_deleted WHERE deleted = 1 AND updated_at <= ? ORDER BY updated_at LIMIT ?"
	if err := w.exec("DELETE FROM change WHERE dialog IN ("+tombstones+")", before, sweepMost); err != nil {
		return 0, err
	}
	dialogs, err := w.affect("DELETE FROM dialog WHERE n IN ("+tombstones+")", before, sweepMost)
	if err != nil {
		return 0, err
	}
	keys, err := w.affect(
		"DELETE FROM creation WHERE (by_server, actor, key) IN (SELECT by_server, actor, key FROM creation INDEXED BY creation_at WHERE at <= ? LIMIT ?)",
		before, sweepMost,
	)
	return dialogs + keys, err
}
