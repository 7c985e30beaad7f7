package lanes

import "dialogs/dialog"

// Waiting is how many lists and counts wait for a lane.
func Waiting(s dialog.Store) int {
	g := s.(*Store).gate //nolint:errcheck // only what New has made
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue.Len()
}
