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
	// roundEvery is how often a sender looks for webhooks that no instance serves, and for
	// changed settings.
	roundEvery = 2 * time.Second
	// leaseFor is how long an instance keeps a webhook without renewing its lease.
	leaseFor = 15 * time.Second
	// restartAfter is how long after its start a worker that has ended may be replaced.
	restartAfter = 10 * time.Second
)

// Options are the settings of a sender.
type Options struct {
	// Holder identifies this instance among the instances that share the store.
	Holder string
	// Kept is how long the store keeps deleted dialogs.
	Kept time.Duration
	Log  *slog.Logger
	// Attempted is called with the result of each attempt: delivered, failed, slow or
	// gone; optional.
	Attempted func(outcome string)
	// Transport wraps the client's transport, to observe its requests; optional.
	Transport func(http.RoundTripper) http.RoundTripper
}

// A Sender delivers changes to the webhooks of a store. Several instances share the
// webhooks by leases. When a lease is lost, some deliveries are repeated, but none is
// lost.
type Sender struct {
	*Admin
	Options
	client *client
	// stale means that secrets of webhooks may be encrypted with one of the server's
	// secrets that will be removed.
	stale atomic.Bool
	// closed are the webhooks whose secrets cannot be decrypted, with their revision. Only
	// Run uses it.
	closed map[dialog.ID]int64

	mu      sync.Mutex // guards what follows
	workers map[dialog.ID]*serving
}

// A serving is a webhook that this instance delivers to.
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

// SetSecrets replaces the server's secrets, as in [NewSealer]. The secrets of all webhooks
// are then encrypted with the first of them.
func (s *Sender) SetSecrets(secrets [][]byte) error {
	err := s.Sealer.use(secrets)
	s.stale.Store(true)
	return err
}

// Lag returns how long the oldest change that is not delivered yet has been waiting, among
// the webhooks that this instance serves.
func (s *Sender) Lag() time.Duration {
	longest := time.Duration(0)
	for _, w := range s.all() {
		if at := w.worker.waiting.Load(); at > 0 {
			longest = max(longest, s.Now().Sub(time.UnixMilli(at)))
		}
	}
	return longest
}

// Wake makes the sender look for changes immediately.
func (s *Sender) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workers {
		select {
		case w.worker.woken <- struct{}{}:
		default: // the worker is about to look
		}
	}
}

// Run delivers until ctx ends. Deliveries in progress then get up to 5 seconds to finish.
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

// levelOf returns the log level for a failure of the store. That the store is unavailable
// is logged once, for the whole program.
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
		case !started: // only one per round, so that instances share them
			if started, err = s.start(ctx, h); err != nil {
				return err
			}
		}
	}
	s.endAll(ctx, func(id dialog.ID) bool { return !active[id] })
	return nil
}

// resealAll encrypts the secrets of all webhooks, also of paused ones, with the first of
// the server's secrets, so that the others can be removed.
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

// start serves a webhook, unless another instance does. It reports whether it has the
// lease.
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

// note stores why a webhook can't be delivered to, and returns the lease.
func (s *Sender) note(ctx context.Context, id dialog.ID, p dialog.WebhookProgress, why error) error {
	p.LastError = reason(why.Error())
	if p.FailingSince.IsZero() {
		p.FailingSince = s.now()
	}
	_, err := s.Store.SaveWebhookProgress(ctx, id, s.Holder, p)
	_, _, leaseErr := s.lease(ctx, id, 0)
	return errors.Join(err, leaseErr)
}

// renew renews the lease, and passes changed settings to the worker. A worker that has
// ended is removed, so that a later round starts another one.
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
		case <-w.worker.changed: // an older one that the worker has not read yet
		default:
		}
		w.worker.changed <- h
		w.revision = h.Revision
	}
	return nil
}

// end stops a worker and returns its lease.
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

// endAll ends workers, all at the same time: each may wait for its deliveries, and
// meanwhile the others must not lose their leases.
func (s *Sender) endAll(ctx context.Context, which func(dialog.ID) bool) {
	var ending sync.WaitGroup
	for id, w := range s.all() {
		if which(id) {
			ending.Go(func() { s.end(ctx, id, w) })
		}
	}
	ending.Wait()
}
