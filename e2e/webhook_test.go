package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialogs/dialog/dialogtest"
	"dialogs/servertest"
)

// A hook is the receiver of a webhook. It keeps the ids of what arrived.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	ids []string
}

func newHook(t testing.TB) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the server was killed
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids = append(h.ids, r.Header.Get("webhook-id"))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) arrived() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids)
}

func (h *hook) has(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.ids, id)
}

func (h *hook) await(t testing.TB, id string) {
	t.Helper()
	h.awaitAny(t, id, func(arrived string) bool { return arrived == id })
}

// awaitGap waits until the receiver is told of a gap in what a webhook delivers.
func (h *hook) awaitGap(t testing.TB, webhook string) {
	t.Helper()
	h.awaitAny(t, "a gap", func(arrived string) bool {
		return strings.HasPrefix(arrived, webhook+"_") && strings.HasSuffix(arrived, "_gap")
	})
}

func (h *hook) awaitAny(t testing.TB, what string, is func(id string) bool) {
	t.Helper()
	for deadline := time.Now().Add(servertest.Patience); !slices.ContainsFunc(h.arrived(), is); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not arrive, only %q", what, h.arrived())
		}
	}
}

// delivers adds a webhook of this machine and waits for a change.
func delivers(t *testing.T, s *servertest.Server) {
	t.Helper()
	receiver := newHook(t)
	key := servertest.WithKey(s.MustCLI("apikey", "create", "webhooks"))
	s.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`, map[string]any{"url": receiver.URL})
	made := s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "alice"}) { dialog { id } } }`, nil)
	var d struct{ Dialog struct{ ID string } }
	servertest.Decode(t, made.Data["createDialog"], &d)
	receiver.await(t, d.Dialog.ID+"_1")
}

// TestWebhookCrash kills the real binary in the middle of deliveries, again and again on
// one store: everything arrives, and the first arrivals of each dialog are in order.
func TestWebhookCrash(t *testing.T) {
	t.Parallel()
	dir, receiver := filepath.Join(t.TempDir(), "data"), newHook(t)
	const writers = 4
	var ids, tokens [writers]string
	var versions [writers]int
	var last [writers]string // the last change of each dialog that was acknowledged
	crashes := dialogtest.Times(3, 20)
	for crash := range crashes + 1 {
		p := process{servertest.SpawnAt(t, dir, "--webhook-allow", "127.0.0.1")}
		if crash == 0 {
			out := p.MustCLI("webhook", "add", receiver.URL, "--webhook-allow", "127.0.0.1")
			if !strings.Contains(out, "whsec_") {
				t.Fatalf("got %s", out)
			}
			for w := range writers {
				tokens[w] = p.MustCLI("token", fmt.Sprintf("u%d", w))
				answer := p.Must(servertest.WithToken(tokens[w]), `mutation { createDialog(input: {type: GROUP, name: "0"}) { dialog { id } } }`, nil)
				var made struct{ Dialog struct{ ID string } }
				servertest.Decode(t, answer.Data["createDialog"], &made)
				ids[w], versions[w] = made.Dialog.ID, 1
			}
		}
		if crash == crashes {
			for w := range writers { // a last change that says that all before it has arrived
				p.Must(servertest.WithToken(tokens[w]), `mutation($id: ID!) { updateDialog(id: $id, input: {name: "end"}) { dialog { version } } }`, map[string]any{"id": ids[w]})
				var d struct{ Version int }
				servertest.Decode(t, p.Must(servertest.WithToken(tokens[w]), `query($id: ID!) { dialog(id: $id) { version } }`, map[string]any{"id": ids[w]}).Data["dialog"], &d)
				versions[w] = d.Version
				receiver.await(t, fmt.Sprintf("%s_%d", ids[w], d.Version))
			}
			p.Kill()
			break
		}
		p.renameUntilKilled(tokens[:], ids[:], last[:], receiver)
	}
	arrived := receiver.arrived()
	for w := range writers {
		last := -1
		for v := range versions[w] {
			at := slices.Index(arrived, fmt.Sprintf("%s_%d", ids[w], v+1))
			if at <= last {
				t.Errorf("version %d of %s arrived at %d, after version %d at %d", v+1, ids[w], at, v, last)
			}
			last = at
		}
	}
}

