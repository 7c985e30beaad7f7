package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialogs/servertest"
)

// BenchmarkWebhooks measures deliveries through the whole server, on the same machine as
// the receiver and the writers:
//   - delay: from the acknowledgement of a change to its delivery, at 50 changes a second
//   - rate: deliveries a second while 64 clients write as fast as they can
//   - dead: what a change costs, and how much memory the server takes, while everything
//     waits behind a receiver that does not answer
func BenchmarkWebhooks(b *testing.B) {
	b.Run("delay", func(b *testing.B) {
		h := newBenchHook(b)
		s := h.server
		delays := make([]float64, 0, b.N)
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for i := range b.N {
			<-pace.C
			id := h.ids[i%len(h.ids)]
			version := s.rename(b, h.token, id, fmt.Sprint(i))
			acknowledged := time.Now()
			arrived := h.wait(b, fmt.Sprintf("%s_%d", id, version))
			delays = append(delays, max(0, arrived.Sub(acknowledged)).Seconds()*1000)
		}
		slices.Sort(delays)
		b.ReportMetric(delays[len(delays)/2], "p50-ms")
		b.ReportMetric(delays[len(delays)*99/100], "p99-ms")
	})
	b.Run("rate", func(b *testing.B) {
		h := newBenchHook(b)
		before := h.count.Load()
		b.ResetTimer()
		h.write(b, b.N)
		for deadline := time.Now().Add(time.Minute); h.count.Load()-before < int64(b.N); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("%d of %d were delivered", h.count.Load()-before, b.N)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	})
	for _, dead := range []bool{false, true} {
		b.Run(fmt.Sprintf("dead=%v", dead), func(b *testing.B) {
			servertest.NeedUsage(b)
			h := newBenchHook(b)
			if dead {
				h.Close()
			}
			memory := h.server.process.Usage().Memory
			b.ResetTimer()
			h.write(b, b.N)
			b.ReportMetric(float64(h.server.process.Usage().Memory-memory)/(1<<20), "MiB-more")
		})
	}
}

// A benchHook is a server with a webhook, and the receiver.
type benchHook struct {
	*httptest.Server
	server benchServer
	token  servertest.Header
	ids    []string
	count  atomic.Int64
	mu     sync.Mutex
	at     map[string]time.Time
}

type benchServer struct {
	*servertest.Server
	process *servertest.Process
}

func newBenchHook(b *testing.B) *benchHook {
	h := &benchHook{at: map[string]time.Time{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h.mu.Lock()
		h.at[r.Header.Get("webhook-id")] = time.Now()
		h.mu.Unlock()
		h.count.Add(1)
	}))
	b.Cleanup(h.Close)
	p := servertest.Spawn(b, "--rate-limit", "0", "--quota-dialogs-per-day", "0", "--webhook-allow", "127.0.0.1")
	h.server = benchServer{p.Server, p}
	h.server.Client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	h.token = servertest.WithToken(p.MustCLI("token", "alice"))
	p.MustCLI("webhook", "add", h.URL, "--webhook-allow", "127.0.0.1")
	for range 1000 {
		answer := p.Must(h.token, `mutation { createDialog(input: {type: GROUP, name: "Lunch"}) { dialog { id } } }`, nil)
		var made struct{ Dialog struct{ ID string } }
		servertest.Decode(b, answer.Data["createDialog"], &made)
		h.ids = append(h.ids, made.Dialog.ID)
	}
	for _, id := range h.ids {
		h.wait(b, id+"_1")
	}
	return h
}

func (s benchServer) rename(tb testing.TB, token servertest.Header, id, name string) int {
	tb.Helper()
	var d struct{ Dialog struct{ Version int } }
	servertest.Decode(tb, s.Must(token, benchUpdate, map[string]any{"id": id, "name": name}).Data["updateDialog"], &d)
	return d.Dialog.Version
}

// write makes n changes from 64 clients, each dialog in turn.
func (h *benchHook) write(b *testing.B, n int) {
	b.Helper()
	var next atomic.Int64
	var writing sync.WaitGroup
	for range 64 {
		writing.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				h.server.rename(b, h.token, h.ids[i%len(h.ids)], fmt.Sprint(i))
			}
		})
	}
	writing.Wait()
}

// wait waits for a delivery and returns when it came.
func (h *benchHook) wait(b *testing.B, id string) time.Time {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Microsecond) {
		h.mu.Lock()
		at, ok := h.at[id]
		h.mu.Unlock()
		if ok {
			return at
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s was not delivered", id)
		}
	}
}
