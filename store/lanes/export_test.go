package lanes

import "dialogs/dialog"

// Waiting returns how many lists and counts wait for a lane.
func Waiting(s dialog.Store) int {
	_, waiting := s.(*Store).Usage() //nolint:errcheck // only what New has made
	return waiting
}