// renameUntilKilled changes dialogs at the pace of the deliveries, and kills the server
// after some have arrived.
func (p process) renameUntilKilled(tokens, ids, last []string, receiver *hook) {
	p.Helper()
	before := receiver.distinct()
	var writing sync.WaitGroup
	for w := range ids {
		writing.Go(func() {
			for n := 0; ; n++ {
				// The server keeps 50 changes of a dialog: what is further behind would
				// be a gap.
				if n%10 == 0 && last[w] != "" && !receiver.hasBy(last[w], p.Ended()) {
					return
				}
				body, _ := json.Marshal(map[string]any{
					"query":     `mutation($id: ID!, $name: String) { updateDialog(id: $id, input: {name: $name}) { dialog { version } } }`,
					"variables": map[string]any{"id": ids[w], "name": fmt.Sprint(before, " ", n)},
				})
				answer, err := p.Try(servertest.WithToken(tokens[w]), body)
				if err != nil {
					return
				}
				var made struct{ Dialog struct{ Version int } }
				servertest.Decode(p, answer.Data["updateDialog"], &made)
				last[w] = fmt.Sprintf("%s_%d", ids[w], made.Dialog.Version)
			}
		})
	}
	for deadline := time.Now().Add(servertest.Patience); receiver.distinct() < before+40; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Errorf("only %d deliveries have arrived", receiver.distinct()-before)
			break
		}
	}
	p.Kill()
	writing.Wait()
}

// distinct counts what has arrived, without repetitions.
func (h *hook) distinct() int {
	ids := h.arrived()
	slices.Sort(ids)
	return len(slices.Compact(ids))
}

// hasBy waits for a delivery, and returns false when something has ended before.
func (h *hook) hasBy(id string, ended <-chan struct{}) bool {
	for {
		if slices.Contains(h.arrived(), id) {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestWebhookReceiverInGo runs the receiver that the documents show.
func TestWebhookReceiverInGo(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(document), "```go\n")
	code, _, _ = strings.Cut(code, "```")
	if !found {
		t.Fatal("the documents show no receiver in Go")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "receiver", "main.go")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil { // the receiver takes the port
		t.Fatal(err)
	}
	s := servertest.Start(t, "--webhook-allow", "127.0.0.1")
	key := servertest.WithKey(s.MustCLI("apikey", "create", "webhooks"))
	var made struct{ Secret string }
	servertest.Decode(t, s.Must(key, `mutation($url: String!) { createWebhook(input: {url: $url}) { secret } }`,
		map[string]any{"url": "http://" + address}).Data["createWebhook"], &made)
	receiver := exec.CommandContext(t.Context(), filepath.Join(dir, "receiver"), address)
	receiver.Env = append(os.Environ(), "WEBHOOK_SECRET="+made.Secret)
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = receiver.Wait() }()
	defer func() { _ = receiver.Process.Kill() }()
	for deadline := time.Now().Add(servertest.Patience); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the receiver does not listen")
		}
	}
	s.Must(key, `mutation { createDialog(input: {type: GROUP, name: "Lunch", ownerId: "alice"}) { dialog { id } } }`, nil)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, `_1 {"type":"dialog.created"`) {
		t.Errorf("the receiver printed %q, %v", line, err)
	}
}

// TestWebhookOnMongo delivers the changes of a MongoDB store.
func TestWebhookOnMongo(t *testing.T) {
	t.Parallel()
	delivers(t, servertest.StartOnMongo(t, "--webhook-allow", "127.0.0.1"))
}
