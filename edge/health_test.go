package edge

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestProber lets many ask at once, again and again.
func TestProber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var probes atomic.Int32
		var away atomic.Bool
		p := NewProber(func(ctx context.Context) error {
			probes.Add(1)
			if away.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			time.Sleep(100 * time.Millisecond) // of the bubble's own clock
			return ctx.Err()
		}, 5*time.Second, time.Now)
		ask := func(want error) {
			t.Helper()
			before := probes.Load()
			var all sync.WaitGroup
			leaving, leave := context.WithCancel(t.Context())
			all.Go(func() { _ = p.Probe(leaving) })
			synctest.Wait()
			leave() // the one for whom the store is asked
			for range 50 {
				all.Go(func() {
					if err := p.Probe(t.Context()); !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				})
			}
			all.Wait()
			if asked := probes.Load() - before; asked != 1 {
				t.Errorf("the store was asked %d times, want once", asked)
			}
		}
		ask(nil)
		away.Store(true)
		time.Sleep(answerAge)
		ask(context.DeadlineExceeded)
		away.Store(false)
		time.Sleep(answerAge)
		ask(nil)
	})
}
