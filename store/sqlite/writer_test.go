package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// attempt runs a write beside the test, which is told how it ended.
func attempt(ctx context.Context, s *sqlite.Store, run func(sqlite.Writer) error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Write(ctx, run) }()
	return done
}

func mark(at int) func(sqlite.Writer) error {
	return func(w sqlite.Writer) error {
		return w.Exec("INSERT OR REPLACE INTO probe (n, at) VALUES (1, ?)", at)
	}
}

// hold lets the writer begin a job and stand still in it until the function
// that is returned is called.
func hold(t *testing.T, s *sqlite.Store) (release func() error) {
	t.Helper()
	begun, over := make(chan struct{}), make(chan struct{})
	done := attempt(t.Context(), s, func(sqlite.Writer) error {
		close(begun)
		<-over
		return nil
	})
	<-begun
	let := sync.OnceFunc(func() { close(over) })
	t.Cleanup(let) // or a test that fails would never end
	return func() error {
		let()
		return <-done
	}
}

// mustBe checks what a database holds that is written by mark.
func mustBe(t *testing.T, s *sqlite.Store, want any) {
	t.Helper()
	got, err := s.ReadValue(t.Context(), "SELECT (SELECT at FROM probe)")
	if err != nil || got != want {
		t.Errorf("the mark is %v, %v, want %v", got, err, want)
	}
}

// TestGroupCommit sees that jobs that wait share a commit, and that none is
// acknowledged before it.
func TestGroupCommit(t *testing.T) {
	s := opened(t)
	release := hold(t, s)
	first := attempt(t.Context(), s, mark(1))
	waitFor(t, func() bool { return s.Waiting() == 1 })
	begun, over := make(chan struct{}), make(chan struct{})
	second := attempt(t.Context(), s, func(sqlite.Writer) error {
		close(begun)
		<-over
		return nil
	})
	waitFor(t, func() bool { return s.Waiting() == 2 })
	if err := release(); err != nil {
		t.Fatal(err)
	}
	<-begun // the first of the two is done, in the transaction of the second
	mustBe(t, s, nil)
	select {
	case err := <-first:
		t.Errorf("acknowledged before the commit: %v", err)
	default:
	}
	close(over)
	if err := errors.Join(<-first, <-second); err != nil {
		t.Error(err)
	}
	mustBe(t, s, int64(1))
}

