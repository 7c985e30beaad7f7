package dialogtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
)

// A Store is a [dialog.Store] in memory: maps behind a lock, each update one
// [dialog.Plan.Decide]. It has no clock; what expires does so by the instants
// of the plans it gets.
type Store struct {
	mu      sync.Mutex
	dialogs map[dialog.ID]dialog.Dialog
	pairs   map[[2]dialog.UserID]dialog.ID
	spent   map[spentKey]spending
	classes map[string]dialog.Class
	keys    map[string]dialog.APIKey
}

var _ dialog.Store = (*Store)(nil)

// A spentKey is an idempotency key that made a dialog, and a spending is what
// it made.
type spentKey struct {
	actor dialog.Actor
	key   string
}

type spending struct {
	id        dialog.ID
	inputHash string
	at        time.Time
}

// NewStore makes a store without dialogs that knows these classes.
func NewStore(classes ...dialog.Class) *Store {
	s := &Store{
		dialogs: map[dialog.ID]dialog.Dialog{},
		pairs:   map[[2]dialog.UserID]dialog.ID{},
		spent:   map[spentKey]spending{},
		classes: map[string]dialog.Class{},
		keys:    map[string]dialog.APIKey{},
	}
	for _, c := range classes {
		s.classes[c.Name] = copyOfClass(c)
	}
	return s
}

// Dialog implements [dialog.DialogStore].
func (s *Store) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (dialog.Dialog, error) {
	if err := ctx.Err(); err != nil {
		return dialog.Dialog{}, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.dialogs[id]
	if !ok || d.Deleted {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	return copyOf(d, withHistory), nil
}

// Create implements [dialog.DialogStore].
func (s *Store) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	if err := ctx.Err(); err != nil {
		return dialog.CreateOutcome{}, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(p.Dialog.CreatedAt)
	key := spentKey{identity(p.Actor), p.Key}
	if made, ok := s.spent[key]; ok && p.Key != "" {
		if err := p.CheckReplay(made.inputHash); err != nil {
			return dialog.CreateOutcome{}, err
		}
		d, there := s.dialogs[made.id]
		if !there {
			d.Deleted = true
		}
		return dialog.CreateOutcome{Dialog: copyOf(d, false)}, nil
	}
	a, b, private := p.Pair()
	pair := [2]dialog.UserID{a, b}
	if d := s.dialogs[s.pairs[pair]]; private && d.Version > 0 && !d.Deleted {
		return dialog.CreateOutcome{Dialog: copyOf(d, false)}, nil
	}
	if _, taken := s.dialogs[p.Dialog.ID]; taken {
		return dialog.CreateOutcome{}, dialog.ErrIDTaken()
	}
	if private {
		s.pairs[pair] = p.Dialog.ID
	}
	if p.Key != "" {
		s.spent[key] = spending{p.Dialog.ID, p.InputHash, p.Dialog.CreatedAt}
	}
	s.dialogs[p.Dialog.ID] = copyOf(p.Dialog, true)
	return dialog.CreateOutcome{Dialog: copyOf(p.Dialog, false), Created: true}, nil
}

// Update implements [dialog.DialogStore].
func (s *Store) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return dialog.Outcome{}, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(p.At)
	current, ok := s.dialogs[p.ID]
	if !ok {
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	out, err := p.Decide(copyOf(current, true))
	if err != nil {
		return dialog.Outcome{}, err
	}
	if out.Change != nil && !out.Replayed {
		s.dialogs[p.ID] = copyOf(out.Dialog, true)
	}
	return out, nil
}

// expire forgets what the port keeps for a limited time only.
func (s *Store) expire(now time.Time) {
	old := func(at time.Time) bool { return now.Sub(at) > dialog.TombstoneKept }
	maps.DeleteFunc(s.spent, func(_ spentKey, made spending) bool { return old(made.at) })
	maps.DeleteFunc(s.dialogs, func(_ dialog.ID, d dialog.Dialog) bool { return d.Deleted && old(d.UpdatedAt) })
}

// Dialogs implements [dialog.DialogStore].
func (s *Store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	found, err := s.matching(ctx, q)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(d dialog.Dialog) bool {
		return q.After != nil && q.Order.Compare(&d, standIn(q.Order, q.After)) <= 0 ||
			q.Before != nil && q.Order.Compare(&d, standIn(q.Order, q.Before)) >= 0
	})
	slices.SortFunc(found, func(a, b dialog.Dialog) int { return q.Order.Compare(&a, &b) })
	if surplus := len(found) - q.Limit; surplus > 0 && q.FromEnd {
		found = found[surplus:]
	} else if surplus > 0 {
		found = found[:q.Limit]
	}
	return found, nil
}

// Count implements [dialog.DialogStore].
func (s *Store) Count(ctx context.Context, q dialog.Query) (int, error) {
	found, err := s.matching(ctx, q)
	return len(found), err
}

func (s *Store) matching(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	if err := ctx.Err(); err != nil {
		return nil, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []dialog.Dialog
	for _, d := range s.dialogs {
		if !d.Deleted && inScope(&d, q) && matches(&d, q.Filter) {
			found = append(found, copyOf(d, false))
		}
	}
	return found, nil
}

// Classes implements [dialog.ClassStore].
func (s *Store) Classes(ctx context.Context) ([]dialog.Class, error) {
	if err := ctx.Err(); err != nil {
		return nil, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var classes []dialog.Class
	for _, name := range slices.Sorted(maps.Keys(s.classes)) {
		classes = append(classes, copyOfClass(s.classes[name]))
	}
	return classes, nil
}

// SaveClass implements [dialog.ClassStore].
func (s *Store) SaveClass(ctx context.Context, c dialog.Class) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.classes[c.Name].Revision != c.Revision-1 {
		return false, nil
	}
	s.classes[c.Name] = copyOfClass(c)
	return true, nil
}

// AddAPIKey implements [dialog.KeyStore].
func (s *Store) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	if err := ctx.Err(); err != nil {
		return dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.keys[k.Name]; taken {
		return &dialog.Error{Code: dialog.Conflict, Message: "there is an API key of this name", Field: "name"}
	}
	s.keys[k.Name] = k
	return nil
}

// APIKeys implements [dialog.KeyStore].
func (s *Store) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.keys), func(a, b dialog.APIKey) int {
		return cmp.Compare(a.Name, b.Name)
	}), nil
}

// RemoveAPIKey implements [dialog.KeyStore].
func (s *Store) RemoveAPIKey(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.keys[name]; !ok {
		return &dialog.Error{Code: dialog.NotFound, Message: "there is no API key of this name", Field: "name"}
	}
	delete(s.keys, name)
	return nil
}

// Ping implements [dialog.Store].
func (s *Store) Ping(context.Context) error { return nil }

// Close implements [dialog.Store].
func (s *Store) Close() error { return nil }

// identity is what of an actor counts for idempotency.
func identity(a dialog.Actor) dialog.Actor {
	if a.User != "" {
		a.APIKey = ""
	}
	return a
}
