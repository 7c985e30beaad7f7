package budget

import (
	"context"
	"testing"
	"testing/synctest"

	"dialogs/dialog"
)

// TestWaitingHoldsNothing: lists of one caller wait for their turn to read the store.
// Until then, they hold none of the memory that others need.
func TestWaitingHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		answers := NewAnswers(limits)
		most := answers.most
		turn := make(chan struct{})
		var lists []*Answer
		for range 3 {
			a := answers.Begin(alice)
			lists = append(lists, a)
			go func() {
				err := a.LoadInTurn(t.Context(), most, func(ctx context.Context) (int64, error) {
					<-turn
					return 1 << 20, dialog.RoomOf(ctx).Take(ctx)
				})
				if err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		large := answers.Begin(bob)
		if err := large.Load(t.Context(), most, func() (int64, error) { return most, nil }); err != nil {
			t.Fatal(err)
		}
		room := &room{answer: lists[0], most: most}
		if room.TryTake() {
			t.Error("the reserve was lent twice")
		}
		close(turn)
		synctest.Wait()
		large.Close()
		synctest.Wait()
		for _, a := range lists {
			if a.memory != 1<<20 || a.loan.bytes != 1<<20 {
				t.Errorf("%d bytes are charged, and %d lent", a.memory, a.loan.bytes)
			}
			a.Close()
		}
		if p := answers.pool; p.lent != 0 || p.reserved || p.waiting.Len() > 0 {
			t.Errorf("something is left: %d bytes", p.lent)
		}
	})
}

// TestTryTake: memory that is free is taken without waiting, once.
func TestTryTake(t *testing.T) {
	answers := NewAnswers(DefaultLimits())
	a := answers.Begin(alice)
	defer a.Close()
	r := &room{answer: a, most: answers.most}
	for range 2 {
		if !r.TryTake() || a.loan.bytes != answers.most {
			t.Errorf("%d bytes were taken, want %d", a.loan.bytes, answers.most)
		}
	}
	if err := r.Take(t.Context()); err != nil || a.loan.bytes != answers.most {
		t.Errorf("it was taken again: %v", err)
	}
	a.mu.Lock() // another part of the answer waits for memory
	defer a.mu.Unlock()
	if (&room{answer: a, most: 1}).TryTake() {
		t.Error("it was taken although the answer waits for memory")
	}
}

// TestHeldAndAnswer: a subscription has the reserve for what it has loaded. The answer that
// is made of that does not wait for memory, which only this subscription could give back.
func TestHeldAndAnswer(t *testing.T) {
	answers := NewAnswers(DefaultLimits())
	p := answers.pool
	for _, c := range []dialog.Caller{alice, bob} {
		full := p.loan(c.Actor())
		if err := full.grow(t.Context(), p.share); err != nil {
			t.Fatal(err)
		}
		defer full.release()
	}
	held := answers.Hold(dialog.Caller{User: "carol"}, answers.most)
	if err := held.Take(t.Context()); err != nil || !p.reserved {
		t.Fatalf("the reserve was not taken: %v", err)
	}
	const loaded = 1 << 20
	held.Keep(loaded)
	ended, end := context.WithCancel(t.Context())
	end()
	a := held.Begin()
	if err := a.Charge(ended, 1<<20, 0); err != nil {
		t.Errorf("the answer waits for memory: %v", err)
	}
	a.Made(1 << 20)
	if held.loan.bytes != loaded+1<<20 {
		t.Errorf("%d bytes are lent for the answer", held.loan.bytes)
	}
	a.Close()
	if held.loan.bytes != loaded {
		t.Errorf("%d bytes are lent after the answer, want %d", held.loan.bytes, loaded)
	}
	held.Keep(0)
	if p.reserved || p.lent != 2*p.share {
		t.Errorf("something is left: %d bytes", p.lent)
	}
}
