package lanes_test

import (
	"context"
	"slices"
	"testing"

	"dialogs/dialog"
)

// A full room has no memory before the test lets it have some.
type full struct{ asked, free chan struct{} }

func (full) TryTake() bool { return false }

func (f full) Take(ctx context.Context) error {
	close(f.asked)
	select {
	case <-f.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func listOf(user dialog.UserID) dialog.Query {
	return dialog.Query{User: user, By: dialog.Actor{User: user}, Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: 1}
}

// TestRoom: a list that waits for memory leaves its lane to others, and has the next turn
// when it has the memory.
func TestRoom(t *testing.T) {
	inner, s := newSlow(10)
	f := full{make(chan struct{}), make(chan struct{})}
	listed := make(chan error)
	go func() {
		_, err := s.Dialogs(dialog.WithRoom(t.Context(), f), dialog.Query{
			User: "large", By: dialog.Actor{User: "large"}, Scope: dialog.Visible, Filter: dialog.Filter{Owner: "o"},
			Order: dialog.Order{Field: dialog.ByUpdatedAt}, Limit: 1,
		})
		listed <- err
	}()
	<-f.asked
	others := start(t.Context(), s, "other", 2)
	if got := <-inner.begun; got != "other" {
		t.Errorf("%s has the lane", got)
	}
	close(f.free)
	awaitWaiting(t, s, 2)
	inner.goOn <- struct{}{}
	if err := <-listed; err != nil { // before the second count of the other, which nothing lets continue
		t.Error(err)
	}
	<-inner.begun
	inner.goOn <- struct{}{}
	for range 2 {
		if err := <-others; err != nil {
			t.Error(err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Dialogs(dialog.WithRoom(ended, full{make(chan struct{}), nil}), listOf("late")); err == nil {
		t.Error("a list was read although its time is up")
	}
	if _, err := s.Dialogs(t.Context(), listOf("anyone")); err != nil {
		t.Errorf("the lane was not left: %v", err)
	}
}

// TestRoomIsBounded: lists that wait for memory outside of the lanes count like those that
// wait for a lane, for their user and for the API key that acts for many users.
func TestRoomIsBounded(t *testing.T) {
	const most = 2
	_, s := newSlow(most)
	free, ends := make(chan struct{}), make(chan error, 1+20*most)
	list := func(by dialog.Actor) (waits bool) {
		f := full{make(chan struct{}), free}
		q := listOf(by.User)
		q.By = by
		refused := make(chan error)
		go func() {
			_, err := s.Dialogs(dialog.WithRoom(t.Context(), f), q)
			select {
			case refused <- err:
			case <-free:
				ends <- err
			}
		}()
		select {
		case <-f.asked:
			return true
		case err := <-refused:
			ends <- err
			return false
		}
	}
	refuses := func(by dialog.Actor, want string) {
		t.Helper()
		if list(by) {
			t.Fatalf("a list of %+v waits", by)
		}
		if got := (<-ends).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for range most {
		list(dialog.Actor{User: "a"})
	}
	refuses(dialog.Actor{User: "a"}, "too many of your lists and counts are waiting (limit 2, --limit-scans): send fewer at once")
	for n := range 20 * most {
		list(dialog.Actor{User: dialog.UserID(rune('A' + n/most)), APIKey: "key"})
	}
	refuses(dialog.Actor{User: "A", APIKey: "key"}, "too many of your lists and counts are waiting (limit 2, --limit-scans): send fewer at once")
	refuses(dialog.Actor{User: "another", APIKey: "key"},
		"too many lists and counts of this API key and all users it acts for are waiting (limit 40, 20 times --limit-scans): try again in 1 s")
	close(free)
	for range most + 20*most {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	list(dialog.Actor{User: "a"})
	if err := <-ends; err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestUsersOfOneKey: an API key that acts for many users has the turns of one caller, and
// as many places in the queue as a server.
func TestUsersOfOneKey(t *testing.T) {
	inner, s := newSlow(10)
	ends := make(chan error, 100)
	count := func(by dialog.Actor) {
		q := countOf(by.User)
		q.By = by
		go func() {
			_, err := s.Count(t.Context(), q)
			ends <- err
		}()
	}
	count(dialog.Actor{User: "first"})
	<-inner.begun
	for i := range 5 {
		count(dialog.Actor{User: dialog.UserID("user " + string(rune('a'+i))), APIKey: "key"})
		awaitWaiting(t, s, i+1)
	}
	for i := range 2 {
		count(dialog.Actor{User: "session"})
		awaitWaiting(t, s, 6+i)
	}
	var order []dialog.UserID
	for range 7 {
		inner.goOn <- struct{}{}
		order = append(order, <-inner.begun)
	}
	inner.goOn <- struct{}{}
	for range 8 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	want := []dialog.UserID{"user a", "session", "user b", "session", "user c", "user d", "user e"}
	if !slices.Equal(order, want) {
		t.Errorf("the order was %v, want %v", order, want)
	}
}
