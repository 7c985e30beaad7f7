package edge

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/dialog"
)

// Logged gives each request an id, sends it in the X-Request-Id header of the answer, and
// logs the request when it is finished. If a trusted proxy has sent an id, that one is
// used. What others have noted with [api.Note] is in the same log line. If the request
// failed because of the store, it calls unavailable.
func Logged(log *slog.Logger, now func() time.Time, unavailable func(), observe Observer) Guard {
	logOperation := operations(log, now, unavailable, observe)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from := clientFrom(r.Context())
			request := &api.Request{ID: requestID(r, from)}
			ctx := api.WithLoggedRequest(contextOf(r), request, logOperation)
			w.Header()["X-Request-Id"] = []string{request.ID}
			watched := &statusWriter{ResponseWriter: w, status: http.StatusOK}
			start := now()
			ctx, traced := observe.begin(ctx, r)
			defer func() { // also when the answer was cut off by a panic
				if isProbe(watched.status) && auth.FromContext(contextOf(r)).Caller.Kind() == dialog.Anonymous {
					api.Quiet(ctx)
				}
				method, path, status := api.ForLog(r.Method), api.ForLog(r.URL.Path), watched.status
				observe.answered(r.Method, status, now, start, request)
				traced(watched.status, request)
				api.WhenFinished(ctx, func() {
					end := now()
					logFinished(
						log, end, request, "request finished",
						slog.String("method", method), slog.String("path", path), slog.Int("status", status),
						api.Milliseconds("duration", end.Sub(start)), slog.String("address", from.String()),
					)
					if request.Unavailable() {
						unavailable()
					}
					observe.refused(request)
				})
			}()
			next.ServeHTTP(watched, with(r, ctx))
		})
	}
}

// usualAttrs is how many attributes the line of most requests has at most.
const usualAttrs = 12

// logFinished logs a line with the notes of its request and, as a [RequestLog] does, its id.
// It makes the record itself, because [slog.Logger] looks up the place in the program, which
// no line shows. It keeps nothing else of a long connection, and so has no context.
func logFinished(log *slog.Logger, at time.Time, request *api.Request, message string, attrs ...slog.Attr) {
	ctx, level, handler := context.Background(), request.Level(), log.Handler()
	if !handler.Enabled(ctx, level) {
		return
	}
	var room [usualAttrs]slog.Attr
	all := request.AppendNotes(append(room[:0], attrs...))
	if request.ID != "" {
		all = append(all, slog.String("request", request.ID))
	}
	record := slog.NewRecord(at, level, message, 0)
	record.AddAttrs(all...)
	_ = handler.Handle(ctx, record) // where should it be logged?
}

// isProbe reports whether an answer to a request without credentials is not worth a line in
// the log at the level info: the request had nothing to do with what the server offers, or
// there were too many of them, so that strangers could fill the log.
func isProbe(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUpgradeRequired, http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge:
		return true
	}
	return false
}

// operations logs each operation of a stream like a request. Its id is the id of the
// stream with a number.
func operations(log *slog.Logger, now func() time.Time, unavailable func(), observe Observer) api.OperationLog {
	return func(ctx context.Context) (context.Context, func(...slog.Attr)) {
		request := &api.Request{ID: api.NextOperationID(ctx)}
		ctx, start := api.WithRequest(ctx, request), now()
		return ctx, func(attrs ...slog.Attr) {
			end := now()
			attrs = append([]slog.Attr{api.Milliseconds("duration", end.Sub(start))}, attrs...)
			logFinished(log, end, request, "operation finished", attrs...)
			if request.Unavailable() {
				unavailable()
			}
			observe.refused(request)
		}
	}
}

// sentID matches the request ids that are accepted from a trusted proxy.
var sentID = regexp.MustCompile(`^[A-Za-z0-9._~:+/=-]{1,128}$`)

// requestID returns the id that a trusted proxy gave the request, or a new one.
func requestID(r *http.Request, from client) string {
	if sent := r.Header.Values("X-Request-Id"); from.proxied && len(sent) == 1 && sentID.MatchString(sent[0]) {
		return sent[0]
	}
	return rand.Text()
}
