package cli

import (
	"io"
	"log/slog"

	"dialogs/edge"
)

// newLogger logs each record with the id of its request. Format and level are
// those of the settings, which were checked.
func newLogger(format, level string, to io.Writer) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		panic("cli: a level that was checked: " + err.Error())
	}
	options := slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(edge.RequestLog{Handler: slog.NewJSONHandler(to, &options)})
	}
	return slog.New(edge.RequestLog{Handler: slog.NewTextHandler(to, &options)})
}
