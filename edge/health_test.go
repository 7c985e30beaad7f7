package edge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
)

// TestProber: many callers ask at the same time, again and again.
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
			time.Sleep(100 * time.Millisecond) // by the clock of the synctest bubble
			return ctx.Err()
		}, 5*time.Second, time.Now, slog.New(slog.DiscardHandler))
		ask := func(want error) {
			t.Helper()
			before := probes.Load()
			var all sync.WaitGroup
			leaving, leave := context.WithCancel(t.Context())
			all.Go(func() { _ = p.Probe(leaving) })
			synctest.Wait()
			leave() // the caller for whom the store is asked
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

// TestProberWatch: a store becomes unavailable and available, and the log has one line for
// each change.
func TestProberWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var state atomic.Value
		state.Store(dialog.ErrUnavailable(errors.New("a: connection refused\nb: no such host")))
		p := NewProber(func(context.Context) error {
			if err, ok := state.Load().(*dialog.Error); ok && err.Code == dialog.Unavailable {
				return err
			}
			return nil
		}, 5*time.Second, time.Now, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTime})).With("host", "a,b"))
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { p.Watch(ctx) })
		time.Sleep(time.Minute)
		state.Store(new(dialog.Error))
		time.Sleep(time.Minute)
		state.Store(dialog.ErrUnavailable(errors.New("shutting down")))
		time.Sleep(time.Minute)
		stop()
		watching.Wait()
		const want = `level=WARN msg="store unavailable" host=a,b reason="a: connection refused; b: no such host"
level=INFO msg="store available again" host=a,b
level=WARN msg="store unavailable" host=a,b reason="shutting down"
`
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	})
}

// TestProberStops stops watching while the store is asked: that does not mean that the
// store is unavailable.
func TestProberStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := NewProber(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, time.Hour, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { p.Watch(ctx) })
		synctest.Wait()
		stop()
		watching.Wait()
		if log.Len() > 0 {
			t.Errorf("got %s", &log)
		}
	})
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
