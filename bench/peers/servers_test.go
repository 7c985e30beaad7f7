package peers_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// secret signs the session tokens of all servers.
const secret = "a secret that is only used by this benchmark"

// A contender is a server that is measured.
type contender struct {
	name string
	// start starts it on a copy of the data.
	start func(tb testing.TB, d *data) *server
	// queries are how it is asked.
	queries queries
}

// A server is a contender that runs.
type server struct {
	*servertest.Process
	// database is the CPU time of its database's processes so far. It is nil for a
	// database in the server's own process, or one that all servers share.
	database func() time.Duration
}

const (
	ours  = "Dialogs"
	floor = "bare Go handler"
	base  = "base"
)

// The engines.
const (
	embedded   = "sqlite"
	postgreSQL = "postgresql"
	mongoDB    = "mongodb"
)

// contenders are the servers that this machine can run on an engine, and what it can't
// run. Trying out whether everything works needs none of the others.
func contenders(tb testing.TB, engine string) (list []contender, missing []string) {
	tb.Helper()
	place := copied
	if engine == mongoDB {
		place = inMongo
	}
	list = []contender{{ours, startOurs(servertest.Binary(tb), place), plain}}
	switch {
	case *baseBinary != "":
		return append(list, contender{base, startOurs(*baseBinary, place), plain}), nil
	case trying():
		return append(list, contender{floor, startFloor, plain}), nil
	}
	_, err := os.Stat("node/node_modules/.package-lock.json")
	if err == nil {
		list = append(list, contender{"Apollo Server", startNode("apollo.js", place), plain},
			contender{"GraphQL Yoga", startNode("yoga.js", place), plain}, contender{"Mercurius with JIT", startNode("mercurius.js", place), plain})
	} else {
		missing = append(missing, "the servers from npm: run npm ci in bench/peers/node")
	}
	if engine != embedded {
		return list, missing
	}
	if slices.Contains(wanted(), postgreSQL) {
		if bin, ok := postgresPrograms(); ok && err == nil {
			list = append(list, contender{"PostGraphile", startPostGraphile(bin), postGraphile})
		} else if !ok {
			missing = append(missing, "PostGraphile: needs PostgreSQL (the Debian package postgresql)")
		}
	}
	return append(list, contender{floor, startFloor, plain}), missing
}

func startOurs(binary string, place func(testing.TB, *data) string) func(testing.TB, *data) *server {
	return func(tb testing.TB, d *data) *server {
		tb.Helper()
		return serve(tb, binary, place(tb, d))
	}
}

// serve serves with a binary of this project, with its log on as usual.
func serve(tb testing.TB, binary, store string) *server {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		tb.Fatal(err)
	}
	return launch(tb, servertest.Program(tb, binary, nil,
		"serve", "--listen", "127.0.0.1:0", "--store", store, "--log-format", "json", "--secret-file", file, "--rate-limit", "0"))
}

func startNode(program string, place func(testing.TB, *data) string) func(testing.TB, *data) *server {
	return func(tb testing.TB, d *data) *server {
		tb.Helper()
		store := place(tb, d)
		if filepath.IsAbs(store) {
			store = filepath.Join(store, "dialogs.db")
		}
		return launchNode(tb, program, "STORE="+store, "NAME_KEY_PREFIX="+dialog.NameKeyPrefix)
	}
}

func launchNode(tb testing.TB, program string, environ ...string) *server {
	tb.Helper()
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), "node", program)
	command.Dir = "node"
	command.Env = append(append(os.Environ(), "NODE_ENV=production", "SECRET="+secret), environ...)
	return launch(tb, command)
}

// startFloor runs this test binary as the bare handler.
func startFloor(tb testing.TB, d *data) *server {
	tb.Helper()
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s", floorDir, copied(tb, d)))
	return launch(tb, command)
}

// launch starts a server. Its log is read, and all but the last part is forgotten: the
// load shares this process.
func launch(tb testing.TB, command *exec.Cmd) *server {
	tb.Helper()
	p := servertest.Launch(tb, command, "", "http")
	p.Stderr.Limit(64 << 10)
	return &server{Process: p}
}

// mongoServer is what runs MongoDB here.
func mongoServer() string {
	switch _, err := exec.LookPath("mongod"); {
	case os.Getenv("MONGODB_URI") != "":
		return "the MongoDB server in MONGODB_URI"
	case err == nil:
		return "mongod"
	}
	return "mongo-java-server, a stand-in for MongoDB that keeps everything in memory"
}

// inMongo is a new database with the data.
func inMongo(tb testing.TB, d *data) string {
	tb.Helper()
	uri := mongotest.URI(tb)
	d.restore(tb, uri)
	return uri
}
