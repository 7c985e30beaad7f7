package webhook

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

const (
	// roundEvery is how often a sender looks for webhooks that nobody serves, and for
	// changed definitions.
	roundEvery = 2 * time.Second
	// leaseFor is how long a webhook stays with an instance that says nothing.
	leaseFor = 15 * time.Second
	// restartAfter is how long a webhook waits when its worker has ended unexpectedly.
	restartAfter = 10 * time.Second
)

// Options are what a sender works with, besides the webhooks.
type Options struct {
	// Holder identifies this instance among those that share the store.
	Holder string
	// Kept is how long the store keeps what is deleted.
	Kept time.Duration
	Log  *slog.Logger
	// Attempted is told the result of each attempt: delivered, failed, slow or gone; nil for
	// nobody.
	Attempted func(outcome string)
	// Transport wraps what sends requests, to watch it; nil for nothing.
	Transport func(http.RoundTripper) http.RoundTripper
}

// A Sender delivers what changes to the webhooks of a store. Several instances share the
// webhooks by leases: when a lease is lost, deliveries are repeated, and none is lost.
type Sender struct {
	*Admin
	Options
	client *client
	// stale means that the secrets of webhooks may be encrypted with a secret of the server
	// that is going to be removed.
	stale atomic.Bool
	// closed are the webhooks whose secrets do not open, with their revision. Only Run uses
	// it.
	closed map[dialog.ID]int64

	mu      sync.Mutex // guards what follows
	workers map[dialog.ID]*serving
}

// A serving is a webhook that this instance serves.
type serving struct {
	worker   *worker
	revision int64
	started  time.Time
	renewed  time.Time
	stop     context.CancelFunc
	done     chan struct{}
}

// NewSender makes a sender for the webhooks of an admin. It works once Run runs.
func NewSender(a *Admin, o Options) *Sender {
	s := &Sender{Admin: a, Options: o, client: newClient(a.Targets), closed: map[dialog.ID]int64{}, workers: map[dialog.ID]*serving{}}
	if o.Transport != nil {
		s.client.Transport = o.Transport(s.client.Transport)
	}
	s.stale.Store(true)
	return s
}

// SetSecrets replaces the secrets of the server, as in [NewSealer], and encrypts the
// secrets of all webhooks with the first of them.
func (s *Sender) SetSecrets(secrets [][]byte) error {
	err := s.Sealer.use(secrets)
	s.stale.Store(true)
	return err
}

// Lag is the longest time for which a webhook that this instance serves has had something
// to deliver that was not delivered.
func (s *Sender) Lag() time.Duration {
	longest := time.Duration(0)
	for _, w := range s.all() {
		if at := w.worker.waiting.Load(); at > 0 {
			longest = max(longest, s.Now().Sub(time.UnixMilli(at)))
		}
	}
	return longest
}

// Wake makes the sender look for changes at once.
func (s *Sender) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workers {
		select {
		case w.worker.woken <- struct{}{}:
		default: // it is about to look
		}
	}
}

