package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"dialogs/dialog"
)

// DefaultTimeout is the timeout of a call if none is set.
const DefaultTimeout = 10 * time.Second

// Options are the settings of a store in addition to its URI. The zero value means the
// defaults.
type Options struct {
	// Timeout is the limit of every call, including retries and waits; 0 for
	// [DefaultTimeout] (10 seconds).
	Timeout time.Duration
	// MaxPool and MinPool limit the number of connections to each server; 0 for the values
	// in the URI, or the driver's defaults of 100 and 0.
	MaxPool, MinPool uint64
	// Log receives failures in the background; nil for no log.
	Log *slog.Logger
	// Monitor receives the commands that are sent; optional.
	Monitor *event.CommandMonitor
	// Updated is called after each update that has succeeded, with its way (straight or
	// long) and the number of retries; optional.
	Updated func(way string, retries int)
}

// Store is a [dialog.Store] in a MongoDB database.
type Store struct {
	client                                                                                *driver.Client
	dialogs, claims, classes, keys, sessions, sync, webhooks, users, erasures, departures *driver.Collection
	timeout                                                                               time.Duration
	updated                                                                               func(way string, retries int)
	turns                                                                                 turns
	clock                                                                                 clock
	errors                                                                                scrubber
	topology                                                                              *topology
	mu                                                                                    sync.Mutex // guards closed, and calls.Add against calls.Wait
	closed                                                                                bool
	calls                                                                                 sync.WaitGroup
	stopBackground                                                                        context.CancelFunc
	background                                                                            sync.WaitGroup
}

var _ dialog.Store = (*Store)(nil)

// Open opens a store in the database of a mongodb:// or mongodb+srv:// URI. It fails if
// the URI is invalid, but not if the server is unreachable: as soon as the server is
// available, the store works and creates its indexes.
//
// Whatever the URI says, writes are acknowledged by a majority with journal, reads go to
// the primary, and the timeout of each call replaces serverSelectionTimeoutMS. The other
// options of the URI apply.
func Open(ctx context.Context, uri string, o Options) (dialog.Store, error) {
	scrub := newScrubber(uri)
	name, err := databaseName(uri)
	if err != nil {
		return nil, scrub.clean(err)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	topology := newTopology()
	client, err := driver.Connect(clientOptions(uri, o).SetServerMonitor(topology.monitor()))
	if err != nil {
		return nil, fmt.Errorf("invalid MongoDB URI: %w", scrub.clean(err))
	}
	db := client.Database(name)
	s := &Store{
		client:  client,
		dialogs: db.Collection("dialogs"), claims: db.Collection("claims"),
		classes: db.Collection("classes"), keys: db.Collection("api_keys"),
		sessions: db.Collection("ended_sessions"), users: db.Collection("user_access"), sync: db.Collection("sync"),
		webhooks: db.Collection("webhooks"), erasures: db.Collection("erasures"), departures: db.Collection("departures"),
		timeout: o.Timeout, updated: o.Updated, errors: scrub, topology: topology,
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopBackground = stop
	s.background.Go(func() { s.keepIndexes(background, o.Log) })
	s.background.Go(func() { s.keepNames(background, o.Log) })
	return s, nil
}

func clientOptions(uri string, o Options) *options.ClientOptions {
	c := options.Client().SetReadConcern(readconcern.Majority()).SetConnectTimeout(o.Timeout).ApplyURI(uri)
	journal := true
	c.SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal})
	c.SetReadPreference(readpref.Primary())
	c.SetServerSelectionTimeout(2 * o.Timeout) // the deadline of the call is earlier
	if c.AppName == nil {
		c.SetAppName("dialogs")
	}
	if o.MaxPool > 0 {
		c.SetMaxPoolSize(o.MaxPool)
	}
	if o.MinPool > 0 {
		c.SetMinPoolSize(o.MinPool)
	}
	if o.Monitor != nil {
		c.SetMonitor(o.Monitor)
	}
	return c
}

// databaseName returns the database's name in the URI. net/url can't parse it,
// because it may have several hosts.
func databaseName(uri string) (string, error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	if scheme != "mongodb" && scheme != "mongodb+srv" {
		return "", errors.New("invalid MongoDB URI: must start with mongodb:// or mongodb+srv://")
	}
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(path)
	if err != nil {
		return "", errors.New("invalid MongoDB URI: invalid escape in the database name")
	}
	if name == "" {
		return "", errors.New("invalid MongoDB URI: the database name is missing (mongodb://HOST/DATABASE)")
	}
	if strings.ContainsAny(name, "/\\. \"$*<>:|?\x00") || len(name) > 63 {
		return "", errors.New("invalid MongoDB URI: MongoDB does not allow this database name")
	}
	return name, nil
}

// begin starts a call, which gets a deadline and is in progress until end is called.
func (s *Store) begin(ctx context.Context) (bounded context.Context, end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, dialog.ErrUnavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, dialog.ErrUnavailable(errors.New("the store is closed"))
	}
	s.calls.Add(1)
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	return bounded, func() { cancel(); s.calls.Done() }, nil
}

// Ping reads a document from a server that accepts writes, as a request would: a server
// can answer a ping although its data is unavailable. It does not wait for a server to
// come back. Every error is Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := s.readAny(ctx); err != nil {
		return dialog.ErrUnavailable(s.errors.clean(err))
	}
	return nil
}

// readAny reads any document. If no server can be used, its error says why.
func (s *Store) readAny(ctx context.Context) error {
	there, cancel := s.topology.whileThere(ctx)
	defer cancel()
	err := s.dialogs.FindOne(there, bson.D{}, options.FindOne().SetProjection(onlyID)).Err()
	switch {
	case err == nil, errors.Is(err, driver.ErrNoDocuments):
		return nil
	case there.Err() == nil:
		return err
	case ctx.Err() == nil:
		return context.Cause(there)
	}
	return cmp.Or(s.topology.reason(), err)
}

// Close waits for the calls in progress, each of which has a deadline, and then closes all
// connections.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	s.calls.Wait()
	s.stopBackground()
	s.background.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("closing the connections to MongoDB: %w", s.errors.clean(err))
	}
	return nil
}
