package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"dialogs/dialog"
)

// A Refusal says why a request, or a part of it, failed. It is the same value
// for every API; each renders it in its own shape. Everything in it may be shown
// to the caller.
type Refusal struct {
	Code Code
	// Status is the HTTP status; 0 for the code's own.
	Status int
	// Message is one sentence without a final full stop.
	Message string
	// Field is the input that is wrong, by its name in the API; empty for none.
	Field string
	// Denial explains a FORBIDDEN; nil when no rule is behind it.
	Denial *dialog.Denial
	// CurrentVersion is the dialog's version when ifVersion did not match; else 0.
	CurrentVersion int64
	// RetryAfter is how long to wait before the next try; 0 when waiting does not
	// help.
	RetryAfter time.Duration
	// Challenge is the value of WWW-Authenticate; only a 401 has one.
	Challenge string
	// RequestID finds the cause of an INTERNAL error in the log; empty for other
	// codes.
	RequestID string
}

// Error is the refusal's message.
func (r *Refusal) Error() string { return r.Message }

// Limit is the setting that the message says to be the limit, without its dashes; empty for
// none.
func (r *Refusal) Limit() string { return limitIn(r.Message) }

func limitIn(message string) string {
	_, after, found := strings.Cut(message, "(limit")
	if found {
		_, after, found = strings.Cut(after, "--")
	}
	if !found {
		return ""
	}
	end := strings.IndexFunc(after, func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') })
	if end < 0 {
		end = len(after)
	}
	return after[:end]
}

// HTTPStatus is the status to answer with.
func (r *Refusal) HTTPStatus() int {
	if r.Status != 0 {
		return r.Status
	}
	return r.Code.Status()
}

// RetrySeconds is RetryAfter in whole seconds, rounded up.
func (r *Refusal) RetrySeconds() int { return int(math.Ceil(r.RetryAfter.Seconds())) }

// SetHeader sets the headers that go with the refusal in every API.
func (r *Refusal) SetHeader(h http.Header) {
	if r.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.RetrySeconds()))
	}
	if r.Challenge != "" {
		h.Set("WWW-Authenticate", r.Challenge)
	}
}

// A Refuser answers a request that was refused before it reached its API, in
// that API's own shape.
type Refuser func(http.ResponseWriter, *http.Request, *Refusal)

// AsRefusal is the refusal in an error; an empty one if there is none.
func AsRefusal(err error) *Refusal {
	refusal := new(Refusal)
	errors.As(err, &refusal)
	return refusal
}

// RefusalOf is what a caller may know of a failure. A [Refusal] is returned as
// it is, a domain error gets its code, an error because ctx has ended is
// [Unavailable], and everything else is internal: it is logged, and the caller gets the request's id. The reason why the store was
// unavailable is noted on the request's log line, unless the caller has gone.
func RefusalOf(ctx context.Context, log *slog.Logger, err error) *Refusal {
	var refusal *Refusal
	var known *dialog.Error
	switch {
	case errors.As(err, &refusal):
		NoteLimit(ctx, refusal.Limit())
		return refusal
	case errors.As(err, &known):
		NoteLimit(ctx, cmp.Or(known.Limit, limitIn(known.Message)))
		if known.Code == dialog.Unavailable && !dialog.IsReadOnly(known) && !errors.Is(known, context.Canceled) {
			NoteUnavailable(ctx, log, known)
		}
		return &Refusal{
			Code: codeOf(known.Code), Message: known.Message, Field: known.Field,
			Denial: known.Denial, CurrentVersion: known.CurrentVersion, RetryAfter: known.RetryAfter,
		}
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return &Refusal{Code: Unavailable, Message: "the request took too long, or its client has gone: it was stopped"}
	}
	if logged := (panicked{}); !errors.As(err, &logged) {
		log.ErrorContext(ctx, "internal error", "error", err)
	}
	return &Refusal{
		Code: Internal, RequestID: RequestID(ctx),
		Message: "internal error: the server's log has the details under this request id",
	}
}

// Recovered turns what recover() returned into an error that [RefusalOf]
// hides, and logs where it came from.
func Recovered(ctx context.Context, log *slog.Logger, v any) error {
	err := panicked{v}
	log.ErrorContext(ctx, "internal error", "error", err, "stack", string(debug.Stack()))
	return err
}

// panicked is the error of a panic, which is in the log.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }
