package mongo_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"dialogs/store/mongo"
)

func TestTurns(t *testing.T) {
	t.Parallel()
	var turns mongo.Turns
	giveBack, err := turns.Take(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.Take(t.Context(), "two")
	if err != nil {
		t.Fatalf("the turn on another dialog: %v", err)
	}
	other()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.Take(canceled, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a context that has ended: %v", err)
	}
	if !turns.Busy("one") || turns.Busy("two") {
		t.Error("one is taken, and two is not")
	}
	const waiting = 50
	inside, most := 0, 0 // guarded by the turn
	var all sync.WaitGroup
	for range waiting {
		all.Go(func() {
			giveBack, err := turns.Take(t.Context(), "one")
			if err != nil {
				t.Error(err)
				return
			}
			inside++
			most = max(most, inside)
			inside--
			giveBack()
		})
	}
	giveBack()
	all.Wait()
	if most != 1 {
		t.Errorf("%d had the turn at once", most)
	}
	if n := turns.Len(); n != 0 {
		t.Errorf("%d dialogs are remembered after all is over", n)
	}
}
