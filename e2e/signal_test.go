package e2e_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestSIGTERM stops the real program as a service manager does, with and
// without TLS. A death by the signal itself is not a clean stop.
func TestSIGTERM(t *testing.T) {
	certificate := servertest.NewCertificate(t, 1)
	for name, args := range map[string][]string{
		"HTTP":  nil,
		"HTTPS": {"--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile},
	} {
		t.Run(name, func(t *testing.T) {
			p := servertest.Spawn(t, args...)
			p.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			if status, body := p.Get("/readyz"); status != http.StatusOK {
				t.Fatalf("got %d: %s", status, body)
			}
			p.Signal(syscall.SIGTERM)
			state := p.AwaitEnd()
			if status, ok := state.Sys().(syscall.WaitStatus); !ok || !status.Exited() || status.ExitStatus() != 0 {
				t.Errorf("the server ended with %q, want an exit with 0: %s", state, p.Stderr)
			}
			lines := strings.Split(strings.TrimSpace(p.Stderr.String()), "\n")
			if !strings.Contains(p.Stderr.String(), `"msg":"stopping"`) || !strings.Contains(lines[len(lines)-1], `"msg":"stopped"`) {
				t.Errorf("got the log %s", p.Stderr)
			}
			next := servertest.StartAt(t, p.Store) // the store is free again
			if status, body := next.Get("/readyz"); status != http.StatusOK {
				t.Errorf("after a clean stop: got %d: %s", status, body)
			}
		})
	}
}

// TestSecondSignal interrupts the real program twice: the first time it waits
// for a request that does not end, the second time it ends at once.
func TestSecondSignal(t *testing.T) {
	p := servertest.Spawn(t, "--shutdown-grace", "1h", "--store-timeout", "1h", "--request-timeout", "1h")
	waitingForStore(t, p.Server)
	p.Signal(os.Interrupt)
	p.Stderr.Await(t, `"msg":"stopping"`)
	// An impatient operator: the kernel may deliver the first of these while
	// the server is about to let go of the signal.
	again, enough := time.NewTicker(20*time.Millisecond), time.After(servertest.Patience)
	defer again.Stop()
	for {
		select {
		case <-p.Ended():
			if state := p.Command.ProcessState.String(); state != "signal: interrupt" {
				t.Errorf("the server ended with %q, want the signal to have ended it", state)
			}
			return
		case <-again.C:
			p.Signal(os.Interrupt)
		case <-enough:
			t.Fatal("the server swallows the second signal")
		}
	}
}

// waitingForBody begins a request whose body the server waits for.
func waitingForBody(t *testing.T, s *servertest.Server, length int, headers string) *bufferedConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bufferedConn{Conn: conn, r: bufio.NewReader(conn)}
	if _, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\n"+headers+"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: "+strconv.Itoa(length)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := b.r.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q and error %v, want the server to wait for the body", line, err)
	}
	if _, err := b.r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return b
}

// A bufferedConn is a connection with what was read ahead.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}