// TestJobsFailAlone has jobs of one group fail in every way that a job can.
func TestJobsFailAlone(t *testing.T) {
	s := opened(t)
	wrong := errors.New("wrong")
	release := hold(t, s)
	var done []<-chan error
	for i, job := range []func(sqlite.Writer) error{
		mark(1),
		func(w sqlite.Writer) error { return errors.Join(mark(2)(w), wrong) },
		func(w sqlite.Writer) error { _ = mark(3)(w); panic("at the disco") },
		func(w sqlite.Writer) error { return w.Exec("INSERT INTO probe (n, at) VALUES (2, 2)") },
		func(w sqlite.Writer) error {
			return w.Exec("INSERT INTO class (name, revision, fields) VALUES ('after', 1, '[]')")
		},
	} {
		done = append(done, attempt(t.Context(), s, job))
		waitFor(t, func() bool { return s.Waiting() == i+1 })
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	for i, check := range []func(error) bool{
		func(err error) bool { return err == nil },
		func(err error) bool { return errors.Is(err, wrong) },
		func(err error) bool { return err != nil && strings.Contains(err.Error(), "at the disco") },
		func(err error) bool { return err != nil && !dialog.IsCode(err, dialog.Unavailable) },
		func(err error) bool { return err == nil },
	} {
		if err := <-done[i]; !check(err) {
			t.Errorf("job %d: %v", i, err)
		}
	}
	mustBe(t, s, int64(1))
	if classes, err := s.Classes(t.Context()); err != nil || len(classes) != 1 {
		t.Errorf("classes after the jobs that failed: %v, %v", classes, err)
	}
}

// TestDoneAgain: when the jobs of a group are done once more, because one of them has failed
// after writing, each of them is: also one whose caller has gone meanwhile, because the answer
// of another one may depend on it, and one that was refused.
func TestDoneAgain(t *testing.T) {
	s := opened(t)
	wrong := errors.New("wrong")
	ctx, leave := context.WithCancel(t.Context())
	release := hold(t, s)
	var refusals []any // what the job that is refused has read
	var done []<-chan error
	for i, job := range []struct {
		ctx context.Context //nolint:containedctx // of one case
		run func(sqlite.Writer) error
	}{
		{ctx, mark(1)},
		{t.Context(), func(w sqlite.Writer) error {
			at, err := w.Value("SELECT at FROM probe")
			if err != nil {
				return err
			}
			refusals = append(refusals, at)
			return dialog.ErrNotFound()
		}},
		{t.Context(), func(w sqlite.Writer) error { leave(); return errors.Join(mark(2)(w), wrong) }},
	} {
		done = append(done, attempt(job.ctx, s, job.run))
		waitFor(t, func() bool { return s.Waiting() == i+1 })
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := <-done[0]; err != nil && !dialog.IsCode(err, dialog.Unavailable) { // the caller has gone
		t.Errorf("the job that is done again: %v", err)
	}
	if err := <-done[1]; !dialog.IsCode(err, dialog.NotFound) {
		t.Errorf("the job that is refused: %v", err)
	}
	if err := <-done[2]; !errors.Is(err, wrong) {
		t.Errorf("the job that fails: %v", err)
	}
	if diff := cmp.Diff([]any{int64(1), int64(1)}, refusals); diff != "" {
		t.Errorf("read before refusing (-want +got):\n%s", diff)
	}
	mustBe(t, s, int64(1))
}

// TestCommitFails loses a transaction at its end: nothing in it is acknowledged, and
// what comes after is served.
func TestCommitFails(t *testing.T) {
	s := opened(t)
	release := hold(t, s)
	var done []<-chan error
	for i, job := range []func(sqlite.Writer) error{
		mark(1),
		mark(2),
		func(w sqlite.Writer) error { return w.Exec("ROLLBACK") },
	} {
		done = append(done, attempt(t.Context(), s, job))
		waitFor(t, func() bool { return s.Waiting() == i+1 })
	}
	if err := release(); err != nil { // it was of a group of its own
		t.Fatal(err)
	}
	for i, d := range done {
		if err := <-d; !dialog.IsCode(err, dialog.Unavailable) {
			t.Errorf("job %d of a transaction that was lost: %v", i, err)
		}
	}
	mustBe(t, s, nil)
	if err := s.Write(t.Context(), mark(3)); err != nil {
		t.Error(err)
	}
	mustBe(t, s, int64(3))
}

// TestTransactionLost has SQLite roll back a transaction in the middle, as it does when
// the disk is full: only the job in which that happens fails, although it has not
// written anything, or it happens while it reads.
func TestTransactionLost(t *testing.T) {
	const conflict = "INSERT OR ROLLBACK INTO class (name, revision, fields) VALUES ('taken', 1, '[]')"
	for name, lose := range map[string]func(sqlite.Writer) error{
		"writing": func(w sqlite.Writer) error { return w.Exec(conflict) },
		"reading": func(w sqlite.Writer) error { return w.Read(conflict + " RETURNING 1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			if err := s.Write(t.Context(), func(w sqlite.Writer) error { return w.Exec(strings.Replace(conflict, "OR ROLLBACK ", "", 1)) }); err != nil {
				t.Fatal(err)
			}
			release := hold(t, s)
			var done []<-chan error
			for i, job := range []func(sqlite.Writer) error{mark(1), lose, func(sqlite.Writer) error { return dialog.ErrNotFound() }, mark(2)} {
				done = append(done, attempt(t.Context(), s, job))
				waitFor(t, func() bool { return s.Waiting() == i+1 })
			}
			if err := release(); err != nil {
				t.Fatal(err)
			}
			for i, fails := range []bool{false, true, true, false} {
				if err := <-done[i]; (err != nil) != fails {
					t.Errorf("job %d: %v", i, err)
				}
			}
			mustBe(t, s, int64(2))
		})
	}
}

// TestDiskFull fills the database to a size that it may not go beyond.
func TestDiskFull(t *testing.T) {
	s := opened(t)
	pages, err := s.WriteValue(t.Context(), "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	limit := func(pages any) {
		t.Helper()
		if _, err := s.WriteValue(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	full := dialog.Class{Name: "Full", Revision: 1}
	for i := range 200 {
		full.Fields = append(full.Fields, dialog.Field{Name: fmt.Sprintf("field%d", i), Type: dialog.String})
	}
	if _, err := s.SaveClass(t.Context(), full); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("a class that does not fit: %v", err)
	}
	if classes, err := s.Classes(t.Context()); err != nil || classes != nil {
		t.Errorf("classes after one that did not fit: %v, %v", classes, err)
	}
	limit(1 << 20)
	if saved, err := s.SaveClass(t.Context(), full); err != nil || !saved {
		t.Errorf("a class where there is room again: saved %v, %v", saved, err)
	}
}

// TestAnotherProcess has another connection write, as the command line would.
func TestAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	t.Cleanup(func() { closing(t, s) })
	impatient := open(t, dir, sqlite.Options{Timeout: 50 * time.Millisecond})
	t.Cleanup(func() { closing(t, impatient) })
	other, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("PRAGMA busy_timeout = 30000") // the stores may still be writing
	exec("BEGIN IMMEDIATE")
	if err := impatient.Write(t.Context(), mark(1)); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("a write while another process holds the database for longer than the timeout: %v", err)
	}
	waits := attempt(t.Context(), s, mark(2))
	mustBe(t, s, nil) // reads don't wait
	late, cancel := context.WithCancel(t.Context())
	gaveUp := attempt(late, s, mark(3))
	cancel()
	if err := <-gaveUp; !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("a write whose caller has gone: %v", err)
	}
	exec("COMMIT")
	if err := <-waits; err != nil {
		t.Errorf("a write that waited for another process: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	exec("BEGIN IMMEDIATE")
	if err := impatient.Ping(t.Context()); !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("ping of a database that can't be written: %v", err)
	}
	exec("ROLLBACK")
}

