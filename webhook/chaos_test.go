package webhook_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/webhook"
)

// A mortal is a store that an instance uses until the instance is killed. After that, no
// call of the instance reaches the store.
type mortal struct {
	dialog.Store
	dead atomic.Bool
}

var errDead = errors.New("killed")

func (m *mortal) LeaseWebhook(ctx context.Context, id dialog.ID, l dialog.Lease) (dialog.WebhookProgress, bool, error) {
	if m.dead.Load() {
		return dialog.WebhookProgress{}, false, errDead
	}
	return m.Store.LeaseWebhook(ctx, id, l)
}

func (m *mortal) SaveWebhookProgress(ctx context.Context, id dialog.ID, holder string, p dialog.WebhookProgress) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.Store.SaveWebhookProgress(ctx, id, holder, p)
}

// TestChaos: receivers answer late, not at all, with status 500 or by closing the
// connection, and instances are killed. No change is lost, and the first deliveries of
// each dialog are in order. The clock runs fast, so that retries after hours are part of
// the test.
func TestChaos(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	b.stop()
	var random struct {
		sync.Mutex
		*mathrand.Rand
	}
	random.Rand = mathrand.New(mathrand.NewPCG(1, 2))
	roll := func(n int) int {
		random.Lock()
		defer random.Unlock()
		return random.IntN(n)
	}
	var calm atomic.Bool
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !calm.Load() {
			switch roll(8) {
			case 0, 1, 2:
				w.WriteHeader(http.StatusInternalServerError)
				return
			case 3:
				time.Sleep(20 * time.Millisecond) // answers late
			case 4:
				panic(http.ErrAbortHandler) // closes the connection
			}
		}
		r.ServeHTTP(w, q)
	})
	h := b.add(r, nil)

	// There are two instances at a time, and one of them is killed again and again.
	kills := dialogtest.Times(5, 20)
	instance := func() (kill, stop func()) {
		store := &mortal{Store: b.store}
		admin := *b.admin
		admin.Store = store
		sender := webhook.NewSender(&admin, webhook.Options{Holder: rand.Text(), Kept: dialog.DefaultSyncKept, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { sender.Run(ctx) })
		stop = func() {
			cancel()
			running.Wait()
		}
		return func() { store.dead.Store(true); stop() }, stop
	}
	_, stopFirst := instance()
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { // moves the clock
		for ctx.Err() == nil {
			b.move(2 * time.Second)
			time.Sleep(10 * time.Millisecond)
		}
	})
	const writers = 8
	ids, versions := make([]dialog.ID, writers), make([]atomic.Int64, writers)
	for i := range writers {
		ids[i] = b.group("chaos")
		versions[i].Store(1)
		working.Go(func() {
			for ctx.Err() == nil && versions[i].Load() < 40 {
				b.rename(ids[i], fmt.Sprint(versions[i].Add(1)))
				time.Sleep(time.Duration(roll(200)) * time.Millisecond)
			}
		})
	}
	for range kills {
		kill, _ := instance()
		time.Sleep(time.Duration(300+roll(700)) * time.Millisecond)
		kill()
	}
	stopFirst()
	b.start()
	calm.Store(true)
	t.Cleanup(func() {
		if t.Failed() {
			p, err := b.store.WebhookProgress(context.Background(), h.ID)
			t.Logf("the webhook is %+v, %+v, %v, got %d", b.find(h.ID), p, err, len(r.ids()))
		}
	})
	await(t, "everything", func() bool {
		b.move(5 * time.Minute)
		time.Sleep(20 * time.Millisecond)
		got := r.ids()
		for i := range writers {
			for v := range versions[i].Load() {
				if !slices.Contains(got, version(ids[i], int(v)+1)) {
					return false
				}
			}
		}
		return true
	})
	cancel()
	working.Wait()
	got := r.ids()
	for i := range writers {
		last := -1
		for v := range versions[i].Load() {
			at := slices.Index(got, version(ids[i], int(v)+1))
			if at < last {
				t.Errorf("version %d of %s came before the one before it", v+1, ids[i])
			}
			last = at
		}
	}
	slices.Sort(got)
	t.Logf("%d deliveries arrived, %d of them repeated", len(got), len(got)-len(slices.Compact(slices.Clone(got))))
	if l := b.find(h.ID); l.Status != dialog.WebhookActive {
		t.Errorf("the webhook is %v: %s", l.Status, l.LastError)
	}
}
