package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/servertest"
	"dialogs/store/mongo/mongotest"
)

// A balancer sends requests to instances that are ready, as load balancers do.
type balancer struct {
	testing.TB
	mu    sync.Mutex
	ready []*servertest.Process
	next  int
}

// watch asks an instance whether it is ready, until it is gone.
func (b *balancer) watch(p *servertest.Process) {
	for {
		response, err := p.Client.Get(p.URL + "/readyz")
		ready := err == nil && response.StatusCode == http.StatusOK
		if err == nil {
			_ = response.Body.Close()
		}
		b.set(p, ready)
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
	if b.ready = others; ready {
		b.ready = append(b.ready, p)
	}
}

// pick is an instance that is ready, one after the other.
func (b *balancer) pick() *servertest.Process {
	for {
		b.mu.Lock()
		if n := len(b.ready); n > 0 {
			b.next++
			p := b.ready[b.next%n]
			b.mu.Unlock()
			return p
		}
		b.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
}

// TestRollingRestart replaces both instances of a server under load, one after the other:
// no request fails, and no subscriber misses a change.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	store, secret := mongotest.URI(t), rand.Text()+rand.Text()
	b := &balancer{TB: t}
	var watching sync.WaitGroup
	defer watching.Wait()
	spawn := func() *servertest.Process {
		p := servertest.SpawnAt(t, store, "--secret", secret, "--drain-delay", "3s", "--rate-limit", "0")
		watching.Go(func() { b.watch(p) })
		return p
	}
	first, second := spawn(), spawn()
	token := servertest.WithToken(servertest.Run(t, []string{"DIALOGS_SECRET=" + secret}, "token", "alice", "--store", store).Stdout)

	const dialogs = 3
	var ids [dialogs]string
	var made, seen [dialogs]atomic.Int64 // the versions that were acknowledged and seen last
	for i := range ids {
		var created struct{ Dialog struct{ ID string } }
		servertest.Decode(t, b.pick().Must(token, `mutation { createDialog(input: {type: GROUP, name: "0"}) { dialog { id } } }`, nil).Data["createDialog"], &created)
		ids[i] = created.Dialog.ID
		made[i].Store(1)
	}
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for i := range ids {
		writers.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if made[i].Load()-seen[i].Load() > 20 { // the server keeps 50 changes for whoever reconnects
					time.Sleep(time.Millisecond)
					n--
					continue
				}
				body := fmt.Sprintf(`{"query": "mutation { updateDialog(id: \"%s\", input: {name: \"%d\"}) { dialog { version } } }"}`, ids[i], n)
				reply, err := b.pick().Try(token, []byte(body))
				if err != nil || reply.Status != http.StatusOK || len(reply.Errors) > 0 {
					t.Errorf("a request failed: %v, status %d: %s", err, reply.Status, reply.Body)
					return
				}
				made[i].Add(1)
			}
		})
	}
	written := make(chan struct{})
	for i := range ids {
		readers.Go(func() {
			f := reconnecting{id: ids[i], token: token[1], seen: 1, told: &seen[i]}
			for !f.follow(t, b.pick().URL, written, func() bool {
				select {
				case <-written:
					return f.seen >= made[i].Load()
				default:
					return false
				}
			}) {
			}
		})
	}
	for _, old := range []*servertest.Process{first, second} {
		spawn()
		old.Signal(syscall.SIGTERM)
		if state := old.AwaitEnd(); state.ExitCode() != 0 {
			t.Errorf("an instance ended with %d: %s", state.ExitCode(), old.Stderr)
		}
	}
	close(stop)
	writers.Wait()
	for i := range ids { // a last change, so that whoever waits for one looks again
		b.pick().Must(token, `mutation { updateDialog(id: "`+ids[i]+`", input: {name: "last"}) { replayed } }`, nil)
		made[i].Add(1)
	}
	close(written)
	readers.Wait()
	for _, p := range b.all() {
		p.Signal(syscall.SIGTERM)
	}
}

func (b *balancer) all() []*servertest.Process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*servertest.Process(nil), b.ready...)
}

// A reconnecting client subscribes to a dialog, and continues after what it has seen when its
// connection ends.
type reconnecting struct {
	id, token string
	seen      int64
	told      *atomic.Int64 // what was seen, for others
}

// follow reads events over one connection. It reports whether all was seen.
func (f *reconnecting) follow(t *testing.T, url string, written <-chan struct{}, all func() bool) (over bool) {
	timeout, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	ctx, wake := context.WithCancel(timeout) // when all is written, everything may have been seen
	defer wake()
	select {
	case <-written:
	default:
		go func() {
			select {
			case <-written:
				wake()
			case <-ctx.Done():
			}
		}()
	}
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, url+"/graphql", &websocket.DialOptions{
		HTTPHeader: http.Header{"QB-Token": {f.token}}, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return timeout.Err() != nil
	}
	defer func() { _ = ws.CloseNow() }()
	query := fmt.Sprintf(`subscription { dialogChanged(id: %q, sinceVersion: %d) { change { version } } }`, f.id, f.seen)
	message, _ := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": query}})
	if ws.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init"}`)) != nil || ws.Write(ctx, websocket.MessageText, message) != nil {
		return false
	}
	for !all() {
		_, raw, err := ws.Read(ctx)
		if err != nil {
			if timeout.Err() != nil {
				t.Errorf("nothing came after version %d", f.seen)
				return true
			}
			return false
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if json.Unmarshal(raw, &m) != nil || m.Type == "error" {
			t.Errorf("got %s", raw)
			return true
		}
		if m.Type == "ping" {
			_ = ws.Write(ctx, websocket.MessageText, []byte(`{"type":"pong"}`))
		}
		if m.Type != "next" {
			continue
		}
		var event struct {
			Data struct {
				DialogChanged struct{ Change struct{ Version int64 } }
			}
		}
		if json.Unmarshal(m.Payload, &event) != nil || event.Data.DialogChanged.Change.Version != f.seen+1 {
			t.Errorf("got %s after version %d", raw, f.seen)
			return true
		}
		f.seen++
		f.told.Store(f.seen)
	}
	return true
}
