package lanes_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/store/lanes"
	"dialogs/store/memory"
	"dialogs/store/storetest"
)

// TestContract: a store behind lanes still meets the contract of all stores.
func TestContract(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Database {
		db := memory.NewDatabase()
		return func(testing.TB) dialog.Store {
			return lanes.New(db.Open(), lanes.Options{Lanes: 1, Waiting: 1000, Rows: 1 << 30})
		}
	})
}

// A slow store stops counts after they have begun, until the test lets them continue.
type slow struct {
	dialog.Store
	begun chan dialog.UserID
	goOn  chan struct{}
}

func (s *slow) Count(ctx context.Context, q dialog.Query) (int, error) {
	if q.Filter.Owner == "" && q.User != "held" { // a count by the lanes themselves
		return s.Store.Count(ctx, q)
	}
	s.begun <- q.User
	select {
	case <-s.goOn:
		return s.Store.Count(ctx, q)
	case <-ctx.Done():
		return 0, dialog.ErrUnavailable(ctx.Err())
	}
}

func newSlow(waiting int) (*slow, dialog.Store) {
	s := &slow{Store: memory.NewStore(), begun: make(chan dialog.UserID), goOn: make(chan struct{})}
	return s, lanes.New(s, lanes.Options{Lanes: 1, Waiting: waiting, Rows: 1000})
}

func countOf(user dialog.UserID) dialog.Query {
	return dialog.Query{
		User: user, By: dialog.Actor{User: user}, Scope: dialog.Visible,
		Order: dialog.Order{Field: dialog.ByUpdatedAt}, Filter: dialog.Filter{Owner: "o"}, Limit: 1,
	}
}

// start starts n counts of a user, and returns a channel with their errors.
func start(ctx context.Context, s dialog.Store, user dialog.UserID, n int) (results chan error) {
	results = make(chan error, n)
	for range n {
		go func() {
			_, err := s.Count(ctx, countOf(user))
			results <- err
		}()
	}
	return results
}

// awaitWaiting waits until n requests wait for a lane.
func awaitWaiting(t *testing.T, s dialog.Store, n int) {
	t.Helper()
	for lanes.Waiting(s) != n {
		if t.Context().Err() != nil {
			t.Fatalf("%d wait, want %d", lanes.Waiting(s), n)
		}
		runtime.Gosched()
	}
}

// TestTurns: one user makes many requests, and another user, who comes last, only one.
func TestTurns(t *testing.T) {
	slow, s := newSlow(10)
	busy := start(t.Context(), s, "busy", 11)
	<-slow.begun
	awaitWaiting(t, s, 10)
	_, err := s.Count(t.Context(), countOf("busy"))
	var e *dialog.Error
	if !errors.As(err, &e) || e.Code != dialog.RateLimited || e.RetryAfter <= 0 || !strings.Contains(e.Message, "--limit-scans") {
		t.Errorf("one more than may wait: %v", err)
	}
	other := start(t.Context(), s, "other", 1)
	awaitWaiting(t, s, 11)
	var order []dialog.UserID
	for range 11 {
		slow.goOn <- struct{}{}
		order = append(order, <-slow.begun)
	}
	if i := slices.Index(order, "other"); i > 1 { // the first turn belongs to the user who came first
		t.Errorf("%d counts of another user came before the only one", i)
	}
	slow.goOn <- struct{}{}
	for range 11 {
		if err := <-busy; err != nil {
			t.Error(err)
		}
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
}

// TestNothingElseWaits: reads of single dialogs, writes and cheap pages do not wait for a
// lane.
func TestNothingElseWaits(t *testing.T) {
	slow, s := newSlow(10)
	count := start(t.Context(), s, "busy", 1)
	<-slow.begun
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	if _, err := s.Dialog(ctx, "65ba1b4a0000000000000001", false); !dialog.IsCode(err, dialog.NotFound) {
		t.Error(err)
	}
	if _, err := s.SessionsEnded(ctx, []string{"x"}); err != nil {
		t.Error(err)
	}
	if _, err := s.APIKeys(ctx); err != nil {
		t.Error(err)
	}
	for _, q := range []dialog.Query{
		{User: "u", Scope: dialog.Public, Limit: 101},
		{User: "u", Scope: dialog.Public, Limit: 101, Skip: 101},
		{User: "u", Scope: dialog.Mine, Limit: 101, Filter: dialog.Filter{IDs: []dialog.ID{"65ba1b4a0000000000000001"}}},
		{Scope: dialog.Mine, Limit: 101},
		{User: "u", Scope: dialog.Mine, Limit: 101},
		{User: "u", Scope: dialog.Visible, Limit: 101},
	} {
		q.Order = dialog.Order{Field: dialog.ByUpdatedAt}
		if _, err := s.Dialogs(ctx, q); err != nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
	own := dialog.Query{User: "u", Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}}
	if _, err := s.Count(ctx, own); err != nil {
		t.Error(err)
	}
	if _, err := s.ChangesSince(ctx, dialog.ChangesQuery{User: "u", Limit: 10}); err != nil {
		t.Error(err)
	}
	slow.goOn <- struct{}{}
	if err := <-count; err != nil {
		t.Error(err)
	}
}

// TestShortLists: short lists take turns, too, so that they do not use all CPUs.
func TestShortLists(t *testing.T) {
	slow, s := newSlow(10)
	results := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := s.Count(t.Context(), dialog.Query{User: "held", Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}})
			results <- err
		}()
	}
	<-slow.begun
	awaitWaiting(t, s, 2)
	long := start(t.Context(), s, "busy", 1)
	<-slow.begun // does not wait for short lists
	close(slow.goOn)
	go func() {
		for {
			select {
			case <-slow.begun:
			case <-t.Context().Done():
				return
			}
		}
	}()
	for _, all := range []chan error{results, results, results, long} {
		if err := <-all; err != nil {
			t.Error(err)
		}
	}
}

