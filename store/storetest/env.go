package storetest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialogs/dialog"
)

// A Database opens one database. What it returns first is new and empty; when
// it is called again, while the first is open or after it was closed, it must
// open the same database, as another instance of the server would. The caller
// closes the stores that it opens.
type Database func(t testing.TB) dialog.Store

// A Clock is a time that stands still until it is told to move. It is safe
// for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows this instant.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the instant that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move sets the clock forward, or back when d is negative.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set makes the clock show an instant.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// seeded is a source of bytes that is the same for the same seed, and safe
// for concurrent use.
type seeded struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func newSeeded(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return &seeded{source: rand.NewChaCha8(key)}
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}

// An env is a fresh store with a service, a clock that the test controls, and
// helpers that fail the test.
type env struct {
	testing.TB
	newDatabase func(t testing.TB) Database
	open        Database
	store       dialog.Store
	clock       *Clock
	svc         *dialog.Service
}

// start is when the clocks of tests begin. It is the present, so that an
// engine that also clears away by a clock of its own finds nothing stale.
func start() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func newEnv(t testing.TB, newDatabase func(t testing.TB) Database) *env {
	t.Helper()
	e := &env{TB: t, newDatabase: newDatabase, open: newDatabase(t), clock: NewClock(start())}
	e.store = e.instance()
	e.svc = e.service(e.store, dialog.DefaultLimits())
	return e
}

// instance opens the database, once more after the first time, and closes it
// when the test is over.
func (e *env) instance() dialog.Store {
	e.Helper()
	store := e.open(e)
	e.Cleanup(func() {
		if err := store.Close(); err != nil {
			e.Errorf("closing the store: %v", err)
		}
	})
	return store
}

func (e *env) service(store dialog.Store, limits dialog.Limits) *dialog.Service {
	return dialog.NewService(store, dialog.DefaultPolicy(limits), e.clock.Now, newSeeded(1))
}

// limit puts other limits before the store.
func (e *env) limit(change func(*dialog.Limits)) {
	limits := dialog.DefaultLimits()
	change(&limits)
	e.svc = e.service(e.store, limits)
}

// tick moves the clock on by a millisecond, so that what comes next is newer.
func (e *env) tick() { e.clock.Move(time.Millisecond) }

func user(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id} }

// server is a back end without On-Behalf-Of.
func server() dialog.Caller { return dialog.Caller{APIKey: "backend"} }

// behalf is that back end acting for a user.
func behalf(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id, APIKey: "backend"} }

func (e *env) tryCreate(c dialog.Caller, creation dialog.Creation) (dialog.CreateOutcome, error) {
	return e.svc.Create(e.Context(), c, creation)
}

// create creates a dialog, which must be new.
func (e *env) create(c dialog.Caller, creation dialog.Creation) dialog.Dialog {
	e.Helper()
	out, err := e.tryCreate(c, creation)
	if err != nil {
		e.Fatalf("creating %+v: %v", creation, err)
	}
	if !out.Created {
		e.Fatalf("creating %+v found %s instead", creation, out.Dialog.ID)
	}
	return out.Dialog
}

// group makes a Group of an owner and others.
func (e *env) group(owner dialog.UserID, others ...dialog.UserID) dialog.Dialog {
	e.Helper()
	return e.create(user(owner), dialog.Creation{Type: dialog.Group, Name: dialog.Some("group"), Occupants: others})
}

func (e *env) private(owner, other dialog.UserID) dialog.Dialog {
	e.Helper()
	return e.create(user(owner), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{other}})
}

func (e *env) public(owner dialog.UserID, name string) dialog.Dialog {
	e.Helper()
	return e.create(user(owner), dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some(name)})
}

func (e *env) tryUpdate(c dialog.Caller, id dialog.ID, change dialog.Change) (dialog.Outcome, error) {
	return e.svc.Update(e.Context(), c, string(id), change)
}

func (e *env) update(c dialog.Caller, id dialog.ID, change dialog.Change) dialog.Outcome {
	e.Helper()
	out, err := e.tryUpdate(c, id, change)
	if err != nil {
		e.Fatalf("updating %s with %+v: %v", id, change, err)
	}
	return out
}

// read reads a dialog with its history without checking the rules, and checks
// that it is sound.
func (e *env) read(id dialog.ID) dialog.Dialog {
	e.Helper()
	d, err := e.store.Dialog(e.Context(), id, true)
	if err != nil {
		e.Fatalf("reading %s: %v", id, err)
	}
	checkSound(e, d)
	return d
}

