package edge

import (
	"context"
	"log/slog"

	"dialogs/api"
)

// A RequestLog adds the request's id to every record that is logged on behalf
// of a request.
type RequestLog struct{ slog.Handler }

// Handle adds the id of the context's request.
func (h RequestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := api.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps adding ids.
func (h RequestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return RequestLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps adding ids.
func (h RequestLog) WithGroup(name string) slog.Handler {
	return RequestLog{h.Handler.WithGroup(name)}
}