// Run delivers until ctx ends. Deliveries in progress get some seconds then.
func (s *Sender) Run(ctx context.Context) {
	tick := time.NewTicker(roundEvery)
	defer tick.Stop()
	defer s.client.CloseIdleConnections()
	away := false
	for {
		err := s.round(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != away {
			away = failed
			if away {
				s.Log.Log(ctx, levelOf(err), "webhooks interrupted", "error", err)
			} else {
				s.Log.DebugContext(ctx, "webhooks resumed")
			}
		}
		select {
		case <-ctx.Done():
			s.endAll(context.WithoutCancel(ctx), func(dialog.ID) bool { return true })
			return
		case <-tick.C:
		}
	}
}

// levelOf is the level to log a failure of the store at. That it is unavailable is logged
// once for all who use it.
func levelOf(err error) slog.Level {
	if dialog.IsCode(err, dialog.Unavailable) {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// round starts, renews and stops workers.
func (s *Sender) round(ctx context.Context) error {
	all, err := s.Store.Webhooks(ctx)
	if err != nil {
		return err
	}
	if s.stale.Swap(false) {
		s.resealAll(ctx, all)
	}
	active := map[dialog.ID]bool{}
	started := false
	for _, h := range all {
		if h.Status != dialog.WebhookActive {
			continue
		}
		active[h.ID] = true
		switch w := s.serving(h.ID); {
		case w != nil:
			if err := s.renew(ctx, w, h); err != nil {
				return err
			}
		case !started: // one a round, so that instances share them
			if started, err = s.start(ctx, h); err != nil {
				return err
			}
		}
	}
	s.endAll(ctx, func(id dialog.ID) bool { return !active[id] })
	return nil
}

// resealAll encrypts the secrets of all webhooks with the first of the server's secrets,
// those of paused ones too: another secret of the server may be removed then.
func (s *Sender) resealAll(ctx context.Context, all []dialog.Webhook) {
	clear(s.closed)
	count := 0
	for i := range all {
		changed, err := s.reseal(ctx, &all[i])
		if err != nil {
			s.Log.WarnContext(ctx, "re-encrypting the secret of a webhook failed, will retry", "webhook", all[i].ID, "error", err)
			s.stale.Store(true)
		}
		if changed {
			count++
		}
	}
	if count > 0 {
		s.Log.InfoContext(ctx, "secrets of webhooks re-encrypted with the first secret of the server", "webhooks", count)
	}
}

func (s *Sender) serving(id dialog.ID) *serving {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers[id]
}

func (s *Sender) all() map[dialog.ID]*serving {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.workers)
}

func (s *Sender) lease(ctx context.Context, id dialog.ID, ttl time.Duration) (dialog.WebhookProgress, bool, error) {
	now := s.Now()
	return s.Store.LeaseWebhook(ctx, id, dialog.Lease{Holder: s.Holder, Now: now, Until: now.Add(ttl)})
}

// start serves a webhook, unless another instance does.
func (s *Sender) start(ctx context.Context, h dialog.Webhook) (bool, error) {
	if s.closed[h.ID] == h.Revision {
		return false, nil
	}
	progress, leased, err := s.lease(ctx, h.ID, leaseFor)
	if err != nil || !leased {
		return false, err
	}
	if _, err := s.Sealer.keys(&h, s.Now()); err != nil {
		s.Log.ErrorContext(ctx, "webhook cannot be delivered", "webhook", h.ID, "error", err)
		s.closed[h.ID] = h.Revision
		return false, s.note(ctx, h.ID, progress, err)
	}
	w := &worker{
		store: s.Store, sealer: s.Sealer, client: s.client, now: s.Now, log: s.Log, kept: s.Kept, holder: s.Holder, attempted: s.Attempted,
		webhook: h, progress: progress, disable: s.disable,
		woken: make(chan struct{}, 1), changed: make(chan dialog.Webhook, 1), results: make(chan result, connectionsPerHost),
	}
	ctx, stop := context.WithCancel(ctx)
	serve := &serving{worker: w, revision: h.Revision, started: s.Now(), renewed: s.Now(), stop: stop, done: make(chan struct{})}
	s.mu.Lock()
	s.workers[h.ID] = serve
	s.mu.Unlock()
	go func() {
		defer close(serve.done)
		w.run(ctx)
	}()
	return true, nil
}

// note stores why a webhook can't be delivered, and gives the lease back.
func (s *Sender) note(ctx context.Context, id dialog.ID, p dialog.WebhookProgress, why error) error {
	p.LastError = reason(why.Error())
	if p.FailingSince.IsZero() {
		p.FailingSince = s.now()
	}
	_, err := s.Store.SaveWebhookProgress(ctx, id, s.Holder, p)
	_, _, leaseErr := s.lease(ctx, id, 0)
	return errors.Join(err, leaseErr)
}

// renew keeps the lease, and tells the worker of a changed definition. A worker that has
// ended is taken away, so that a later round starts another.
func (s *Sender) renew(ctx context.Context, w *serving, h dialog.Webhook) error {
	select {
	case <-w.done:
		if s.Now().Sub(w.started) >= restartAfter {
			s.end(ctx, h.ID, w)
		}
		return nil
	default:
	}
	if s.Now().Sub(w.renewed) >= leaseFor/3 || s.Now().Before(w.renewed) {
		_, leased, err := s.lease(ctx, h.ID, leaseFor)
		if err != nil {
			return err
		}
		if !leased {
			s.end(ctx, h.ID, w)
			return nil
		}
		w.renewed = s.Now()
	}
	if h.Revision > w.revision {
		select {
		case <-w.worker.changed: // one that was not taken up
		default:
		}
		w.worker.changed <- h
		w.revision = h.Revision
	}
	return nil
}

// end stops a worker and gives its lease back.
func (s *Sender) end(ctx context.Context, id dialog.ID, w *serving) {
	w.stop()
	<-w.done
	s.mu.Lock()
	delete(s.workers, id)
	s.mu.Unlock()
	if _, _, err := s.lease(ctx, id, 0); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "releasing the lease of a webhook failed", "webhook", id, "error", err)
	}
}

// endAll ends workers, all at once: each may wait for its deliveries, and those that go on
// must not lose their leases meanwhile.
func (s *Sender) endAll(ctx context.Context, which func(dialog.ID) bool) {
	var ending sync.WaitGroup
	for id, w := range s.all() {
		if which(id) {
			ending.Go(func() { s.end(ctx, id, w) })
		}
	}
	ending.Wait()
}
