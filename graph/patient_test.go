package graph

import (
	"testing"
	"testing/synctest"
	"time"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

// TestRoomIsPatient: a subscription that has begun waits for the memory of its catch-up for
// longer than a request may take.
func TestRoomIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := budget.NewAnswers(budget.DefaultLimits())
		limited, cancel := api.WithLimit(t.Context(), 10*time.Second)
		defer cancel()
		ctx, end := api.Lasting(limited)
		defer end()
		const most = 1 << 40 // as much as one answer can take
		other := answers.Hold(dialog.Caller{User: "other"}, most)
		if err := other.Take(ctx); err != nil {
			t.Fatal(err)
		}
		r := room{Held: answers.Hold(dialog.Caller{User: "a"}, most), patience: time.Minute}
		began := time.Now()
		time.AfterFunc(30*time.Second, func() { other.Keep(0) })
		if err := r.Take(ctx); err != nil || time.Since(began) != 30*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		again := room{Held: answers.Hold(dialog.Caller{User: "b"}, most), patience: time.Minute}
		if err := again.Take(ctx); err == nil {
			t.Error("the memory was lent twice")
		}
		r.Keep(0)
	})
}
