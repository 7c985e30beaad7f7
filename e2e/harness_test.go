// Package e2e tests the whole program, from outside.
package e2e_test

import (
	"fmt"
	"os"
	"testing"

	"dialogs/servertest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(bareDir); dir != "" {
		fmt.Fprintln(os.Stderr, serveBare(dir))
		os.Exit(1)
	}
	if os.Getenv(movableClock) != "" {
		os.Exit(serveWithClock())
	}
	servertest.Main(m)
}

// A server is a server with helpers for these tests.
type server struct{ *servertest.Server }

func start(tb testing.TB, args ...string) server {
	tb.Helper()
	return server{servertest.Start(tb, args...)}
}

func startAt(tb testing.TB, store string, args ...string) server {
	tb.Helper()
	return server{servertest.StartAt(tb, store, args...)}
}

func startOnMongo(tb testing.TB, args ...string) server {
	tb.Helper()
	return server{servertest.StartOnMongo(tb, args...)}
}

// whoami is the cheapest operation.
const whoami = `{ viewer { kind userId apiKeyName } }`
