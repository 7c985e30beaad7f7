package api

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dialogs/dialog"
)

// A Request is what the server knows about one request besides its content: its
// id, which is in the answer's X-Request-Id and in every log record, and the
// notes for its log line. Notes can be added by several goroutines at once.
type Request struct {
	// ID is unique, and unguessable unless a trusted proxy chose it.
	ID string
	// operations is how many operations of a stream have begun.
	operations atomic.Int64

	mu          sync.Mutex
	notes       []slog.Attr
	quiet       bool
	reasoned    bool // the notes have a reason
	unavailable bool
	route       string
	setting     string
}

type requestKey struct{}

// WithRequest returns a context that carries the request.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// WithLoggedRequest returns a context that carries the request, and whose operations are
// logged by begin.
func WithLoggedRequest(ctx context.Context, r *Request, begin OperationLog) context.Context {
	return &logged{ctx, r, begin}
}

// A logged context carries a request and the log of its operations.
type logged struct {
	context.Context
	request *Request
	begin   OperationLog
}

// Value returns what the context carries, or a value of the one that it comes from.
func (c *logged) Value(key any) any {
	switch key.(type) {
	case requestKey:
		return c.request
	case operationLogKey:
		return c.begin
	}
	return c.Context.Value(key)
}

// RequestID is the id of the context's request; empty without one.
func RequestID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r.ID
	}
	return ""
}

// NextOperationID is the id of the next operation of a stream: the id of the context's
// request with a number.
func NextOperationID(ctx context.Context) string {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return ""
	}
	return r.ID + "." + strconv.FormatInt(r.operations.Add(1), 10)
}

// longestNoted is how many characters of a text a note keeps: texts come from
// clients.
const longestNoted = 256

// usualNotes is how many notes most requests have at most.
const usualNotes = 4

// Note adds to the log line of the context's request; long texts are shortened.
// It must not be given a credential. Without a request it does nothing.
func Note(ctx context.Context, notes ...slog.Attr) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.notes == nil {
		r.notes = make([]slog.Attr, 0, usualNotes)
	}
	for _, note := range notes {
		if note.Value.Kind() == slog.KindString {
			note.Value = slog.StringValue(Shorten(note.Value.String(), longestNoted))
		}
		r.notes = append(r.notes, note)
	}
}

// NoteUnavailable notes why the store was unavailable, once for a request. Without
// a request it is a log line of its own.
func NoteUnavailable(ctx context.Context, log *slog.Logger, err error) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		log.WarnContext(ctx, "store unavailable", "reason", Cause(err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unavailable = true
	r.noteReason(Cause(err))
}

// NoteReason notes why the context's request is refused. The first reason counts.
func NoteReason(ctx context.Context, reason string) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteReason(reason)
}

func (r *Request) noteReason(reason string) {
	if !r.reasoned {
		r.reasoned = true
		r.notes = append(r.notes, slog.String("reason", reason))
	}
}

// Tentative returns a function that forgets what was noted about the context's request
// after this call: for a part of it that is tried again.
func Tentative(ctx context.Context) (forget func()) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return func() {}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	notes, reasoned, unavailable, setting := len(r.notes), r.reasoned, r.unavailable, r.setting
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notes, r.reasoned, r.unavailable, r.setting = r.notes[:notes:notes], reasoned, unavailable, setting
	}
}

// NoteRoute notes which of the server's routes the context's request is for.
func NoteRoute(ctx context.Context, route string) {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.route = route
	}
}

// NoteLimit notes the limit that refused the context's request, by the name of its
// setting. The first one counts.
func NoteLimit(ctx context.Context, setting string) {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok && setting != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.setting == "" {
			r.setting = setting
		}
	}
}

// Outcome is the request's route, and the limit that refused it; both may be empty.
func (r *Request) Outcome() (route, limit string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.route, r.setting
}

// Unavailable tells whether the store failed the request.
func (r *Request) Unavailable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unavailable
}

// Cause returns the cause of an error of the domain as one line for the log,
// without the sentence that callers get.
func Cause(err error) string {
	var known *dialog.Error
	if errors.As(err, &known) && errors.Unwrap(known) != nil {
		err = errors.Unwrap(known)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// Milliseconds is a duration as the log has it: a number, and its unit in the name.
func Milliseconds(name string, d time.Duration) slog.Attr {
	unit := "duration_ms" // the most frequent one, which needs no new text
	if name != "duration" {
		unit = name + "_ms"
	}
	return slog.Float64(unit, float64(d.Microseconds())/1000)
}

// Notes returns the notes so far, in order.
func (r *Request) Notes() []slog.Attr { return r.AppendNotes(nil) }

// AppendNotes appends the notes so far, in order.
func (r *Request) AppendNotes(attrs []slog.Attr) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(attrs, r.notes...)
}

// Quiet lowers the log line of the context's request to the level debug: anyone
// can send such requests, and they are of no interest.
func Quiet(ctx context.Context) {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.quiet = true
	}
}

// Level is the level of the request's log line.
func (r *Request) Level() slog.Level {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.quiet {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
