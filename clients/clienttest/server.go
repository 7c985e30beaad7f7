// Package clienttest runs what clients of the server are tested with: the real
// binary, on a port and a store of its own, and npm for those that are written
// in TypeScript.
//
// It knows the server from outside alone: its command line, its log and its
// files.
package clienttest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// A Server is a development server that runs for one test.
type Server struct {
	// URL is where it is, without a path: http://127.0.0.1:PORT.
	URL string
	// Key is an API key of its.
	Key string

	tb          testing.TB
	binary, dir string
}

// Start builds the server and starts it on a free port with an empty store. It
// is stopped with the test, which fails when the server does not stop well.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, binary: filepath.Join(tb.TempDir(), "dialogs"), dir: filepath.Join(tb.TempDir(), "data")}
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", s.binary, "dialogs") //nolint:gosec // the test names the files
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("building the server: %v\n%s", err, out)
	}
	command := exec.Command(s.binary, "serve", "--dev", "--log-format", "json", "--listen", "127.0.0.1:0", "--store", s.dir) //nolint:gosec // the test names the files
	command.Env = withoutSettings(os.Environ())
	stderr, err := command.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatalf("starting the server: %v", err)
	}
	log := readLog(stderr)
	tb.Cleanup(func() { stop(tb, command, log) })
	select {
	case address := <-log.address:
		s.URL = "http://" + address
	case <-log.ended:
		tb.Fatal("the server ended before it served")
	case <-time.After(patience):
		tb.Fatal("the server does not say that it serves")
	}
	key, err := os.ReadFile(filepath.Join(s.dir, "development.key"))
	if err != nil {
		tb.Fatal(err)
	}
	s.Key = strings.TrimSpace(string(key))
	return s
}

// Token is a session token of the user.
func (s *Server) Token(user string) string {
	s.tb.Helper()
	out, err := exec.CommandContext(s.tb.Context(), s.binary, "token", user, "--store", s.dir).Output() //nolint:gosec // the test names the files
	if err != nil {
		s.tb.Fatalf("dialogs token %s: %v", user, err)
	}
	return strings.TrimSpace(string(out))
}

// withoutSettings drops what would set the server otherwise than by its flags.
func withoutSettings(environment []string) []string {
	var kept []string
	for _, entry := range environment {
		if !strings.HasPrefix(entry, "DIALOGS_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// stop ends the server as an operator would, and tells what it logged when
// the test failed.
func stop(tb testing.TB, command *exec.Cmd, log *serverLog) {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Errorf("stopping the server: %v", err)
	}
	select {
	case <-log.ended:
	case <-time.After(patience):
		tb.Error("the server does not stop")
		_ = command.Process.Kill()
		<-log.ended
	}
	if err := command.Wait(); err != nil {
		tb.Errorf("the server ended: %v", err)
	}
	if tb.Failed() {
		tb.Logf("the server's log:\n%s", log.text())
	}
}

// A serverLog is what a server writes to its standard error.
type serverLog struct {
	// address is told once.
	address chan string
	// ended is closed with the log.
	ended chan struct{}

	mu    sync.Mutex
	lines bytes.Buffer
}

func readLog(r io.Reader) *serverLog {
	log := &serverLog{address: make(chan string, 1), ended: make(chan struct{})}
	go func() {
		defer close(log.ended)
		told := false
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			log.add(lines.Bytes())
			var entry struct{ Msg, Address string }
			if !told && json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
				log.address <- entry.Address
				told = true
			}
		}
	}()
	return log
}

func (l *serverLog) add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines.Write(line)
	l.lines.WriteByte('\n')
}

func (l *serverLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}
