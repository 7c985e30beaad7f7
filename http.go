package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// requestLog adds the request's id to every record that is logged on its
// behalf.
type requestLog struct{ slog.Handler }

func (h requestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := api.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{h.Handler.WithAttrs(attrs)}
}

func (h requestLog) WithGroup(name string) slog.Handler {
	return requestLog{h.Handler.WithGroup(name)}
}

// logged gives each request an id, which the answer carries too, and logs it
// when it is done.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &api.Request{ID: rand.Text()}
		ctx := api.WithRequest(r.Context(), info)
		w.Header().Set("X-Request-Id", info.ID)
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		start := time.Now()
		next.ServeHTTP(status, r.WithContext(ctx))
		log.LogAttrs(ctx, slog.LevelInfo, "request", append([]slog.Attr{
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status.status),
			slog.Float64("ms", float64(time.Since(start).Microseconds())/1000),
		}, info.Notes()...)...)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// authenticated finds out who is calling, once for each request, and refuses
// credentials that do not hold. From where too many of those came, it looks at
// none for a while: a flood of them costs neither keys nor signatures.
func authenticated(a *auth.Authenticator, limiter *rateLimiter, log *slog.Logger, refuse api.Refuser, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := limiter.guessing(r); wait > 0 {
			refuseFor(w, r, refuse, wait, "too many credentials that do not hold")
			return
		}
		identity, err := a.Authenticate(r.Context(), r.Header)
		if err != nil {
			var refused *auth.Error
			if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError {
				limiter.credentialsRefused(r)
			}
			refuseCredentials(w, r, log, refuse, err)
			return
		}
		api.Note(r.Context(), slog.String("user", string(identity.Caller.User)), slog.String("api_key", identity.Caller.APIKey))
		next.ServeHTTP(w, r.WithContext(auth.WithIdentity(r.Context(), identity)))
	})
}

// refuseCredentials says why credentials do not do.
func refuseCredentials(w http.ResponseWriter, r *http.Request, log *slog.Logger, refuse api.Refuser, err error) {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		refuse(w, r, api.RefusalOf(r.Context(), log, err))
		return
	}
	if refused.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		log.ErrorContext(r.Context(), "checking credentials", "error", err)
	}
	refuse(w, r, &api.Refusal{
		Code: credentialCodes[refused.Status], Status: refused.Status,
		Message: refused.Message, Challenge: refused.Challenge,
	})
}

// credentialCodes are the codes of the statuses that [auth.Error] has.
var credentialCodes = map[int]api.Code{
	http.StatusBadRequest:         api.BadUserInput,
	http.StatusUnauthorized:       api.Unauthenticated,
	http.StatusServiceUnavailable: api.Unavailable,
}

// writeGrace is how long a client may take to read an answer, after the time
// that its request may take.
const writeGrace = 5 * time.Second

// timed bounds how long a request may take, and then how long its client may
// take to read the answer. The second is set for each request and not for the
// whole server: a handler that streams can put it off as it goes on.
func timed(limit, grace time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only a writer that is no connection, as in a test, can't have one.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + grace))
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// localOnly answers no Host but this machine's, so that no page of another
// name can reach a development server by rebinding its name.
func localOnly(refuse api.Refuser, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		switch host {
		case "localhost", "127.0.0.1", "::1", "[::1]":
			next.ServeHTTP(w, r)
		default:
			refuse(w, r, &api.Refusal{
				Code: api.Forbidden, Status: http.StatusMisdirectedRequest, Denial: &dialog.Denial{Rule: "host"},
				Message: "a development server answers to localhost, 127.0.0.1 and [::1] only",
			})
		}
	})
}

// healthy says that the process is alive.
func healthy(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// pingFor is how long what a store answered holds for others who ask.
const pingFor = time.Second

// A pinger asks the store whether it answers, once for all who want to know:
// anyone may ask, and each answer costs the store a write.
type pinger struct {
	ping    func(context.Context) error
	timeout time.Duration
	now     func() time.Time

	turn  chan struct{} // full while the store is asked: all others wait for its answer
	asked bool
	until time.Time
	err   error
}

func newPinger(ping func(context.Context) error, timeout time.Duration, now func() time.Time) *pinger {
	return &pinger{ping: ping, timeout: timeout, now: now, turn: make(chan struct{}, 1)}
}

func (p *pinger) answer(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	if now := p.now(); p.asked && now.Before(p.until) && p.until.Sub(now) <= pingFor { // whatever the clock does
		return p.err
	}
	// Who asked may go away, and those who wait still want to know.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	defer cancel()
	p.err = p.ping(ctx)
	p.asked, p.until = true, p.now().Add(pingFor)
	return p.err
}

// ready says whether the store answers.
func ready(p *pinger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := p.answer(r.Context()); err != nil {
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "the store does not answer"})
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
