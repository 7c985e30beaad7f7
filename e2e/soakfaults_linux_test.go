package e2e_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// A fault is something that goes wrong around the server, and ends.
type fault struct {
	name, what string
	only       string // the store that can have it; empty for all
	needsDisk  bool
	happen     func(*soak)
}

// faultFor is how long a fault lasts.
func faultFor() time.Duration {
	if *soakFor > 0 {
		return 3 * time.Second
	}
	return time.Second
}

var (
	serverKilled = fault{name: "server killed", what: "SIGKILL, and started again at the same store", happen: func(s *soak) {
		time.Sleep(faultFor())
		s.Load().Kill()
		s.spawn()
	}}
	logGone = fault{name: "log target gone", what: "the pipe that takes the log is closed, and stays closed", happen: func(s *soak) {
		admin(s.T, s.Load().Server) // its address is in the log
		s.Load().CloseLog()
	}}
)

var faults = []fault{
	{name: "server frozen", what: "SIGSTOP, and SIGCONT", happen: func(s *soak) {
		s.Load().Signal(syscall.SIGSTOP)
		time.Sleep(faultFor())
		s.Load().Signal(syscall.SIGCONT)
	}},
	{name: "store frozen", what: "another process holds the lock of the database", only: "embedded", happen: func(s *soak) {
		unlock := lockStore(s.T, s.Load().Server)
		time.Sleep(faultFor())
		unlock()
	}},
	{name: "store frozen", what: "the database takes commands and never answers", only: "MongoDB", happen: func(s *soak) {
		s.gatewayFor(mongotest.Reaction{Silent: true})
	}},
	{name: "store killed", what: "the database closes all connections, and each on the next command", only: "MongoDB", happen: func(s *soak) {
		s.gatewayFor(mongotest.Reaction{Close: true})
	}},
	{name: "disk full", what: "a file takes all that is left of the disk (tmpfs)", only: "embedded", needsDisk: true, happen: func(s *soak) {
		ballast := filepath.Join(s.disk, "ballast")
		file, err := os.Create(ballast)
		if err != nil {
			s.Fatal(err)
		}
		block := make([]byte, 4096)
		for err == nil {
			_, err = file.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			s.Errorf("filling the disk: %v", err)
		}
		time.Sleep(faultFor())
		_ = file.Close()
		if err := os.Remove(ballast); err != nil {
			s.Error(err)
		}
	}},
	{name: "clock set forward", what: "by 20 minutes, and back", happen: func(s *soak) {
		s.setClock(20 * time.Minute)
		time.Sleep(faultFor())
		s.setClock(0)
	}},
	{name: "clock set back", what: "to 20 minutes before the token was created, and forward", happen: func(s *soak) {
		s.early.Store(true)
		s.setClock(-time.Since(s.signedIn) - 20*time.Minute)
		s.untilToken("not valid yet", func(err error) bool { return errors.Is(err, errRefused) })
		time.Sleep(faultFor())
		s.setClock(0)
		s.untilToken("valid again", func(err error) bool { return err == nil })
		s.early.Store(false)
	}},
	{name: "slow and half-open clients", what: "send half a request, or read no answer, and stay", happen: func(s *soak) {
		for _, w := range append(wasters, slowBody, slowReader) {
			for range 5 {
				conn := s.dial()
				if conn == nil {
					continue
				}
				defer func() { _ = conn.Close() }()
				if _, err := io.WriteString(conn, w.sent); err != nil {
					s.Errorf("%s: %v", w.reason, err)
				}
			}
		}
		time.Sleep(faultFor())
	}},
	{name: "many connections", what: "at the same time, with TLS and two requests each", happen: func(s *soak) {
		s.crowd.Lock() // the files that the test may open are enough for one store
		defer s.crowd.Unlock()
		crowd := *soakConnections
		if !s.warm { // Go keeps what each goroutine needs, so that later as many need nothing more
			crowd += crowd / 20
		}
		conns := make([]net.Conn, crowd)
		each := func(do func(i int)) {
			var all sync.WaitGroup
			for n := range dialers {
				all.Go(func() {
					for i := n; i < len(conns); i += dialers {
						do(i)
					}
				})
			}
			all.Wait()
		}
		const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		each(func(i int) {
			if conns[i] = s.dial(); conns[i] != nil {
				_, _ = io.WriteString(conns[i], request)
			}
		})
		time.Sleep(faultFor())
		each(func(i int) { // the second request shows that the connection is still open
			conn := conns[i]
			if conn == nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
			answers := bufio.NewReader(conn)
			for n := range 2 {
				if answer, err := http.ReadResponse(answers, nil); err != nil || answer.StatusCode != http.StatusOK {
					s.wrong("request %d of one of many connections got %v, %v", n+1, answer, err)
					return
				} else if _, err = io.Copy(io.Discard, answer.Body); err != nil {
					s.wrong("the answer to request %d of one of many connections: %v", n+1, err)
					return
				}
				if n == 0 {
					_, _ = io.WriteString(conn, request)
				}
			}
		})
	}},
	{name: "certificate renewed", what: "both files are replaced, and new connections get the new one", happen: func(s *soak) {
		serial := time.Now().UnixNano()
		s.certificate.Renew(s.T, serial)
		server{s.Load().Server}.untilSerial(s.T, serial)
	}},
}

// gatewayFor lets the database react in another way for a time.
func (s *soak) gatewayFor(r mongotest.Reaction) {
	s.gateway.React(func(string) mongotest.Reaction { return r })
	if r.Close {
		s.gateway.Hangup()
	}
	time.Sleep(faultFor())
	s.gateway.React(func(string) mongotest.Reaction { return mongotest.Pass() })
	s.gateway.Hangup() // what was never answered would wait for a timeout
}

// setClock sets how far the clock of the server is ahead.
func (s *soak) setClock(ahead time.Duration) {
	if _, err := fmt.Fprintln(s.clock, ahead); err != nil {
		s.Errorf("setting the clock: %v", err)
	}
}

// untilToken waits for what the server says to a session token.
func (s *soak) untilToken(state string, is func(error) bool) {
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(10 * time.Millisecond) {
		_, err := s.graphql(s.token, whoami, nil)
		if is(err) {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("the token is not %s: %v", state, err)
		}
	}
}

// dialers is how many connections are opened at the same time.
const dialers = 8

// dial opens a connection with TLS; nil if that fails.
func (s *soak) dial() net.Conn {
	s.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.Load().URL, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		s.Errorf("connecting: %v", err)
		return nil
	}
	return conn
}
