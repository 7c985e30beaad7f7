package budget

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// TestFreeLoansNeverWait: small loans that are not counted are granted although the pool
// is empty.
func TestFreeLoansNeverWait(t *testing.T) {
	p := newPool("memory-test", 1000, 1000, 10, 0)
	for _, holder := range []string{"a", "b"} {
		if err := p.loan(dialog.Actor{User: dialog.UserID(holder)}).grow(t.Context(), 500); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.loan(dialog.Actor{User: "c"}).grow(t.Context(), 10); err != nil {
		t.Errorf("a free loan: %v", err)
	}
}

// TestShare: one holder takes all that they can get, and others still get their share.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory-test", 1000, 1000, 10, 0)
		if err := p.loan(dialog.Actor{User: "greedy"}).grow(t.Context(), 500); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		failed := make(chan error, 1)
		go func() { failed <- p.loan(dialog.Actor{User: "greedy"}).grow(ctx, 20) }()
		synctest.Wait()
		if err := p.loan(dialog.Actor{User: "other"}).grow(t.Context(), 500); err != nil {
			t.Errorf("another holder: %v", err)
		}
		var refusal *api.Refusal
		if err := <-failed; !errors.As(err, &refusal) || refusal.Code != api.Unavailable || refusal.RetryAfter == 0 {
			t.Errorf("got %v, want a refusal with a time to wait", err)
		}
	})
}

// TestHoldersTakeTurns: however many loans of one holder wait, another holder waits for only
// one of them.
func TestHoldersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory-test", 1000, 1000, 10, 0)
		full := []*loan{p.loan(dialog.Actor{User: "x"}), p.loan(dialog.Actor{User: "y"})}
		for _, l := range full {
			if err := l.grow(t.Context(), 500); err != nil {
				t.Fatal(err)
			}
		}
		order := make(chan string, 7)
		for _, holder := range []string{"a", "a", "a", "a", "b", "b", "c"} {
			go func() {
				if err := p.loan(dialog.Actor{User: dialog.UserID(holder)}).grow(t.Context(), 100); err != nil {
					t.Error(err)
				}
				order <- holder
			}()
			synctest.Wait()
		}
		got := ""
		for n := range int64(7) {
			full[n%2].shrink(400 - 100*(n/2))
			got += <-order
		}
		if got != "abcabaa" {
			t.Errorf("the order was %s", got)
		}
	})
}

// TestWaitersTakeTurns: the room that is released goes to the loan that has waited
// longest, not to a later one that needs less.
func TestWaitersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory-test", 1000, 1000, 10, 0)
		first, second := p.loan(dialog.Actor{User: "a"}), p.loan(dialog.Actor{User: "b"})
		for _, l := range []*loan{first, second} {
			if err := l.grow(t.Context(), 500); err != nil {
				t.Fatal(err)
			}
		}
		order := make(chan string, 2)
		for _, w := range []struct {
			holder string
			bytes  int64
		}{{"large", 500}, {"small", 20}} {
			go func() {
				if err := p.loan(dialog.Actor{User: dialog.UserID(w.holder)}).grow(t.Context(), w.bytes); err != nil {
					t.Error(err)
				}
				order <- w.holder
			}()
			synctest.Wait()
		}
		first.shrink(480) // enough for the small one, but that one came later
		synctest.Wait()
		if len(order) > 0 {
			t.Errorf("%s passed the one before it", <-order)
		}
		first.release()
		if got := <-order; got != "large" {
			t.Errorf("first came %s", got)
		}
		second.release()
		if got := <-order; got != "small" {
			t.Errorf("second came %s", got)
		}
	})
}

// TestUsersOfOneKey: an API key has one share, however many users it acts for, and these
// users take turns.
func TestUsersOfOneKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory-test", 1000, 1000, 10, 0)
		user := func(name string) *loan {
			return p.loan(dialog.Actor{User: dialog.UserID(name), APIKey: "key"})
		}
		first := user("a")
		if err := first.grow(t.Context(), 500); err != nil {
			t.Fatal(err)
		}
		order := make(chan string, 4)
		for _, name := range []string{"a", "a", "a", "b"} {
			go func() {
				l := user(name)
				if err := l.grow(t.Context(), 500); err != nil {
					t.Error(err)
				}
				order <- name
				l.release()
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Errorf("%s has more than the share of the key", <-order)
		}
		session := p.loan(dialog.Actor{User: "a"})
		if err := session.grow(t.Context(), 500); err != nil {
			t.Errorf("the same user with a session: %v", err)
		}
		first.release()
		session.release()
		if got := <-order + <-order + <-order + <-order; got != "abaa" {
			t.Errorf("the order was %s", got)
		}
	})
}

// TestReserve: several loans each hold some memory and need more than there is. Each gets
// the reserve in turn, and loans of different holders go first.
func TestReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory-test", 2000, 2000, 10, 1000)
		done := make(chan string, 6)
		for _, holder := range []string{"a", "a", "a", "b", "b", "c"} {
			go func() {
				l := p.loan(dialog.Actor{User: dialog.UserID(holder)})
				defer l.release()
				for range 9 {
					if err := l.grow(t.Context(), 100); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
				done <- holder
			}()
		}
		for range 6 {
			<-done
		}
		synctest.Wait()
		if p.lent != 0 || len(p.byHolder) != 0 || p.reserved || p.waiting.Len() != 0 {
			t.Errorf("something is left: %d bytes, %v", p.lent, p.byHolder)
		}
	})
}

// TestReserveGoesBack: a loan that turned out to be small enough for the rest of the pool
// leaves the reserve to the next, although it goes on.
func TestReserveGoesBack(t *testing.T) {
	p := newPool("memory-test", 2000, 2000, 10, 1000)
	first, second := p.loan(dialog.Actor{User: "a"}), p.loan(dialog.Actor{User: "b"})
	if err := first.grow(t.Context(), 900); err != nil || !first.reserve {
		t.Fatalf("the first loan: %v, with the reserve: %t", err, first.reserve)
	}
	first.shrink(800) // more than the share of one holder
	if !first.reserve {
		t.Error("the reserve went back, though there is no room without it")
	}
	first.shrink(100)
	if first.reserve || p.reserved || p.lent != 100 {
		t.Errorf("the first loan has the reserve: %t, and %d bytes are lent", first.reserve, p.lent)
	}
	if err := second.grow(t.Context(), 900); err != nil || !second.reserve {
		t.Errorf("the second loan: %v, with the reserve: %t", err, second.reserve)
	}
	first.shrink(5)
	first.release()
	second.release()
	if p.lent != 0 || len(p.byHolder) != 0 || p.reserved || p.waiting.Len() != 0 {
		t.Errorf("something is left: %d bytes, %v", p.lent, p.byHolder)
	}
}
