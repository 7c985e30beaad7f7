package mongotest

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A Set is a replica set for one test. It needs a mongod on PATH; without one, the
// test is skipped and says so.
type Set struct {
	t         testing.TB
	processes map[string]*process // by address
	uri       string
}

// mongod returns the path of the server's program.
func mongod(t testing.TB, capability string) string {
	t.Helper()
	path, err := exec.LookPath("mongod")
	if err != nil {
		t.Skipf("NOT RUN: %s: needs mongod on PATH (%s)", t.Name(), capability)
	}
	return path
}

// StartSet starts a replica set with that many members.
func StartSet(t testing.TB, members int) *Set {
	t.Helper()
	path := mongod(t, "a replica set of several")
	list := make([]member, members)
	for i := range list {
		list[i] = member{path: path, dir: t.TempDir()}
	}
	s := &Set{t: t, processes: map[string]*process{}}
	all, err := startSet(list)
	var hosts []string
	for _, p := range all {
		s.processes[p.address()] = p
		hosts = append(hosts, p.address())
		t.Cleanup(func() { _ = p.kill() })
	}
	if err != nil {
		t.Fatalf("starting a replica set: %v", err)
	}
	s.uri = "mongodb://" + strings.Join(hosts, ",") + "/test?replicaSet=test"
	return s
}

// URI returns the address of a database of the set.
func (s *Set) URI() string { return s.uri }

// StepDown makes the primary step down, so that another one is elected.
func (s *Set) StepDown() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := s.primaryClient(ctx)
	defer func() { _ = client.Disconnect(ctx) }()
	// The answer is lost: the server closes the connection.
	_ = client.Database("admin").RunCommand(ctx, bson.D{{Key: "replSetStepDown", Value: 10}, {Key: "force", Value: true}}).Err()
}

// KillPrimary ends the primary like a crash.
func (s *Set) KillPrimary() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := s.primaryClient(ctx)
	defer func() { _ = client.Disconnect(ctx) }()
	var hello struct {
		Primary string `bson:"primary"`
	}
	if err := client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		s.t.Fatalf("asking for the primary: %v", err)
	}
	if err := s.processes[hello.Primary].kill(); err != nil {
		s.t.Fatalf("killing the primary: %v", err)
	}
}

func (s *Set) primaryClient(ctx context.Context) *mongo.Client {
	s.t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(s.uri))
	if err != nil {
		s.t.Fatalf("connecting to the set: %v", err)
	}
	if err := client.Ping(ctx, nil); err != nil {
		s.t.Fatalf("reaching the set's primary: %v", err)
	}
	return client
}

// Standalone returns the address of an empty database on a new server that is not
// in a replica set. It needs a mongod on PATH.
func Standalone(t testing.TB) string {
	t.Helper()
	p, err := (member{path: mongod(t, "a standalone server"), dir: t.TempDir(), alone: true}).start()
	if err != nil {
		t.Fatalf("starting a standalone server: %v", err)
	}
	t.Cleanup(func() { _ = p.kill() })
	return "mongodb://" + p.address() + "/test"
}

// Sharded is like URI, with collections that are sharded by hashed _id. It needs a
// sharded cluster at MONGODB_URI.
func Sharded(t testing.TB, collections ...string) string {
	t.Helper()
	uri := URI(t)
	db := Connect(t, uri)
	var hello struct {
		Message string `bson:"msg"`
	}
	err := db.RunCommand(t.Context(), bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	if err != nil || hello.Message != "isdbgrid" {
		t.Skipf("NOT RUN: %s: needs a sharded cluster: set MONGODB_URI to a mongos", t.Name())
	}
	for _, name := range collections {
		shard := bson.D{
			{Key: "shardCollection", Value: db.Name() + "." + name},
			{Key: "key", Value: bson.D{{Key: "_id", Value: "hashed"}}},
		}
		if err := db.Client().Database("admin").RunCommand(t.Context(), shard).Err(); err != nil {
			t.Fatalf("sharding %s: %v", name, err)
		}
	}
	return uri
}
