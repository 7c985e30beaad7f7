package edge

import (
	"context"
	"net/http"
	"time"

	"dialogs/api"
)

// Healthy says that the process is alive.
func Healthy(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, "ok")
}

// Ready says whether the store can serve.
func Ready(p *Prober) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := p.Probe(r.Context()); err != nil {
			writeStatus(w, http.StatusServiceUnavailable, "store unavailable")
			return
		}
		writeStatus(w, http.StatusOK, "ok")
	}
}

func writeStatus(w http.ResponseWriter, status int, text string) {
	body, err := api.MarshalPlain(map[string]string{"status": text})
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

// answerAge is how long a store's answer is good for others who ask.
const answerAge = time.Second

// A Prober asks the store whether it can serve, once for all who want to know:
// anyone may ask, and each probe costs the store something.
type Prober struct {
	probe   func(context.Context) error
	timeout time.Duration
	now     func() time.Time

	turn  chan struct{} // full while the store is asked: all others wait for its answer
	asked bool
	until time.Time
	err   error
}

// NewProber asks by calling probe, which may take as long as the timeout.
func NewProber(probe func(context.Context) error, timeout time.Duration, now func() time.Time) *Prober {
	return &Prober{probe: probe, timeout: timeout, now: now, turn: make(chan struct{}, 1)}
}

// Probe is nil when the store can serve, as of at most a second ago.
func (p *Prober) Probe(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	if now := p.now(); p.asked && now.Before(p.until) && p.until.Sub(now) <= answerAge { // also when the clock was set back
		return p.err
	}
	// The one who asked may go away; those who wait still want to know.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	defer cancel()
	p.err = p.probe(ctx)
	p.asked, p.until = true, p.now().Add(answerAge)
	return p.err
}
