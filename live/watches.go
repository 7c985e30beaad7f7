package live

import (
	"iter"

	"dialogs/dialog"
)

// watches finds the watches that a change concerns.
type watches struct {
	byDialog map[dialog.ID]map[*Watch]struct{}
	// byUser has the watches of all of a user's dialogs; those of servers are under the
	// empty user.
	byUser map[dialog.UserID]map[*Watch]struct{}
}

func newWatches() watches {
	return watches{byDialog: map[dialog.ID]map[*Watch]struct{}{}, byUser: map[dialog.UserID]map[*Watch]struct{}{}}
}

func (s *watches) empty() bool { return len(s.byDialog)+len(s.byUser) == 0 }

func (s *watches) add(w *Watch) {
	if w.id != "" {
		addTo(s.byDialog, w.id, w)
	} else {
		addTo(s.byUser, w.caller.User, w)
	}
}

func (s *watches) remove(w *Watch) {
	if w.id != "" {
		removeFrom(s.byDialog, w.id, w)
	} else {
		removeFrom(s.byUser, w.caller.User, w)
	}
}

func addTo[K comparable](m map[K]map[*Watch]struct{}, key K, w *Watch) {
	if m[key] == nil {
		m[key] = map[*Watch]struct{}{}
	}
	m[key][w] = struct{}{}
}

func removeFrom[K comparable](m map[K]map[*Watch]struct{}, key K, w *Watch) {
	delete(m[key], w)
	if len(m[key]) == 0 {
		delete(m, key)
	}
}

// concerned returns the watches of the dialog, and those of all dialogs of these users and
// of servers.
func (s *watches) concerned(id dialog.ID, people []dialog.UserID) iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for _, set := range []map[*Watch]struct{}{s.byDialog[id], s.byUser[""]} {
			for w := range set {
				if !yield(w) {
					return
				}
			}
		}
		s.of(people)(yield)
	}
}

// of returns the watches of all dialogs of these users.
func (s *watches) of(people []dialog.UserID) iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for _, u := range people {
			if u == "" {
				continue
			}
			for w := range s.byUser[u] {
				if !yield(w) {
					return
				}
			}
		}
	}
}

func (s *watches) all() iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for _, set := range s.byDialog {
			for w := range set {
				if !yield(w) {
					return
				}
			}
		}
		for _, set := range s.byUser {
			for w := range set {
				if !yield(w) {
					return
				}
			}
		}
	}
}