// TestGivingUp: some requests stop waiting, and the lane goes to the others.
func TestGivingUp(t *testing.T) {
	slow, s := newSlow(100)
	first := start(t.Context(), s, "a", 1)
	<-slow.begun
	ctx, cancel := context.WithCancel(t.Context())
	gone := start(ctx, s, "a", 20)
	cancel()
	for range 20 {
		if err := <-gone; !dialog.IsCode(err, dialog.Unavailable) {
			t.Errorf("a caller who has gone: %v", err)
		}
	}
	slow.goOn <- struct{}{}
	if err := <-first; err != nil {
		t.Error(err)
	}
	last := start(t.Context(), s, "b", 1)
	<-slow.begun
	slow.goOn <- struct{}{}
	if err := <-last; err != nil {
		t.Error(err)
	}
}

// TestLanesAreFew starts many requests, of which three run at the same time.
func TestLanesAreFew(t *testing.T) {
	slow := &slow{Store: memory.NewStore(), begun: make(chan dialog.UserID, 30), goOn: make(chan struct{})}
	s := lanes.New(slow, lanes.Options{Lanes: 4, Waiting: 100, Rows: 1000})
	results := start(t.Context(), s, "u", 30)
	awaitWaiting(t, s, 27)
	for range 3 {
		<-slow.begun
	}
	if n := len(slow.begun); n > 0 {
		t.Errorf("%d more than three at once", n)
	}
	close(slow.goOn)
	for range 30 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// TestHeavyFilters: when the filters that wait take too much memory, the caller whose filters
// take the most of it is refused, even if another caller has more lists and counts waiting.
func TestHeavyFilters(t *testing.T) {
	slow, s := newSlow(100)
	many := start(t.Context(), s, "many", 11)
	<-slow.begun
	awaitWaiting(t, s, 10)
	refused := make(chan error, 3)
	for range 3 {
		go func() {
			q := countOf("heavy")
			q.Filter.NameContains = strings.Repeat("x", 6<<20)
			_, err := s.Count(t.Context(), q)
			refused <- err
		}()
	}
	if err := <-refused; !dialog.IsCode(err, dialog.RateLimited) || !strings.Contains(err.Error(), "large filters") {
		t.Errorf("the caller with the heaviest filters: %v", err)
	}
	awaitWaiting(t, s, 12)
	go func() {
		for range 12 {
			<-slow.begun
		}
	}()
	close(slow.goOn)
	for range 11 {
		if err := <-many; err != nil {
			t.Errorf("a caller with small filters: %v", err)
		}
	}
	for range 2 {
		if err := <-refused; err != nil {
			t.Errorf("filters for which there is room: %v", err)
		}
	}
}
