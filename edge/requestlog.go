package edge

import (
	"context"
	"log/slog"

	"dialogs/api"
)

// A RequestLog adds the id of the request to every record that is logged for it.
type RequestLog struct{ slog.Handler }

// Handle adds the id of the request that the context belongs to.
func (h RequestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := api.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that also adds ids.
func (h RequestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return RequestLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler that also adds ids.
func (h RequestLog) WithGroup(name string) slog.Handler {
	return RequestLog{h.Handler.WithGroup(name)}
}
