package e2e_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"dialogs/servertest"
)

// A balancer sends requests to instances that are ready, as load balancers do.
type balancer struct {
	testing.TB
	mu       sync.Mutex
	ready    []*servertest.Process
	out      map[*servertest.Process]bool
	running  map[*servertest.Process]*sync.WaitGroup
	next     int
	watching sync.WaitGroup
}

func newBalancer(tb testing.TB) *balancer {
	b := &balancer{TB: tb, out: map[*servertest.Process]bool{}, running: map[*servertest.Process]*sync.WaitGroup{}}
	tb.Cleanup(b.watching.Wait)
	return b
}

// add asks an instance whether it is ready, until it is gone. It returns when it is.
func (b *balancer) add(p *servertest.Process) {
	b.mu.Lock()
	b.running[p] = &sync.WaitGroup{}
	b.mu.Unlock()
	ready := make(chan struct{})
	b.watching.Go(func() { b.watch(p, sync.OnceFunc(func() { close(ready) })) })
	select {
	case <-ready:
	case <-time.After(servertest.Patience):
		b.Fatalf("an instance is not ready: %s", p.Stderr)
	}
}

func (b *balancer) watch(p *servertest.Process, seen func()) {
	for {
		response, err := p.Client.Get(p.URL + "/readyz")
		ready := err == nil && response.StatusCode == http.StatusOK
		if err == nil {
			_ = response.Body.Close()
		}
		if b.set(p, ready); ready {
			seen()
		}
		select {
		case <-p.Ended():
			b.set(p, false)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (b *balancer) set(p *servertest.Process, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var others []*servertest.Process
	for _, other := range b.ready {
		if other != p {
			others = append(others, other)
		}
	}
	if b.ready = others; ready && !b.out[p] {
		b.ready = append(b.ready, p)
	}
}

// remove sends nothing more to an instance, and waits for the requests that it has.
func (b *balancer) remove(p *servertest.Process) {
	b.mu.Lock()
	b.out[p] = true
	b.mu.Unlock()
	b.set(p, false)
	b.running[p].Wait()
}

// pick is an instance that is ready, one after the other, and what to call when the
// request to it is over.
func (b *balancer) pick() (*servertest.Process, func()) {
	for {
		b.mu.Lock()
		if n := len(b.ready); n > 0 {
			b.next++
			p := b.ready[b.next%n]
			running := b.running[p]
			running.Add(1)
			b.mu.Unlock()
			return p, running.Done
		}
		b.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
}

// try sends an operation to an instance that is ready.
func (b *balancer) try(h servertest.Header, body []byte) (servertest.Reply, error) {
	p, done := b.pick()
	defer done()
	return p.Try(h, body)
}

// must is try for an operation without errors.
func (b *balancer) must(h servertest.Header, query string) servertest.Reply {
	b.Helper()
	p, done := b.pick()
	defer done()
	return p.Must(h, query, nil)
}