// TestGoneCaller sees that a job whose caller has gone before its turn is not
// done.
func TestGoneCaller(t *testing.T) {
	s := opened(t)
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	gone := attempt(ctx, s, mark(1))
	waitFor(t, func() bool { return s.Waiting() == 1 })
	cancel()
	if err := <-gone; !dialog.IsCode(err, dialog.Unavailable) {
		t.Errorf("the caller was answered with %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(sqlite.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	mustBe(t, s, nil)
}

// TestCheckpoints sees that the WAL is copied into the database while the
// store continues.
func TestCheckpoints(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	t.Cleanup(func() { closing(t, s) })
	other, err := sql.Open("sqlite", filepath.Join(dir, "dialogs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	checkpointed := func() int {
		t.Helper()
		var busy, all, done int
		if err := other.QueryRow("PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &all, &done); err != nil {
			t.Fatal(err)
		}
		return done
	}
	if n := checkpointed(); n > 0 {
		t.Fatalf("%d pages are checkpointed at first", n)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for at := range 100 {
				if err := s.Write(t.Context(), mark(at)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	waitFor(t, func() bool { return checkpointed() > 0 })
}

// TestCloseWaits closes the store while more jobs wait than one group has: each
// is done, or refused.
func TestCloseWaits(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	release := hold(t, s)
	var done []<-chan error
	const many = 300
	for range many {
		done = append(done, attempt(t.Context(), s, mark(1)))
	}
	waitFor(t, func() bool { return s.Waiting() == many })
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	waitFor(t, func() bool {
		_, err := s.Classes(t.Context())
		return dialog.IsCode(err, dialog.Unavailable)
	})
	select {
	case err := <-closed:
		t.Errorf("closed while jobs were under way: %v", err)
	default:
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(<-closed, s.Close()); err != nil {
		t.Error(err)
	}
	for i, d := range done {
		if err := <-d; err != nil && !dialog.IsCode(err, dialog.Unavailable) {
			t.Errorf("job %d: %v", i, err)
		}
	}
}

// TestWritersTakeTurns has one caller queue much, in heavy jobs and in many, and
// another who comes last with one light job: it is in the next commit, and does
// not share it with a heavy job.
func TestWritersTakeTurns(t *testing.T) {
	for _, c := range []struct {
		reason string
		cost   int
		jobs   int
		// before is how many jobs of the first caller may be done before.
		before int
	}{
		{"heavy jobs", 1000, 20, 0},
		{"many light jobs", 8, 500, 4},
	} {
		t.Run(c.reason, func(t *testing.T) {
			s := opened(t)
			release := hold(t, s)
			var done atomic.Int64
			var all sync.WaitGroup
			for range c.jobs {
				all.Go(func() {
					err := s.WriteFor(t.Context(), "busy", c.cost, func(sqlite.Writer) error {
						done.Add(1)
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			waitFor(t, func() bool { return s.Waiting() == c.jobs })
			turn := make(chan int64, 1)
			all.Go(func() {
				err := s.WriteFor(t.Context(), "other", 8, func(sqlite.Writer) error {
					turn <- done.Load()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			waitFor(t, func() bool { return s.Waiting() == c.jobs+1 })
			if err := release(); err != nil {
				t.Error(err)
			}
			if n := int(<-turn); n > c.before {
				t.Errorf("%d jobs of the other caller came first, want at most %d", n, c.before)
			}
			all.Wait()
		})
	}
}
