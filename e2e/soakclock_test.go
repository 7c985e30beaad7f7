package e2e_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dialogs/cli"
	"dialogs/servertest"
)

// movableClock is the environment variable that makes the test binary the program with a
// clock that the test can set.
const movableClock = "DIALOGS_TEST_MOVABLE_CLOCK"

// serveWithClock is the program. Each line of its standard input says how far its clock is
// ahead of the system's. It ends with its input, also when the test was killed.
func serveWithClock() int {
	var ahead atomic.Int64
	lines := bufio.NewScanner(os.Stdin)
	go func() {
		for lines.Scan() {
			if d, err := time.ParseDuration(lines.Text()); err == nil {
				ahead.Store(int64(d))
			}
		}
		os.Exit(1)
	}()
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.RunAt(ctx, now, os.Args[1:], servertest.WithoutSettings(os.Environ()), nil, os.Stdout, os.Stderr)
}

// spawnWithClock runs the program as a process of its own. What is written to the clock
// says how far ahead it is.
func spawnWithClock(t *testing.T, store, scheme string, args ...string) (p *servertest.Process, clock io.Writer) {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)
	command.Env = append(servertest.WithoutSettings(os.Environ()), movableClock+"=1")
	clock, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return servertest.Launch(t, command, store, scheme), clock
}
