package memory

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"dialogs/dialog"
)

// A changeLog gives every change a position, and remembers the latest one of
// each dialog and of each user who stopped being part of it. It forgets nothing.
type changeLog struct {
	epoch    string
	position int
	changed  map[dialog.ID]int
	departed map[dialog.UserID]map[dialog.ID]int
}

func newChangeLog() changeLog {
	return changeLog{
		epoch: rand.Text(), changed: map[dialog.ID]int{},
		departed: map[dialog.UserID]map[dialog.ID]int{},
	}
}

// put stores a dialog in the place of what was there, as the next change. The
// zero user stands for servers, who are part of every dialog.
func (db *Database) put(d dialog.Dialog) {
	before := db.dialogs[d.ID]
	db.dialogs[d.ID] = clone(d)
	db.log.position++
	db.log.changed[d.ID] = db.log.position
	were, are := membersAndServers(&before), membersAndServers(&d)
	for _, u := range dialog.Without(were, are) {
		if db.log.departed[u] == nil {
			db.log.departed[u] = map[dialog.ID]int{}
		}
		db.log.departed[u][d.ID] = db.log.position
	}
	for _, u := range are {
		delete(db.log.departed[u], d.ID)
	}
}

func membersAndServers(d *dialog.Dialog) []dialog.UserID {
	if d.Version == 0 || d.Deleted {
		return nil
	}
	return append(d.Members(), "")
}

func (l *changeLog) mark(position int) dialog.Mark {
	return dialog.Mark(fmt.Sprintf("%s:%d", l.epoch, position))
}

// read reads a mark.
func (l *changeLog) read(m dialog.Mark) (position int, err error) {
	if _, err := fmt.Sscanf(string(m), l.epoch+":%d", &position); err != nil || position > l.position || l.mark(position) != m {
		return 0, dialog.ErrResync()
	}
	return position, nil
}

// positionOf is before everything that happened after an instant.
func (db *Database) positionOf(since time.Time) int {
	before := db.log.position
	for id, position := range db.log.changed {
		if db.dialogs[id].UpdatedAt.After(since) {
			before = min(before, position-1)
		}
	}
	return before
}

func (s *store) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	defer end()
	log := &s.db.log
	latest := log.mark(log.position)
	if q.After == "" && !q.Since.IsZero() {
		return dialog.ChangesPage{Next: log.mark(s.db.positionOf(q.Since))}, nil
	}
	if q.After == "" {
		return dialog.ChangesPage{Next: latest}, nil
	}
	after, err := log.read(q.After)
	if err != nil {
		return dialog.ChangesPage{}, err
	}
	at := map[dialog.ID]int{}
	for id, position := range log.changed {
		if d := s.db.dialogs[id]; position > after && slices.Contains(membersAndServers(&d), q.User) {
			at[id] = position
		}
	}
	for id, position := range log.departed[q.User] {
		if position > after {
			at[id] = position
		}
	}
	ids := slices.SortedFunc(maps.Keys(at), func(a, b dialog.ID) int { return cmp.Compare(at[a], at[b]) })
	page, memory := dialog.ChangesPage{Next: latest}, int64(0)
	for i, id := range ids {
		if i == q.Limit || q.IsFull(memory) {
			page.More, page.Next = true, log.mark(at[ids[i-1]])
			break
		}
		d := clone(s.db.dialogs[id])
		_, removed := log.departed[q.User][id]
		if !q.WithHistory {
			d.History = nil
		} else if q.Latest {
			d = *d.WithLatest(1)
		}
		if removed && !q.WithHistory {
			d = dialog.Dialog{ID: id}
		}
		memory += d.Memory()
		page.Dialogs = append(page.Dialogs, dialog.ChangedDialog{Dialog: d, Removed: removed, Mark: log.mark(at[id])})
	}
	return page, nil
}

func (s *store) Look(ctx context.Context, id dialog.ID) (dialog.Dialog, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.Dialog{}, err
	}
	defer end()
	d, ok := s.db.dialogs[id]
	if !ok {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	return clone(d), nil
}

func (s *store) Departed(ctx context.Context, id dialog.ID, m dialog.Mark) ([]dialog.UserID, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	after, err := s.db.log.read(m)
	if err != nil {
		return nil, err
	}
	var users []dialog.UserID
	for u, dialogs := range s.db.log.departed {
		if u != "" && dialogs[id] > after {
			users = append(users, u)
		}
	}
	return users, nil
}

func (s *store) Follow(context.Context, func()) error { return dialog.ErrNoFeed }
