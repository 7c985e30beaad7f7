package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

// DefaultTimeout is the timeout of a call when no other is set.
const DefaultTimeout = 10 * time.Second

// DefaultLists is the memory for the order of users' own lists when no other
// size is set, and DefaultDocuments that for the dialogs in them.
const (
	DefaultLists     = 16 << 20
	DefaultDocuments = 8 << 20
)

// sweepEvery is the interval between two sweeps.
const sweepEvery = 10 * time.Minute

// Options are the settings of a store besides its directory. The zero value
// selects the defaults.
type Options struct {
	// Timeout bounds every call, including waits for other processes; 0 for
	// [DefaultTimeout].
	Timeout time.Duration
	// Now is the clock that decides what has expired; nil for the system's.
	Now func() time.Time
	// Lists is the memory for the order of users' own lists, in bytes; 0 for
	// [DefaultLists].
	Lists int64
	// Documents is the memory for the dialogs that pages of these lists had, in
	// bytes; 0 for [DefaultDocuments].
	Documents int64
	// Log receives failures in the background; nil discards them.
	Log *slog.Logger
	// Committed is told how many changes each commit had; nil for nobody.
	Committed func(changes int)
}

// Store is a [dialog.Store] in a directory.
type Store struct {
	options Options
	dir     string

	jobs    *jobs
	writer  *writer
	writeDB *sql.DB // the connections of the writer and of the checkpoints
	reads   *readers
	// position reads on a connection of the database of reads.
	position *present
	index    *walIndex
	probes   *sql.DB // connections without cached pages
	files    *files
	lists    *ownLists
	reach    reach

	entered atomic.Int64 // counts all calls
	pace    pace         // of indexAlways alone

	mu       sync.Mutex // guards closed, and calls.Add against calls.Wait
	closed   bool
	calls    sync.WaitGroup
	shutDown func() error
	timers   sync.Pool // of *time.Timer that are stopped

	// The goroutines. stopSweeping ends the sweeps, closing jobs ends the
	// others.
	sweeping, writing sync.WaitGroup
	stopSweeping      context.CancelFunc
}

var (
	_ dialog.Store   = (*Store)(nil)
	_ dialog.Archive = (*Store)(nil)
)

// Open opens the store in a directory and creates both if necessary. Other
// processes may have it open; a server must [Lock] it first.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lists == 0 {
		o.Lists = DefaultLists
	}
	if o.Documents == 0 {
		o.Documents = DefaultDocuments
	}
	s := &Store{options: o, dir: dir, jobs: newJobs(), lists: newOwnLists(o.Lists, o.Documents), reach: usualReach()}
	s.shutDown = sync.OnceValue(s.close)
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	due := make(chan struct{}, 1)
	s.writing.Go(func() { s.checkpointAlways(due) })
	s.writing.Go(func() {
		defer close(due)
		s.writer.serve(s.jobs, due)
	})
	sweepContext, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopSweeping = stop
	s.sweeping.Go(func() { s.sweepAlways(sweepContext, sweepEvery) })
	s.sweeping.Go(func() { s.indexAlways(sweepContext) })
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if err := MayCreate(s.dir); err != nil {
		return err
	}
	if err := makeDir(s.dir); err != nil {
		return err
	}
	path, err := filepath.Abs(filepath.Join(s.dir, databaseFile))
	if err != nil {
		return err
	}
	if err := makeFile(path); err != nil {
		return err
	}
	made, err := os.Stat(path)
	if err != nil {
		return err
	}
	connecting, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if s.writeDB, err = openDatabase(source(path, s.options.Timeout, false)); err != nil {
		return err
	}
	conn, err := connect(connecting, s.writeDB)
	if err != nil {
		return errors.Join(err, s.writeDB.Close())
	}
	// The timeout is for a call, and a large store takes longer to migrate.
	if err := migrate(ctx, conn); err != nil {
		return errors.Join(err, conn.Close(), s.writeDB.Close())
	}
	if s.files, err = newFiles(path, made); err != nil {
		return errors.Join(err, conn.Close(), s.writeDB.Close())
	}
	s.writer = newWriter(conn, s.options.Now, s.files.check, s.lists)
	s.writer.committed = s.options.Committed
	reads, err1 := openDatabase(source(path, s.options.Timeout, true))
	probes, err2 := openDatabase(source(path, s.options.Timeout, true))
	if err := errors.Join(err1, err2); err != nil { // none is connected yet
		return errors.Join(err, s.writer.close(), s.writeDB.Close())
	}
	s.reads = newReaders(reads, max(4, runtime.GOMAXPROCS(0))+1)
	if s.index, err = openWALIndex(path); err != nil {
		return errors.Join(err, s.reads.close(), probes.Close(), s.writer.close(), s.writeDB.Close())
	}
	if s.position, err = newPresent(connecting, reads, s.index); err != nil {
		return errors.Join(err, s.reads.close(), probes.Close(), s.writer.close(), s.writeDB.Close(), s.index.close())
	}
	s.probes = probes
	s.probes.SetMaxIdleConns(-1)
	return nil
}

