package clienttest

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that should happen
// immediately.
const patience = time.Minute

// Await starts a command that serves until it is told to stop, and waits for a
// line of its output that matches: it returns the pattern's first group. The
// command is stopped with the test.
func Await(tb testing.TB, command *exec.Cmd, pattern string) string {
	tb.Helper()
	read, write := io.Pipe()
	command.Stdout, command.Stderr = write, write
	if err := command.Start(); err != nil {
		tb.Fatalf("starting %s: %v", command.Path, err)
	}
	o := &output{found: make(chan string, 1), ended: make(chan error, 1)}
	go o.read(read, regexp.MustCompile(pattern))
	go func() {
		err := command.Wait()
		_ = write.Close()
		o.ended <- err
	}()
	tb.Cleanup(func() { o.stop(tb, command) })
	select {
	case found := <-o.found:
		return found
	case err := <-o.ended:
		o.ended <- err
		tb.Fatalf("%s ended before it served: %v", command.Path, err)
	case <-time.After(patience):
		tb.Fatalf("%s does not say that it serves", command.Path)
	}
	return ""
}

// output is what a command prints.
type output struct {
	// found is sent once, and ended is closed when the command is gone.
	found chan string
	ended chan error

	mu    sync.Mutex
	lines strings.Builder
}

func (o *output) read(r io.Reader, pattern *regexp.Regexp) {
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadString('\n')
		o.mu.Lock()
		o.lines.WriteString(line)
		o.mu.Unlock()
		if match := pattern.FindStringSubmatch(line); match != nil {
			select {
			case o.found <- match[1]:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// stop ends the command as an operator would, and tells what it printed when
// the test failed.
func (o *output) stop(tb testing.TB, command *exec.Cmd) {
	_ = command.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case err := <-o.ended:
		if err != nil && !asked(err) {
			tb.Errorf("%s ended: %v", command.Path, err)
		}
	case <-time.After(patience):
		_ = command.Process.Kill()
		tb.Errorf("%s does not stop: %v", command.Path, <-o.ended)
	}
	if tb.Failed() {
		o.mu.Lock()
		defer o.mu.Unlock()
		tb.Logf("%s printed:\n%s", command.Path, o.lines.String())
	}
}

// asked reports whether a command ended because it was told to.
func asked(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return exit.ExitCode() == 128+int(syscall.SIGTERM) || ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}
