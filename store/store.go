// Package store opens the store at an address. Only this package names the
// engines: everything else works with the port, [dialog.Store].
package store

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"dialogs/dialog"
	"dialogs/store/mongo"
	"dialogs/store/sqlite"
)

// A Kind is the engine that an address selects.
type Kind int

// The kinds of stores.
const (
	// Unknown is an empty address, or a URI of a scheme that no engine has.
	Unknown Kind = iota
	// Embedded is a directory on this machine.
	Embedded
	// MongoDB is a mongodb:// or mongodb+srv:// URI.
	MongoDB
)

// almostURI matches what is more likely a mistyped URI, or a host with a port, than
// a directory: ./ before it makes it one. A letter and a colon are a drive of
// Windows.
var almostURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// KindOf returns the engine that an address selects. It looks at the text
// only: neither a directory nor a server needs to be there.
func KindOf(address string) Kind {
	scheme, _, uri := strings.Cut(address, "://")
	switch {
	case address == "":
		return Unknown
	case uri && (scheme == "mongodb" || scheme == "mongodb+srv"):
		return MongoDB
	case uri || almostURI.MatchString(address):
		return Unknown
	}
	return Embedded
}

// Options are the settings of a store besides its address. The zero value
// selects the defaults.
type Options struct {
	// Timeout bounds every call to the store; 0 for the engine's default of
	// 10 seconds.
	Timeout time.Duration
	// MongoMaxPool and MongoMinPool bound the connections to each MongoDB
	// server; 0 for the values in the URI, or else the driver's defaults of
	// 100 and 0. The embedded store ignores them.
	MongoMaxPool, MongoMinPool uint64
	// Log receives failures in the background; nil discards them.
	Log *slog.Logger
	// Updated is told how each update of a MongoDB store went: straight or long, and how
	// often it was tried again. Committed is told how many changes each commit of an
	// embedded store had. Both may be nil.
	Updated   func(way string, retries int)
	Committed func(changes int)
	// Now is the clock of an embedded store; nil for the system's. MongoDB has its own.
	Now func() time.Time
}

// Open opens the store at an address, and creates an embedded store that does
// not exist yet. It fails for an address of [Unknown] kind, for a directory
// that can't be used and for an invalid URI. It does not fail when a MongoDB
// server is unreachable: the store works as soon as the server does.
func Open(ctx context.Context, address string, o Options) (dialog.Store, error) {
	switch KindOf(address) {
	case MongoDB:
		return mongo.Open(ctx, address, mongo.Options{
			Timeout: o.Timeout, MaxPool: o.MongoMaxPool, MinPool: o.MongoMinPool, Log: o.Log, Updated: o.Updated,
		})
	case Embedded:
		s, err := sqlite.Open(ctx, address, sqlite.Options{Timeout: o.Timeout, Log: o.Log, Committed: o.Committed, Now: o.Now})
		if err != nil {
			return nil, err // and a nil interface, which a nil *sqlite.Store would not be
		}
		return s, nil
	}
	return nil, errUnknown()
}

// Exists reports whether there is a store at the address. It creates nothing.
// It looks on the disk for an embedded store; for MongoDB it is always true,
// because every database can be used. An address of [Unknown] kind is an
// error.
func Exists(address string) (bool, error) {
	switch KindOf(address) {
	case MongoDB:
		return true, nil
	case Embedded:
		return sqlite.Exists(address)
	}
	return false, errUnknown()
}

// Check reports whether an embedded store can be trusted, before it is opened:
// other users must not be able to change its files, or put something else in
// their place. private names further files of the program in its directory,
// which other users must not be able to read. It creates and opens nothing.
// There is nothing to check for MongoDB. An address of [Unknown] kind is an
// error.
func Check(address string, private ...string) error {
	switch KindOf(address) {
	case MongoDB:
		return nil
	case Embedded:
		return sqlite.Check(address, private...)
	}
	return errUnknown()
}

// MayCreate returns an error if nothing must be created at the address, because
// a server is running on an embedded store whose files were removed. If there
// is a store at the address, the answer is nil. An address of [Unknown] kind is
// an error.
func MayCreate(address string) error {
	switch KindOf(address) {
	case MongoDB:
		return nil
	case Embedded:
		return sqlite.MayCreate(address)
	}
	return errUnknown()
}

// Lock reserves the store at the address for one server until unlock is called
// or the process ends, and creates the directory of an embedded store and an
// empty database if needed. It fails when another process holds the lock. Only
// servers lock: [Open] does not, and other commands may use the store while a
// server runs.
//
// A MongoDB store serves any number of servers: locking it does nothing. An
// address of [Unknown] kind is an error.
func Lock(address string) (unlock func() error, err error) {
	switch KindOf(address) {
	case MongoDB:
		return func() error { return nil }, nil
	case Embedded:
		return sqlite.Lock(address)
	}
	return nil, errUnknown()
}

// DatabaseFile is the name of an embedded store's database in its directory and
// in a backup.
const DatabaseFile = sqlite.DatabaseFile

// Backup copies the database of the embedded store at an address to an empty
// file, and returns the number of dialogs in it. The copy has everything that
// was acknowledged before the call. It works while a server runs, and changes
// nothing in the store.
func Backup(ctx context.Context, address, path string) (dialogs int, err error) {
	if KindOf(address) != Embedded {
		return 0, errUnknown()
	}
	return sqlite.Backup(ctx, address, path)
}

// Restore creates an embedded store from the files that prepare puts into a
// directory, and returns the number of dialogs. The address must be a directory
// that does not exist or is empty. A Restore that fails leaves nothing behind;
// one that is killed leaves either no store or a complete one, and can be
// repeated.
func Restore(ctx context.Context, address string, prepare func(dir string) error) (dialogs int, err error) {
	if KindOf(address) != Embedded {
		return 0, errUnknown()
	}
	return sqlite.Restore(ctx, address, prepare)
}

// errUnknown does not repeat the address, which may contain a password.
func errUnknown() error {
	return errors.New("invalid store address: use a directory, or a URI that starts with mongodb:// or mongodb+srv://")
}
