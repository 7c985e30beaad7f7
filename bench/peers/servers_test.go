package peers_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dialogs/servertest"
)

// secret signs the session tokens of all servers.
const secret = "a secret that is only used by this benchmark"

// A contender is a server that is measured.
type contender struct {
	name  string
	start func(tb testing.TB, dir string) *servertest.Process
}

const (
	ours  = "Dialogs"
	floor = "bare Go handler"
	base  = "base"
)

// contenders are the servers that this machine can run. Trying out whether everything
// works needs none of the others.
func contenders(tb testing.TB) []contender {
	tb.Helper()
	list := []contender{{ours, startOurs(servertest.Binary(tb))}}
	if *baseBinary != "" {
		return append(list, contender{base, startOurs(*baseBinary)})
	}
	if *rounds == 0 {
		return append(list, contender{floor, startFloor})
	}
	if _, err := os.Stat("node/node_modules/.package-lock.json"); err == nil {
		list = append(
			list, contender{"Apollo Server", startNode("apollo.js")}, contender{"GraphQL Yoga", startNode("yoga.js")},
			contender{"Mercurius with JIT", startNode("mercurius.js")},
		)
	} else {
		tb.Log("NOT RUN: Apollo Server, GraphQL Yoga and Mercurius: run npm ci in bench/peers/node")
	}
	return append(list, contender{floor, startFloor})
}

// startOurs serves with a binary of this project, with its log on as usual.
func startOurs(binary string) func(testing.TB, string) *servertest.Process {
	return func(tb testing.TB, dir string) *servertest.Process {
		tb.Helper()
		file := filepath.Join(tb.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			tb.Fatal(err)
		}
		command := exec.CommandContext(context.WithoutCancel(tb.Context()), binary,
			"serve", "--listen", "127.0.0.1:0", "--store", dir, "--log-format", "json", "--secret-file", file, "--rate-limit", "0")
		command.Env = servertest.WithoutSettings(os.Environ())
		return servertest.Launch(tb, command, dir, "http")
	}
}

func startNode(program string) func(testing.TB, string) *servertest.Process {
	return func(tb testing.TB, dir string) *servertest.Process {
		tb.Helper()
		command := exec.CommandContext(context.WithoutCancel(tb.Context()), "node", program)
		command.Dir = "node"
		command.Env = append(os.Environ(), "NODE_ENV=production", "SECRET="+secret, "DATABASE="+filepath.Join(dir, "dialogs.db"))
		return servertest.Launch(tb, command, dir, "http")
	}
}

// startFloor runs this test binary as the bare handler.
func startFloor(tb testing.TB, dir string) *servertest.Process {
	tb.Helper()
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s", floorDir, dir))
	return servertest.Launch(tb, command, dir, "http")
}