// checkSound checks what must be true of every dialog, whatever happened to it.
func checkSound(t testing.TB, d dialog.Dialog) {
	t.Helper()
	for name, at := range map[string]time.Time{"created": d.CreatedAt, "updated": d.UpdatedAt} {
		if at.Location() != time.UTC || !at.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("dialog %s: %s at %v, want UTC in whole milliseconds", d.ID, name, at)
		}
	}
	if d.UpdatedAt.Before(d.CreatedAt) {
		t.Errorf("dialog %s: updated at %v, before it was created at %v", d.ID, d.UpdatedAt, d.CreatedAt)
	}
	if want := min(d.Version, dialog.HistoryKept); int64(len(d.History)) != want {
		t.Errorf("dialog %s: %d records at version %d, want %d", d.ID, len(d.History), d.Version, want)
	}
	for i, record := range d.History {
		if want := d.Version - int64(len(d.History)-1-i); record.Version != want {
			t.Errorf("dialog %s: record %d of %d is of version %d, want %d", d.ID, i, len(d.History), record.Version, want)
		}
		if record.At.Location() != time.UTC {
			t.Errorf("dialog %s: record of version %d is at %v, want UTC", d.ID, record.Version, record.At)
		}
	}
	if diff := cmp.Diff(d, d, emptyIsNotNil()); diff != "" {
		t.Errorf("dialog %s: what is empty must be nil:\n%s", d.ID, diff)
	}
}

// emptyIsNotNil makes a value that contains an empty slice or map, and not
// nil, differ from itself.
func emptyIsNotNil() cmp.Option {
	empty := func(v any) bool {
		value := reflect.ValueOf(v)
		kind := value.Kind()
		return (kind == reflect.Slice || kind == reflect.Map) && !value.IsNil() && value.Len() == 0
	}
	return cmp.FilterValues(func(x, _ any) bool { return empty(x) }, cmp.Comparer(func(_, _ any) bool { return false }))
}

// gone checks that a caller cannot notice that the dialog existed.
func (e *env) gone(id dialog.ID) {
	e.Helper()
	for _, history := range []bool{false, true} {
		_, err := e.store.Dialog(e.Context(), id, history)
		e.wantError(err, dialog.ErrNotFound(), "reading a dialog that is gone")
	}
	_, err := e.tryUpdate(server(), id, dialog.Change{Name: dialog.Some("x")})
	e.wantError(err, dialog.ErrNotFound(), "updating a dialog that is gone")
	_, err = e.tryUpdate(server(), id, dialog.Change{Delete: true})
	e.wantError(err, dialog.ErrNotFound(), "deleting a dialog that is gone")
	for _, order := range orders() {
		got := e.query(dialog.Query{Scope: dialog.Visible, Order: order, Limit: 1, Filter: dialog.Filter{IDs: []dialog.ID{id}}})
		e.same(got, []dialog.ID(nil), fmt.Sprintf("a list (%+v) of a dialog that is gone", order))
	}
	n, err := e.store.Count(e.Context(), dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{IDs: []dialog.ID{id}}})
	if err != nil || n != 0 {
		e.Errorf("counting a dialog that is gone: %d, %v", n, err)
	}
}

// query asks the store for a page and returns the ids of its dialogs, each of
// which must be sound and come without a history.
func (e *env) query(q dialog.Query) []dialog.ID {
	e.Helper()
	page, err := e.store.Dialogs(e.Context(), q)
	if err != nil {
		e.Fatalf("listing %+v: %v", q, err)
	}
	if len(page) > q.Limit {
		e.Errorf("listing %+v: %d dialogs, more than the limit", q, len(page))
	}
	for _, d := range page {
		if d.History != nil {
			e.Errorf("listing %+v: dialog %s has a history", q, d.ID)
		}
		if d.Deleted {
			e.Errorf("listing %+v: dialog %s is a tombstone", q, d.ID)
		}
	}
	return idsOf(page)
}

// wantError compares whole errors, as far as callers see them.
func (e *env) wantError(err, want error, doing string) {
	e.Helper()
	if diff := cmp.Diff(shown(want), shown(err)); diff != "" {
		e.Errorf("%s: the error (-want +got):\n%s", doing, diff)
	}
}

// wantReused wants the error for an idempotency key that was used with another
// input.
func (e *env) wantReused(err error, doing string) {
	e.Helper()
	e.wantError(err, &dialog.Error{
		Code: dialog.Invalid, Field: "idempotencyKey", Message: "this idempotencyKey was already used with a different input",
	}, doing)
}

// same compares exactly: nil and empty differ.
func (e *env) same(got, want any, what string) {
	e.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// alike compares and takes nil and empty for the same, as suits what comes
// from Decide and not from the store, and leaves histories out.
func (e *env) alike(got, want dialog.Dialog, what string) {
	e.Helper()
	got.History, want.History = nil, nil
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// alikeRecords compares two records like alike.
func (e *env) alikeRecords(got, want dialog.Record, what string) {
	e.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func idsOf(dialogs []dialog.Dialog) []dialog.ID {
	var ids []dialog.ID
	for _, d := range dialogs {
		ids = append(ids, d.ID)
	}
	return ids
}

// orders lists every order of a list.
func orders() []dialog.Order {
	var all []dialog.Order
	for _, field := range []dialog.OrderField{dialog.ByUpdatedAt, dialog.ByCreatedAt, dialog.ByName} {
		all = append(all, dialog.Order{Field: field}, dialog.Order{Field: field, Descending: true})
	}
	return all
}

// together runs n functions at once, none before all are ready, and waits for
// them.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-begin
			f(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
}
