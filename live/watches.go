package live

import (
	"iter"

	"dialogs/dialog"
)

// watches finds the watches that a change concerns. Those of one dialog or of one user are a
// list, which takes no memory for each besides the two links.
type watches struct {
	byDialog map[dialog.ID]*Watch
	// byUser has the watches of all of a user's dialogs; those of servers are under the
	// empty user.
	byUser map[dialog.UserID]*Watch
}

// links are the neighbors of a watch in its list.
type links struct {
	listed         bool
	before, behind *Watch
}

func newWatches() watches {
	return watches{byDialog: map[dialog.ID]*Watch{}, byUser: map[dialog.UserID]*Watch{}}
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

func addTo[K comparable](lists map[K]*Watch, key K, w *Watch) {
	first := lists[key]
	if first != nil {
		first.links.before = w
	}
	w.links = links{listed: true, behind: first}
	lists[key] = w
}

func removeFrom[K comparable](lists map[K]*Watch, key K, w *Watch) {
	if !w.links.listed {
		return
	}
	before, behind := w.links.before, w.links.behind
	w.links = links{}
	if behind != nil {
		behind.links.before = before
	}
	switch {
	case before != nil:
		before.links.behind = behind
	case behind != nil:
		lists[key] = behind
	default:
		delete(lists, key)
	}
}

// list returns a watch and those behind it.
func (w *Watch) list() iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for ; w != nil && yield(w); w = w.links.behind {
			continue
		}
	}
}

// concerned returns the watches of the dialog, and those of all dialogs of these users and
// of servers.
func (s *watches) concerned(id dialog.ID, people []dialog.UserID) iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for _, first := range []*Watch{s.byDialog[id], s.byUser[""]} {
			for w := range first.list() {
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
			for w := range s.byUser[u].list() {
				if !yield(w) {
					return
				}
			}
		}
	}
}

func (s *watches) all() iter.Seq[*Watch] {
	return func(yield func(*Watch) bool) {
		for _, first := range s.byDialog {
			for w := range first.list() {
				if !yield(w) {
					return
				}
			}
		}
		for _, first := range s.byUser {
			for w := range first.list() {
				if !yield(w) {
					return
				}
			}
		}
	}
}
