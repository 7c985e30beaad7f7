package mongotest

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Proxy relays connections to a MongoDB and counts them.
type Proxy struct {
	// URI is the database's address through the proxy.
	URI string

	delay time.Duration

	mu         sync.Mutex
	open, peak int
	paused     bool
	changed    chan struct{}
}

// NewProxy relays to the server of a URI with one host. Each answer is delayed,
// so that requests overlap.
func NewProxy(t testing.TB, uri string, delay time.Duration) *Proxy {
	t.Helper()
	before, database, after := split(uri)
	scheme, rest, _ := strings.Cut(strings.TrimSuffix(before, "/"), "://")
	at := strings.LastIndex(rest, "@") + 1
	credentials, host := rest[:at], rest[at:]
	if scheme != "mongodb" || strings.Contains(host, ",") {
		t.Skipf("NOT RUN: %s: needs a MONGODB_URI of one host", t.Name())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{delay: delay, changed: make(chan struct{}, 1)}
	if !strings.Contains(after, "directConnection=") { // else the driver would ask the server for its address
		after = "?directConnection=true" + strings.Replace(after, "?", "&", 1)
	}
	p.URI = "mongodb://" + credentials + listener.Addr().String() + "/" + database + after
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil { // closed with the test
				return
			}
			relays.Go(func() { p.relay(client, host) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		relays.Wait()
	})
	return p
}

// Peak is the most connections that were open at once.
func (p *Proxy) Peak() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak
}

// AwaitOpen waits until at least n connections are open.
func (p *Proxy) AwaitOpen(t testing.TB, n int) {
	t.Helper()
	for deadline := time.After(patience); ; {
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		if open >= n {
			return
		}
		select {
		case <-p.changed:
		case <-deadline:
			t.Fatalf("%d connections are open, want at least %d", open, n)
		}
	}
}

// Pause keeps back every answer from now on, like a network that loses packets.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = true
}

func (p *Proxy) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

// relay copies in both directions until one side closes.
func (p *Proxy) relay(client net.Conn, host string) {
	p.count(1)
	defer p.count(-1)
	server, err := net.Dial("tcp", host)
	if err != nil {
		_ = client.Close()
		return
	}
	var requests sync.WaitGroup
	requests.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	defer requests.Wait()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		time.Sleep(p.delay) // stands for a server that is far away
		if p.isPaused() && err == nil {
			continue
		}
		if _, failed := client.Write(answer[:n]); err != nil || failed != nil {
			break
		}
	}
	_ = server.Close()
	_ = client.Close()
}

func (p *Proxy) count(by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += by
	p.peak = max(p.peak, p.open)
	select {
	case p.changed <- struct{}{}:
	default:
	}
}
