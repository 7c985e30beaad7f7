package memory

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
)

// A Database is what one or more stores share. It judges the age of tombstones
// and idempotency keys by the time of each plan, and never removes them.
type Database struct {
	mu      sync.Mutex
	dialogs map[dialog.ID]dialog.Dialog // with their History
	claims  map[claimKey]claim
	classes map[string]dialog.Class
	keys    map[string]dialog.APIKey
	hooks   map[dialog.ID]*webhook
	ended   map[string]dialog.EndedSession
	access  map[dialog.UserID]dialog.UserAccess
	jobs    map[dialog.UserID]dialog.Erasure
	erased  map[[sha256.Size]byte]dialog.ErasedUser
	log     changeLog
}

// A claimKey is the idempotency key of a creation and who used it.
type claimKey struct {
	actor dialog.Actor
	key   string
}

type claim struct {
	id        dialog.ID
	inputHash string
	at        time.Time
}

// NewDatabase makes an empty database.
func NewDatabase() *Database {
	return &Database{
		dialogs: map[dialog.ID]dialog.Dialog{}, claims: map[claimKey]claim{},
		classes: map[string]dialog.Class{}, keys: map[string]dialog.APIKey{}, hooks: map[dialog.ID]*webhook{},
		ended: map[string]dialog.EndedSession{}, access: map[dialog.UserID]dialog.UserAccess{},
		jobs: map[dialog.UserID]dialog.Erasure{}, erased: map[[sha256.Size]byte]dialog.ErasedUser{}, log: newChangeLog(),
	}
}

// NewStore opens a store on a new database in which these classes are
// defined.
func NewStore(classes ...dialog.Class) dialog.Store {
	db := NewDatabase()
	for _, c := range classes {
		c.Fields = copyOf(c.Fields)
		db.classes[c.Name] = c
	}
	return db.Open()
}

// Open opens one more store on the database. Closing it closes no other.
func (db *Database) Open() dialog.Store { return &store{db: db} }

// A store is one instance on a database.
type store struct {
	db     *Database
	closed bool
}

// begin takes the lock; end releases it.
func (s *store) begin(ctx context.Context) (end func(), err error) {
	s.db.mu.Lock()
	if err := ctx.Err(); err != nil {
		s.db.mu.Unlock()
		return nil, dialog.ErrUnavailable(err)
	}
	if s.closed {
		s.db.mu.Unlock()
		return nil, dialog.ErrUnavailable(errors.New("the store is closed"))
	}
	return s.db.mu.Unlock, nil
}

func (s *store) Ping(ctx context.Context) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	end()
	return nil
}

func (s *store) Close() error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.closed = true
	return nil
}

func (s *store) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (dialog.Dialog, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.Dialog{}, err
	}
	defer end()
	d, ok := s.db.dialogs[id]
	if !ok || d.Deleted {
		return dialog.Dialog{}, dialog.ErrNotFound()
	}
	d = clone(d)
	if !withHistory {
		d.History = nil
	}
	return d, nil
}

func (s *store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	page := Page(List(maps.Values(s.db.dialogs), q), q)
	for n := range page {
		page[n] = clone(page[n])
		page[n].History = nil
	}
	return page, nil
}

func (s *store) Count(ctx context.Context, q dialog.Query) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	return len(List(maps.Values(s.db.dialogs), q)), nil
}

func (s *store) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.CreateOutcome{}, err
	}
	defer end()
	db, key := s.db, claimKey{actor: p.Actor.Identity(), key: p.Key}
	if used, ok := db.claims[key]; ok && p.Key != "" && !dialog.KeyExpired(used.at, p.Dialog.CreatedAt) {
		if err := p.CheckReplay(used.inputHash); err != nil {
			return dialog.CreateOutcome{}, err
		}
		if d, ok := db.dialogs[used.id]; ok {
			return dialog.CreateOutcome{Dialog: clone(d)}, nil
		}
		return dialog.CreateOutcome{Dialog: dialog.Dialog{Deleted: true}}, nil
	}
	if d, ok := db.pairOf(&p.Dialog); ok {
		return dialog.CreateOutcome{Dialog: clone(d)}, nil
	}
	if _, taken := db.dialogs[p.Dialog.ID]; taken {
		return dialog.CreateOutcome{}, dialog.ErrIDTaken()
	}
	if owner, most, ok := p.Receives(); ok && db.publicGroupsOf(owner) >= most {
		return dialog.CreateOutcome{}, p.ErrTooManyPublicGroups()
	}
	if p.Key != "" {
		db.claims[key] = claim{id: p.Dialog.ID, inputHash: p.InputHash, at: p.Dialog.CreatedAt}
	}
	db.put(p.Dialog)
	return dialog.CreateOutcome{Dialog: clone(p.Dialog), Created: true}, nil
}

func (s *store) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.Outcome{}, err
	}
	defer end()
	current, ok := s.db.dialogs[p.ID]
	if !ok || current.Forgotten(p.At) {
		return dialog.Outcome{}, dialog.ErrNotFound()
	}
	out, err := p.Decide(clone(current))
	if err != nil {
		return dialog.Outcome{}, err
	}
	if owner, most, ok := p.Receives(&out); ok && s.db.publicGroupsOf(owner) >= most {
		return dialog.Outcome{}, dialog.ErrTooManyPublicGroups(most)
	}
	if out.Change != nil && !out.Replayed {
		s.db.put(out.Dialog)
	}
	return out, nil
}

func (s *store) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.Dialog
	for _, id := range slices.Sorted(maps.Keys(s.db.dialogs)) {
		if d := s.db.dialogs[id]; id > after && !d.Deleted && len(list) < limit {
			list = append(list, clone(d))
		}
	}
	return list, nil
}

func (s *store) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, d := range dialogs {
		if other, ok := s.db.pairOf(&d); ok && other.ID != d.ID {
			return dialog.ErrPairTaken(d.ID)
		}
		s.db.put(d)
	}
	return nil
}

// pairOf finds the Private dialog of the same two users.
func (db *Database) pairOf(private *dialog.Dialog) (dialog.Dialog, bool) {
	a, b, ok := private.Pair()
	if !ok {
		return dialog.Dialog{}, false
	}
	for _, d := range db.dialogs {
		if x, y, _ := d.Pair(); x == a && y == b && !d.Deleted {
			return d, true
		}
	}
	return dialog.Dialog{}, false
}

// publicGroupsOf counts the public groups that a user owns.
func (db *Database) publicGroupsOf(owner dialog.UserID) int {
	n := 0
	for _, d := range db.dialogs {
		if d.Type == dialog.PublicGroup && d.Owner == owner && !d.Deleted {
			n++
		}
	}
	return n
}
