package edge

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"dialogs/api"
)

// answerAge is how long a store's answer is reused for other callers.
const answerAge = time.Second

// How often [Prober.Watch] asks the store while it can serve.
const watchEvery = 5 * time.Second

// A Prober asks the store whether it can serve, once for all callers: anyone
// may ask, and each probe costs the store something. It logs each change
// between available and unavailable.
type Prober struct {
	probe   func(context.Context) error
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	turn  chan struct{} // full while the store is asked: all others wait for its answer
	asked bool
	until time.Time
	err   error

	well    atomic.Bool   // the last answer was that the store can serve
	doubted atomic.Bool   // the last answer may be wrong by now
	wake    chan struct{} // of Watch

	draining atomic.Bool // the server is about to stop
}

// NewProber asks by calling probe, which may take as long as the timeout. The log
// should name the store in its attributes.
func NewProber(probe func(context.Context) error, timeout time.Duration, now func() time.Time, log *slog.Logger) *Prober {
	return &Prober{probe: probe, timeout: timeout, now: now, log: log, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
}

// Watch asks until ctx ends, so that the log says it when the store becomes
// unavailable or available even if nobody else asks.
func (p *Prober) Watch(ctx context.Context) {
	for ctx.Err() == nil {
		wait := watchEvery
		if p.ask(ctx, ctx) != nil {
			wait = answerAge
		}
		select {
		case <-time.After(wait):
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// Doubt makes the prober ask the store again immediately, because a request has
// failed although the last answer was that the store can serve.
func (p *Prober) Doubt() {
	if !p.well.Load() || p.doubted.Swap(true) {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Drain makes [Ready] answer that the server is not ready, because it is about to stop.
func (p *Prober) Drain() { p.draining.Store(true) }

// Probe is nil when the store can serve, as of at most a second ago.
func (p *Prober) Probe(ctx context.Context) error {
	// The caller that started the probe may go away; others still wait for its
	// result.
	return p.ask(ctx, context.WithoutCancel(ctx))
}

// ask waits for its turn until ctx ends. Then it probes until probing ends, if the
// last answer is too old.
func (p *Prober) ask(ctx, probing context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	if now := p.now(); p.asked && !p.doubted.Load() && now.Before(p.until) && p.until.Sub(now) <= answerAge { // also when the clock was set back
		return p.err
	}
	p.doubted.Store(false)
	bounded, cancel := context.WithTimeout(probing, p.timeout)
	defer cancel()
	err := p.probe(bounded)
	if probing.Err() != nil { // the server stops, which says nothing about the store
		return err
	}
	p.logChange(ctx, err)
	p.asked, p.until, p.err = true, p.now().Add(answerAge), err
	p.well.Store(err == nil)
	return err
}

// logChange logs when the store's state is not that of the last answer. A store is
// expected to be available at start.
func (p *Prober) logChange(ctx context.Context, err error) {
	switch {
	case err != nil && p.err == nil:
		p.log.WarnContext(ctx, "store unavailable", "reason", api.Cause(err))
	case err == nil && p.err != nil:
		p.log.InfoContext(ctx, "store available again")
	}
}
