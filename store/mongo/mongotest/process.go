package mongotest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A process is a server that this package has started. It ends when its standard
// input is closed, also because the test binary was killed.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	port  int
	uri   string
	// guarded means that the command is a guard, which kills its server when
	// the standard input is closed.
	guarded bool
	// durable means that acknowledged writes survive a kill.
	durable bool
}

// kill kills the server and waits until it is gone.
func (p *process) kill() error {
	err := p.stdin.Close()
	if !p.guarded {
		err = p.cmd.Process.Kill()
	}
	_ = p.cmd.Wait() // returns that it was killed
	return err
}

// launch starts a command that ends when its standard input is closed, and returns
// the first line that it prints.
func launch(cmd *exec.Cmd) (p *process, line string, err error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	// A file, not a pipe: nothing may wait until the server closes it.
	stderr, err := os.CreateTemp("", "mongotest-*.log")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = stderr.Close(); _ = os.Remove(stderr.Name()) }()
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	p = &process{cmd: cmd, stdin: stdin}
	line, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = p.kill()
		said, _ := os.ReadFile(stderr.Name())
		return nil, "", fmt.Errorf("%s failed to start: %s", cmd.Path, strings.TrimSpace(string(said)))
	}
	return p, strings.TrimSpace(line), nil
}

// A Server is a server for one test, which may kill and restart it.
type Server struct {
	t       testing.TB
	process *process
	dir     string
}

// Start starts a server for this test only.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir()}
	s.start(0)
	t.Cleanup(func() {
		if s.process != nil {
			s.Kill()
		}
	})
	return s
}

func (s *Server) start(port int) {
	s.t.Helper()
	p, err := start(s.dir, port)
	failIfMissing(s.t, err)
	s.process = p
}

// URI returns the address of a database on the server, the same after a restart.
func (s *Server) URI() string { return InDatabase(s.process.uri, "test") }

// Durable reports whether acknowledged writes survive a kill. The stand-in loses
// everything.
func (s *Server) Durable() bool { return s.process.durable }

// Kill ends the server like a crash.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.process.kill(); err != nil {
		s.t.Errorf("killing the MongoDB of the test: %v", err)
	}
}

// Restart starts the server again after Kill, at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	s.start(s.process.port)
}

// freePort returns a port that was free a moment ago, for a server that can't ask
// the system for one.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	return port, l.Close()
}
