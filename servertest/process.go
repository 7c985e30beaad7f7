package servertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/goleak"

	"dialogs/dialog/dialogtest"
)

// Main runs the tests of a package, and fails it when goroutines are left
// behind.
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// built is the program, built once for all tests of a package.
var built struct {
	once sync.Once
	path string
	err  error
}

// Binary is the path of the program, built from this source.
func Binary(tb testing.TB) string {
	tb.Helper()
	built.once.Do(func() { built.path, built.err = build(context.WithoutCancel(tb.Context())) })
	if built.err != nil {
		tb.Fatalf("building the program: %v", built.err)
	}
	return built.path
}

// build links the program in the folder for build results, unless what is there is up to
// date: linking takes longer than most tests. Test binaries of several packages may call it
// at the same time, and those that run the previous program keep it.
func build(ctx context.Context) (path string, err error) {
	root, err := dialogtest.Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "bin", "test")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	path = filepath.Join(dir, "dialogs")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "dialogs").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

// A Process is a server that runs as a process of its own.
type Process struct {
	*Server
	Command *exec.Cmd

	log   *os.File // the end from which the log is read
	ended chan struct{}
	err   error
}

// Spawn runs a server as a process of its own, on an embedded store of its own.
func Spawn(tb testing.TB, args ...string) *Process {
	tb.Helper()
	return SpawnAt(tb, filepath.Join(tb.TempDir(), "data"), args...)
}

// SpawnAt runs a server as a process of its own on the store at an address.
func SpawnAt(tb testing.TB, store string, args ...string) *Process {
	tb.Helper()
	return SpawnProgram(tb, Binary(tb), store, args...)
}

// SpawnProgram is SpawnAt for another version of the program.
func SpawnProgram(tb testing.TB, binary, store string, args ...string) *Process {
	tb.Helper()
	return Launch(tb, Program(tb, binary, nil, serveArgs(store, args)...), store, scheme(args))
}

// Program is a command of a version of the program, with these variables and without
// those of its own that this process has.
func Program(tb testing.TB, binary string, environ []string, args ...string) *exec.Cmd {
	tb.Helper()
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), binary, args...)
	command.Env = append(WithoutSettings(os.Environ()), environ...)
	return command
}

// Launch starts a command that serves like a server, on its own port, and
// waits until it says so.
func Launch(tb testing.TB, command *exec.Cmd, store, scheme string) *Process {
	tb.Helper()
	p := &Process{
		Server: &Server{
			TB: tb, Store: store, Stdout: newOutput(), Stderr: newOutput(),
			Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: Patience},
		},
		Command: command, ended: make(chan struct{}),
	}
	log, into, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.log = log
	command.Stdout, command.Stderr = p.Stdout, into
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	_ = into.Close() // the process has a copy
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(p.Stderr, log) }) // until the process ends, or CloseLog
	go func() {
		p.err = command.Wait()
		reading.Wait()
		_ = log.Close()
		close(p.ended)
	}()
	tb.Cleanup(p.Kill)
	p.URL = scheme + "://" + p.Stderr.Await(tb, serving)
	return p
}

// Kill is kill -9.
func (p *Process) Kill() {
	if err := p.Command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.Errorf("killing the server: %v", err)
	}
	<-p.ended
	p.Client.CloseIdleConnections()
}

// CloseLog stops reading the log: what the process logs from then on fails.
func (p *Process) CloseLog() { _ = p.log.Close() }

// Signal sends a signal.
func (p *Process) Signal(signal os.Signal) {
	p.Helper()
	if err := p.Command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.Errorf("sending %v: %v", signal, err)
	}
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// AwaitEnd waits until the process has ended and returns its state. A process
// that a signal ended has the exit code -1.
func (p *Process) AwaitEnd() *os.ProcessState {
	p.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.Fatalf("the server does not stop: %s", p.Stderr)
	}
	p.Client.CloseIdleConnections()
	return p.Command.ProcessState
}

// WithoutSettings drops the settings of servers from an environment.
func WithoutSettings(environ []string) []string {
	var kept []string
	for _, entry := range environ {
		if !strings.HasPrefix(entry, "DIALOGS_") {
			kept = append(kept, entry)
		}
	}
	return kept
}