// connect opens a connection. It retries while another process, which is opening
// its first one, turns on the WAL: SQLite waits for every lock but this.
func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	for {
		conn, err := db.Conn(ctx)
		if err == nil || !busy(err) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Close waits for the calls in progress and releases everything. If no other
// process has the store open, the WAL is merged into the database. Later calls
// are Unavailable.
func (s *Store) Close() error { return s.shutDown() }

func (s *Store) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stopSweeping()
	s.sweeping.Wait()
	s.calls.Wait()
	s.jobs.close()
	s.writing.Wait()
	// The writer is last: the last connection to close removes the WAL.
	err := errors.Join(s.probes.Close(), s.position.close(), s.reads.close(), s.writer.close(), s.writeDB.Close(), s.index.close())
	if err != nil {
		return fmt.Errorf("closing the store in %s: %w", s.dir, err)
	}
	return nil
}

// begin starts a call: it is in progress until end is called, and has a
// deadline.
func (s *Store) begin(ctx context.Context) (bounded context.Context, end func(), err error) {
	if err := s.enter(ctx); err != nil {
		return nil, nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	return bounded, func() { cancel(); s.calls.Done() }, nil
}

// enter starts a call that does not wait: it is in progress until calls.Done.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialog.ErrUnavailable(errClosed)
	}
	if err := s.files.known(); err != nil {
		return dialog.ErrUnavailable(err)
	}
	s.calls.Add(1)
	s.entered.Add(1)
	return nil
}

// write lets the writer do a job of the server itself, as [Store.writeFor] does.
func (s *Store) write(ctx context.Context, doing string, run func(w *writer) error) error {
	return s.writeFor(ctx, dialog.Actor{}, 1, doing, run)
}

// writeFor lets the writer do a job for a caller, all or nothing, and waits until
// it is on the disk. cost is the number of rows that it will write, as far as
// that is known. After an error, the caller must not read the variables that the
// job sets: it may still be running.
func (s *Store) writeFor(ctx context.Context, caller dialog.Actor, cost int, doing string, run func(w *writer) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Done()
	done := make(chan error, 1)
	j := &job{ctx: ctx, run: run, done: done}
	s.jobs.add(caller, cost, j)
	late := s.timer() // takes less time than a context of its own
	defer s.timers.Put(late)
	defer late.Stop()
	gone := context.DeadlineExceeded
	select {
	case err := <-done:
		return failed(ctx, doing, err)
	case <-late.C:
	case <-ctx.Done():
		gone = ctx.Err()
	}
	s.jobs.remove(j)
	return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, gone))
}

// timer returns a timer that fires after the timeout of a call.
func (s *Store) timer() *time.Timer {
	if t, ok := s.timers.Get().(*time.Timer); ok {
		t.Reset(s.options.Timeout)
		return t
	}
	return time.NewTimer(s.options.Timeout)
}
