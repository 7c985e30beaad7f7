// Package store opens a store by its address. It is the one place that names
// the engines.
package store

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/sqlite"
)

// Options are the settings of a store beyond its address. The zero value is
// good.
type Options struct {
	// Timeout bounds every call to the store; 0 for the engine's own.
	Timeout time.Duration
	// MongoMaxPool and MongoMinPool bound MongoDB's connections to each of its
	// servers; 0 for what the URI says, else the driver's defaults of 100 and 0.
	// The embedded store has no use for them.
	MongoMaxPool, MongoMinPool uint64
	// Log is told what fails in the background; nil for nobody.
	Log *slog.Logger
}

// Open opens the store at an address: a mongodb:// or mongodb+srv:// URI with
// the name of a database, or a directory for the embedded store.
func Open(ctx context.Context, address string, o Options) (dialog.Store, error) {
	if strings.HasPrefix(address, "mongodb://") || strings.HasPrefix(address, "mongodb+srv://") {
		return mongo.Open(ctx, address, mongo.Options{
			Timeout: o.Timeout, MaxPool: o.MongoMaxPool, MinPool: o.MongoMinPool, Log: o.Log,
		})
	}
	s, err := sqlite.Open(ctx, address, sqlite.Options{Timeout: o.Timeout, Log: o.Log})
	if err != nil {
		return nil, err // and no store, which a nil *sqlite.Store would be
	}
	return s, nil
}
