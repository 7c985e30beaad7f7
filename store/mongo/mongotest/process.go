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

// A process is a server that was started here. It ends when its standard
// input does: whoever holds the other end need not live to end it.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	port  int
	uri   string
	// guarded says that the command is a guard, which kills its server when
	// the standard input ends.
	guarded bool
	// durable says that what the server acknowledged is there after a kill.
	durable bool
}

// kill ends the server without a chance to say goodbye, and waits until it is
// gone.
func (p *process) kill() error {
	err := p.stdin.Close()
	if !p.guarded {
		err = p.cmd.Process.Kill()
	}
	_ = p.cmd.Wait() // tells that it was killed
	return err
}

// launch starts a command that ends with its standard input, and returns the
// first line that it prints.
func launch(cmd *exec.Cmd) (p *process, line string, err error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	// A file and no pipe: nothing may wait for the server to close it.
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
		return nil, "", fmt.Errorf("%s ended at once: %s", cmd.Path, strings.TrimSpace(string(said)))
	}
	return p, strings.TrimSpace(line), nil
}

// A Server is a server of the test's own, which the test may kill and start
// again.
type Server struct {
	t       testing.TB
	process *process
	dir     string
}

// Start starts a server for this test alone.
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

// URI is the address of a database on the server, the same after a restart.
func (s *Server) URI() string { return InDatabase(s.process.uri, "test") }

// Durable tells whether what was acknowledged is there after a kill; the
// stand-in loses everything.
func (s *Server) Durable() bool { return s.process.durable }

// Kill ends the server as a crash would.
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

// freePort is a port that was free a moment ago, for a server that can't be
// told to take one from the system.
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
