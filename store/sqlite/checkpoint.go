package sqlite

import "context"

// checkpointRows is the number of rows written between two checkpoints: some
// thousand pages in the WAL.
const checkpointRows = 1400

// checkpointAlways copies the pages in the WAL into the database each time that
// a checkpoint is due. It runs beside the writer, because all callers would wait
// if the writer did it.
//
// It can't restart the WAL while the writer appends to it. The writer does that
// when the WAL is long, and then has little left to copy (see
// wal_autocheckpoint).
func (s *Store) checkpointAlways(due <-chan struct{}) {
	for range due {
		// The result, the number of pages, does not matter.
		_, err := s.writeDB.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
		if err != nil {
			s.options.Log.Warn("checkpoint failed, will retry", "error", err)
		}
	}
}
