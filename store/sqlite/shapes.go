package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// shapesMost is the number of statements of lists that are kept prepared, and
	// shapeBytes the longest text of one. Each takes about 10 KB per connection.
	shapesMost = 100
	shapeBytes = 4 << 10
)

// shapes keep the statements prepared that were used last.
type shapes struct {
	db      *sql.DB
	closing sync.WaitGroup

	mu      sync.Mutex // guards what follows
	kept    *simplelru.LRU[string, *shape]
	dropped []*shape // by what runs at the moment
}

// A shape is a prepared statement. It is closed when it is neither kept nor in use.
type shape struct {
	stmt *sql.Stmt
	// using is how many use it, and gone says that it is no longer kept.
	using int
	gone  bool
}

func newShapes(db *sql.DB, most int) *shapes {
	s := &shapes{db: db}
	kept, err := simplelru.NewLRU(most, func(_ string, dropped *shape) {
		dropped.gone = true
		s.dropped = append(s.dropped, dropped)
	})
	if err != nil {
		panic("sqlite: keeping statements: " + err.Error()) // the size is a constant
	}
	s.kept = kept
	return s
}

// take returns the statement of a query, which must be given back.
func (s *shapes) take(ctx context.Context, query string) (*shape, error) {
	if one := s.find(query); one != nil {
		return one, nil
	}
	stmt, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &shape{stmt: stmt, using: 1, gone: true}
	if !s.kept.Contains(query) { // else another goroutine was faster
		one.gone = false
		s.kept.Add(query, one)
	}
	s.closeUnused()
	return one, nil
}

func (s *shapes) find(query string) *shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.kept.Get(query)
	if !ok {
		return nil
	}
	one.using++
	return one
}

func (s *shapes) give(one *shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.using--; one.using == 0 && one.gone {
		s.dropped = append(s.dropped, one)
		s.closeUnused()
	}
}

// closeUnused closes what was dropped and is not in use. s.mu must be held. Closing may
// wait until a connection has finished what it does, so nobody waits for it.
func (s *shapes) closeUnused() {
	for _, one := range s.dropped {
		if one.using == 0 {
			s.closing.Go(func() { _ = one.stmt.Close() }) // an error says that the connection has failed
		}
	}
	s.dropped = nil
}

// close closes all statements. Nothing may use them any more.
func (s *shapes) close() error {
	s.closing.Wait()
	var errs []error
	for _, one := range s.kept.Values() {
		errs = append(errs, one.stmt.Close())
	}
	return errors.Join(errs...)
}
