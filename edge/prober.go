package edge

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"dialogs/api"
)

// answerAge is how long an answer of the store is reused for other callers.
const answerAge = time.Second

// watchEvery is how often [Prober.Watch] asks the store while it is available.
const watchEvery = 5 * time.Second

// A Prober asks the store whether it is available, once for all callers: anyone may ask,
// and each probe is work for the store. It logs each change between available and
// unavailable.
type Prober struct {
	probe   func(context.Context) error
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	turn  chan struct{} // full while the store is asked, and all other callers wait for the answer
	asked bool
	until time.Time
	err   error

	well    atomic.Bool   // the last answer was that the store is available
	doubted atomic.Bool   // the last answer may no longer be right
	wake    chan struct{} // wakes Watch

	draining atomic.Bool // the server is about to stop
}

// NewProber makes a prober that asks by calling probe, which is stopped after the timeout.
// The log should have the store's name in its attributes.
func NewProber(probe func(context.Context) error, timeout time.Duration, now func() time.Time, log *slog.Logger) *Prober {
	return &Prober{probe: probe, timeout: timeout, now: now, log: log, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
}

// Watch asks until ctx ends, so that a change of the store's state is logged even if
// nobody else asks: every 5 seconds, or every second while it is unavailable.
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

// Doubt makes the prober ask the store again immediately. It is called when a request has
// failed because of the store, although the last answer was that the store is available.
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

// Probe returns nil if the store is available, or was at most a second ago.
func (p *Prober) Probe(ctx context.Context) error {
	// The caller that has started the probe may go away, while others still wait for its
	// result.
	return p.ask(ctx, context.WithoutCancel(ctx))
}

// ask waits for its turn until ctx ends. If the last answer is too old, it then asks the
// store, until probing ends.
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
	if probing.Err() != nil { // the server is stopping, which says nothing about the store
		return err
	}
	p.logChange(ctx, err)
	p.asked, p.until, p.err = true, p.now().Add(answerAge), err
	p.well.Store(err == nil)
	return err
}

// logChange logs when the store's state has changed. At the start, the store is expected
// to be available.
func (p *Prober) logChange(ctx context.Context, err error) {
	switch {
	case err != nil && p.err == nil:
		p.log.WarnContext(ctx, "store unavailable", "reason", api.Cause(err))
	case err == nil && p.err != nil:
		p.log.InfoContext(ctx, "store available again")
	}
}
