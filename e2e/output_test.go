package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"dialogs/servertest"
)

// serveInto runs a server whose log goes into a pipe, and returns the end from
// which the log is read, after the line that has the address.
func serveInto(t *testing.T) (server *servertest.Server, command *exec.Cmd, log *os.File) {
	t.Helper()
	log, into, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	store := filepath.Join(t.TempDir(), "data")
	command = exec.CommandContext(context.WithoutCancel(t.Context()), servertest.Binary(t), "serve", "--listen", "127.0.0.1:0", "--store", store, "--rate-limit", "0")
	command.Env = servertest.WithoutSettings(os.Environ())
	command.Stdout, command.Stderr = into, into
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReaderSize(log, 16).ReadString('\n')
	address := regexp.MustCompile(`msg=serving address=(\S+)`).FindStringSubmatch(line)
	if err != nil || address == nil {
		t.Fatalf("got the line %q, %v", line, err)
	}
	return &servertest.Server{TB: t, URL: "http://" + address[1], Store: store, Client: &http.Client{Timeout: servertest.Patience}}, command, log
}

func endsWell(t *testing.T, s *servertest.Server, command *exec.Cmd) {
	t.Helper()
	s.Client.CloseIdleConnections()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// TestLogClosed closes the pipe that the log goes into, as a supervisor does that is
// restarted.
func TestLogClosed(t *testing.T) {
	s, command, log := serveInto(t)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s.Must(nil, whoami, nil)
	}
	if err := command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s.Must(nil, whoami, nil)
	}
	endsWell(t, s, command)
}

// TestLogNotRead has nobody read the log: no request waits for that.
func TestLogNotRead(t *testing.T) {
	t.Parallel()
	s, command, _ := serveInto(t)
	long := "query q" + strings.Repeat("x", 199) + " { viewer { kind } }"
	for range 500 { // more than a pipe holds
		s.Must(nil, long, nil)
	}
	endsWell(t, s, command)
}

// TestOutputClosed runs commands whose output nobody reads to its end: they say
// nothing about it.
func TestOutputClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if result := servertest.Run(t, nil, "apikey", "create", "x", "--store", dir); result.Code != 0 {
		t.Fatal(result.Stderr)
	}
	for _, args := range []string{"--help", "serve --help", "version", "check", "apikey list", "token alice"} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = read.Close()
		words := strings.Fields(args)
		if !strings.Contains(args, "help") && args != "version" {
			words = append(words, "--store", dir)
		}
		command := exec.CommandContext(t.Context(), servertest.Binary(t), words...)
		command.Env = servertest.WithoutSettings(os.Environ())
		var stderr bytes.Buffer
		command.Stdout, command.Stderr = write, &stderr
		_ = command.Run() // SIGPIPE may end it
		_ = write.Close()
		state := command.ProcessState
		status, _ := state.Sys().(syscall.WaitStatus)
		if stderr.Len() > 0 || !state.Success() && status.Signal() != syscall.SIGPIPE {
			t.Errorf("dialogs %s: %v, %s", args, state, &stderr)
		}
	}
}
