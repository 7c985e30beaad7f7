package mongotest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// patience is how long a test waits for a server to start, stop or answer.
const patience = 60 * time.Second

// URI returns the address of a new, empty database, which is dropped when the test
// ends.
func URI(t testing.TB) string {
	t.Helper()
	server, err := shared()
	failIfMissing(t, err)
	uri := InDatabase(server.uri, NewName())
	t.Cleanup(func() { drop(t, uri) })
	return uri
}

// Real is like URI, for a test that needs something which the stand-in lacks:
// without a real server it skips the test and says so. capability completes the
// sentence "needs a real MongoDB (...)".
func Real(t testing.TB, capability string) string {
	t.Helper()
	uri := URI(t)
	if !explains(t, uri) {
		t.Skipf("NOT RUN: %s: needs a real MongoDB (%s): set MONGODB_URI, or put mongod on PATH", t.Name(), capability)
	}
	return uri
}

// Connect returns a client of the driver for the URI, and the URI's database.
func Connect(t testing.TB, uri string) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatalf("connecting to a MongoDB for tests: %v", err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(databaseOf(uri))
}

// shared is the server of all tests in the binary. It outlives every test. This
// reference keeps it alive: without it, its standard input would be closed.
var shared = sync.OnceValues(func() (*process, error) {
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return &process{uri: uri}, nil
	}
	return start("", 0)
})

// errMissing means that this machine has no server that could be started.
var errMissing = errors.New("needs MongoDB: set MONGODB_URI, put mongod on PATH, or install a JDK and Maven for the stand-in")

// start starts the best server that this machine has. dir is the data folder of a
// mongod, empty for a temporary one; port 0 is a port from the system.
func start(dir string, port int) (*process, error) {
	if path, err := exec.LookPath("mongod"); err == nil {
		return startMongod(path, dir, port)
	}
	return startStandin(port)
}

// failIfMissing skips the test when the machine has no server, except in CI.
func failIfMissing(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skipf("NOT RUN: %s: %v", t.Name(), err)
	case err != nil:
		t.Fatalf("starting a MongoDB for %s: %v", t.Name(), err)
	}
}

// explains reports whether the server is a real one: the stand-in has no explain.
func explains(t testing.TB, uri string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	explain := bson.D{{Key: "explain", Value: bson.D{{Key: "find", Value: "none"}}}}
	return Connect(t, uri).RunCommand(ctx, explain).Err() == nil
}

func drop(t testing.TB, uri string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Errorf("connecting to drop a test's database: %v", err)
		return
	}
	defer func() { _ = client.Disconnect(ctx) }()
	if err := client.Database(databaseOf(uri)).Drop(ctx); err != nil {
		t.Errorf("dropping a test's database: %v", err)
	}
}

// NewName returns a unique name for a database.
func NewName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "t" + hex.EncodeToString(b[:])
}

// split splits a URI before and after the name of its database.
func split(uri string) (before, database, after string) {
	scheme := strings.Index(uri, "://") + len("://")
	rest, options, hasOptions := strings.Cut(uri[scheme:], "?")
	hosts, database, _ := strings.Cut(rest, "/")
	if hasOptions {
		after = "?" + options
	}
	return uri[:scheme] + hosts + "/", database, after
}

func databaseOf(uri string) string {
	_, database, _ := split(uri)
	return database
}

// InDatabase replaces the database in the URI and keeps the one that it
// authenticates with.
func InDatabase(uri, name string) string {
	before, old, after := split(uri)
	if strings.Contains(before, "@") && !strings.Contains(after, "authSource=") {
		if old == "" {
			old = "admin"
		}
		separator := "&"
		if after == "" {
			separator = "?"
		}
		after += separator + "authSource=" + old
	}
	return before + name + after
}
