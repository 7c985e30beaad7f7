package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSecondSignal interrupts the real binary twice: the first time it waits
// for a request that does not end, the second time it goes at once.
func TestSecondSignal(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "dialogs")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := spawn(t, binary, filepath.Join(t.TempDir(), "data"), "--shutdown-grace", "1h")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q and error %v, want the server to wait for the body", line, err)
	}
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.stderr.await(t, `"msg":"stopping"`)
	p.once.Do(func() {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = p.command.Wait() // the state tells more
		}()
		// An impatient operator: the kernel may hand the first of them over
		// while the server is about to let go of the signal.
		again, enough := time.NewTicker(20*time.Millisecond), time.After(patience)
		defer again.Stop()
		for {
			select {
			case <-ended:
				if state := p.command.ProcessState.String(); state != "signal: interrupt" {
					t.Errorf("the server ended with %q, want the signal to have ended it", state)
				}
				return
			case <-again.C:
				_ = p.command.Process.Signal(os.Interrupt) // it may have ended by now
			case <-enough:
				t.Error("the server swallows the second signal")
				_ = p.command.Process.Kill()
				<-ended
				return
			}
		}
	})
}
