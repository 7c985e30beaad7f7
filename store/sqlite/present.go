package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// present reads the position of the database as it is now, on a connection of its
// own and without the checks and goroutines of database/sql: in a third of the
// time. It has no deadline besides the connection's: reading a WAL waits for
// nobody. Until something is committed, it remembers the position.
type present struct {
	index  *walIndex
	latest atomic.Pointer[positionAt]

	mu        sync.Mutex
	conn      *sql.Conn
	statement driver.Stmt
	query     driver.StmtQueryContext
}

// A positionAt is the position of the database while the WAL index has this header.
type positionAt struct {
	header   walHeader
	position int64
}

func newPresent(ctx context.Context, db *sql.DB, index *walIndex) (*present, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	p := &present{conn: conn, index: index}
	err = conn.Raw(func(c any) (err error) {
		prepare, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return errors.ErrUnsupported
		}
		if p.statement, err = prepare.PrepareContext(ctx, selectPosition); err != nil {
			return err
		}
		if p.query, ok = p.statement.(driver.StmtQueryContext); !ok {
			return errors.ErrUnsupported
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// now returns the position.
func (p *present) now() (int64, error) {
	before, known := p.index.header()
	if latest := p.latest.Load(); known && latest != nil && latest.header == before {
		return latest.position, nil
	}
	position, err := p.read()
	if err != nil {
		return 0, err
	}
	// If the header is still the same, what was read is from there too.
	if after, still := p.index.header(); known && still && after == before {
		p.latest.Store(&positionAt{before, position})
	}
	return position, nil
}

func (p *present) read() (position int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err = p.conn.Raw(func(any) error {
		rows, err := p.query.QueryContext(context.Background(), nil)
		if err != nil {
			return err
		}
		var row [1]driver.Value
		if err = rows.Next(row[:]); err == nil {
			var ok bool
			if position, ok = row[0].(int64); !ok {
				err = fmt.Errorf("%w: the position is %v", errDamaged, row[0])
			}
		}
		return errors.Join(err, rows.Close())
	})
	return position, err
}

func (p *present) close() error {
	var err error
	if p.statement != nil {
		err = p.conn.Raw(func(any) error { return p.statement.Close() })
	}
	return errors.Join(err, p.conn.Close())
}
