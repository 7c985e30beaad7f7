package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"dialogs/dialog"
)

// DefaultTimeout bounds a call that was given no other bound.
const DefaultTimeout = 10 * time.Second

// sweepEvery is how often what is kept for a time only is cleared away.
const sweepEvery = 10 * time.Minute

// Options are the settings of a store beyond its directory. The zero value is
// good.
type Options struct {
	// Timeout bounds every call, waits for other processes included; 0 for
	// [DefaultTimeout].
	Timeout time.Duration
	// Now is what tombstones and creation keys are cleared away by; nil for
	// the system's clock.
	Now func() time.Time
	// Log is told what fails in the background; nil for nobody.
	Log *slog.Logger
}

// Store is a [dialog.Store] in a directory.
type Store struct {
	options Options
	dir     string

	jobs    chan job
	writer  *writer
	writeDB *sql.DB // the connections of the writer and of the checkpoints
	reads   *readers

	mu       sync.Mutex // guards closed, and calls.Add against calls.Wait
	closed   bool
	calls    sync.WaitGroup
	shutDown func() error

	// The goroutines, and what ends the sweeps; jobs ends the others.
	sweeping, writing sync.WaitGroup
	stopSweeping      context.CancelFunc
}

var (
	_ dialog.Store   = (*Store)(nil)
	_ dialog.Archive = (*Store)(nil)
)

// Open opens the store in a directory, and makes both when they are not there.
// Other processes may have it open; servers are to [Lock] it first.
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
	s := &Store{options: o, dir: dir, jobs: make(chan job, queueMost)}
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
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
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
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if s.writeDB, err = sql.Open("sqlite", source(path, s.options.Timeout, false)); err != nil {
		return err
	}
	conn, err := connect(ctx, s.writeDB)
	if err != nil {
		return errors.Join(err, s.writeDB.Close())
	}
	if err := migrate(ctx, conn); err != nil {
		return errors.Join(err, conn.Close(), s.writeDB.Close())
	}
	s.writer = newWriter(conn)
	reads, err := sql.Open("sqlite", source(path, s.options.Timeout, true))
	if err != nil {
		return errors.Join(err, s.writer.close(), s.writeDB.Close())
	}
	s.reads = newReaders(reads, max(4, runtime.GOMAXPROCS(0)))
	return nil
}

// connect makes a connection, and again while another process that makes its
// first one turns on the WAL: that is the one lock that SQLite does not wait
// for by itself.
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

// Close waits for the calls that are under way, makes what they wrote one file
// if no other process has it open, and lets go of everything. What is called
// afterwards is Unavailable.
func (s *Store) Close() error { return s.shutDown() }

func (s *Store) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stopSweeping()
	s.sweeping.Wait()
	s.calls.Wait()
	close(s.jobs)
	s.writing.Wait()
	// The writer goes last, as the last connection tidies the WAL away.
	err := errors.Join(s.reads.close(), s.writer.close(), s.writeDB.Close())
	if err != nil {
		return fmt.Errorf("closing the store in %s: %w", s.dir, err)
	}
	return nil
}

// begin admits a call to the store and gives it a deadline. The function it
// returns ends the call.
func (s *Store) begin(ctx context.Context) (context.Context, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, dialog.ErrUnavailable(errClosed)
	}
	s.calls.Add(1)
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	return ctx, func() { cancel(); s.calls.Done() }, nil
}

// write has the writer do a job, all of it or nothing, and waits until it is
// on the disk. When it returns an error, what the job has set must not be
// looked at: it may still be under way.
func (s *Store) write(ctx context.Context, doing string, run func(w *writer) error) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	done := make(chan error, 1)
	select {
	case s.jobs <- job{ctx: ctx, run: run, done: done}:
	case <-ctx.Done():
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, ctx.Err()))
	}
	select {
	case err := <-done:
		return failed(ctx, doing, err)
	case <-ctx.Done():
		return dialog.ErrUnavailable(fmt.Errorf("%s: %w", doing, ctx.Err()))
	}
}

// Ping writes and reads.
func (s *Store) Ping(ctx context.Context) error {
	now := s.options.Now().UnixMilli()
	err := s.write(ctx, "probing", func(w *writer) error {
		return w.exec("INSERT INTO probe (n, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", now)
	})
	if err != nil {
		return err
	}
	return s.read(ctx, "probing", func(ctx context.Context) error {
		var at int64
		return s.reads.row(ctx, "SELECT at FROM probe", nil, &at)
	})
}
