package sqlite

import "context"

// checkpointJobs is how many jobs the writer does between two checkpoints,
// some thousand pages in the WAL.
const checkpointJobs = 400

// checkpointAlways copies what the WAL has gathered into the database, beside
// the writer, each time that it is due. The writer would have to stop for it,
// and all who wait for him.
//
// What it can't do is to start the WAL anew, as the writer adds to it
// meanwhile. The writer does that, when the WAL is long, with little left to
// copy (see wal_autocheckpoint).
func (s *Store) checkpointAlways(due <-chan struct{}) {
	for range due {
		// Its answer, how far it came, does not matter.
		_, err := s.writeDB.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
		if err != nil {
			s.options.Log.Warn("a checkpoint failed and will be tried again", "error", err)
		}
	}
}
