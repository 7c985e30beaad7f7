package e2e_test

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"dialogs/servertest"
)

// TestTrace follows one request from the client to the store.
func TestTrace(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := start(t, "--trace-endpoint", c.url, "--webhook-allow", "127.0.0.1")
	token := s.Token("alice-of-the-trace")
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	header := append(servertest.WithToken(token), "traceparent", "00-"+trace+"-"+parent+"-01")
	s.Must(header, `mutation Hidden($n: String) { createDialog(input: {type: GROUP, name: $n}) { dialog { id } } }`, map[string]any{"n": "hidden name"})
	answer := s.Do(http.MethodGet, "/chat/Dialog.json", header, nil)
	if answer.Status != http.StatusOK {
		t.Fatalf("got status %d: %s", answer.Status, answer.Body)
	}
	s.Stop()
	child := func(of *otlp.Span, name string) *otlp.Span {
		return c.find(t, "the name "+name+" in "+of.Name, func(s *otlp.Span) bool {
			return s.Name == name && bytes.Equal(s.ParentSpanId, of.SpanId)
		})
	}
	request := c.await(t, "POST /graphql")
	if hex.EncodeToString(request.TraceId) != trace || hex.EncodeToString(request.ParentSpanId) != parent {
		t.Errorf("the trace is %x in %x, want the client's", request.TraceId, request.ParentSpanId)
	}
	child(child(child(request, "mutation"), "createDialog"), "store.Create")
	child(c.await(t, "GET /chat/"), "store.Dialogs")
	for _, span := range c.all() {
		for _, secret := range []string{token, "alice-of-the-trace", "hidden name", "Hidden"} {
			if contains(span, secret) || span.Name == secret {
				t.Errorf("the span %s has %q in %v", span.Name, secret, span.Attributes)
			}
		}
	}
}

// TestTraceOfWebSocket follows operations of a WebSocket: each has a span of its own in the
// trace of the request that opened the connection.
func TestTraceOfWebSocket(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := start(t, "--trace-endpoint", c.url)
	token := s.Token("alice")
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4737", "00f067aa0ba902b8"
	ws := dialSocket(t, s.Server, append(servertest.WithToken(token), "traceparent", "00-"+trace+"-"+parent+"-01"))
	ws.send(map[string]any{"type": "connection_init"})
	if kind, text := ws.next(); kind != "connection_ack" {
		t.Fatalf("got %s", text)
	}
	ws.subscribe("live", `subscription { dialogsChanged(after: `+strconv.Quote(ws.position())+`) { dialogId } }`)
	ws.subscribe("made", `mutation { createDialog(input: {type: GROUP, name: "hidden name"}) { created } }`)
	for n := 0; n < 3; n++ { // the result, its end and the event
		if kind, text := ws.next(); kind != "next" && kind != "complete" {
			t.Fatalf("got %s", text)
		}
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	s.Stop()
	in := func(name string, parent []byte) *otlp.Span {
		return c.find(t, "the name "+name+" in "+hex.EncodeToString(parent), func(s *otlp.Span) bool {
			return s.Name == name && hex.EncodeToString(s.TraceId) == trace && bytes.Equal(s.ParentSpanId, parent)
		})
	}
	opened, err := hex.DecodeString(parent)
	if err != nil {
		t.Fatal(err)
	}
	connection := in("GET /graphql", opened)
	for operation, field := range map[string]string{"query": "dialogChanges", "mutation": "createDialog"} {
		in(field, in(operation, connection.SpanId).SpanId)
	}
	in("subscription", connection.SpanId)
	in("store.Create", in("createDialog", in("mutation", connection.SpanId).SpanId).SpanId)
	for _, span := range c.all() {
		for _, secret := range []string{token, "alice", "hidden name"} {
			if contains(span, secret) || span.Name == secret {
				t.Errorf("the span %s has %q in %v", span.Name, secret, span.Attributes)
			}
		}
	}
}

// TestTraceOfWebhook follows deliveries to their receiver, which can continue their traces.
func TestTraceOfWebhook(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := start(t, "--trace-endpoint", c.url, "--webhook-allow", "127.0.0.1")
	received := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case received <- r.Header.Get("traceparent"):
			w.WriteHeader(http.StatusAccepted)
		default: // only one is delivered
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(receiver.Close)
	s.MustCLI("webhook", "add", receiver.URL+"/secret-path", "--webhook-allow", "127.0.0.1")
	newGroup(t, s.Server)
	delivered := c.find(t, "the name webhook and the receiver's status", func(s *otlp.Span) bool {
		return s.Name == "webhook" && slices.ContainsFunc(s.Attributes, func(a *common.KeyValue) bool {
			return a.Key == "http.response.status_code" && a.Value.GetIntValue() == http.StatusAccepted
		})
	})
	if want := "00-" + hex.EncodeToString(delivered.TraceId) + "-" + hex.EncodeToString(delivered.SpanId) + "-01"; <-received != want || delivered.Kind != otlp.Span_SPAN_KIND_CLIENT {
		t.Errorf("the receiver got another trace than %s, or the span is of the kind %v", want, delivered.Kind)
	}
	received <- "" // the receiver is full: it breaks the connection
	newGroup(t, s.Server)
	c.find(t, "the name webhook and a failure", func(s *otlp.Span) bool {
		return s.Name == "webhook" && contains(s, "unreachable") && s.Status.Code == otlp.Status_STATUS_CODE_ERROR
	})
	for _, span := range c.all() {
		if contains(span, "secret-path") || contains(span, strings.TrimPrefix(receiver.URL, "http://")) {
			t.Errorf("the span %s has the address of the receiver: %v", span.Name, span.Attributes)
		}
	}
}

// TestTracesOff profiles everything that a server allocates while it serves both APIs, a
// WebSocket and a webhook: without a collector, nothing is for traces.
func TestTracesOff(t *testing.T) {
	t.Parallel()
	c, receiver := newCollector(t), newHook(t)
	for _, tt := range []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{"--trace-endpoint", c.url}, true}, // or this test would see nothing
	} {
		dir := filepath.Join(t.TempDir(), "data")
		args := []string{
			"serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--store", dir,
			"--admin-listen", "127.0.0.1:0", "--admin-pprof", "--webhook-allow", "127.0.0.1",
		}
		p := process{servertest.Launch(t, servertest.Program(t, servertest.Binary(t), []string{"GODEBUG=memprofilerate=1"}, append(args, tt.args...)...), dir, "http")}
		p.MustCLI("webhook", "add", receiver.URL, "--webhook-allow", "127.0.0.1")
		header := servertest.WithToken(p.MustCLI("token", "alice"))
		socket := dialSocket(t, p.Server, header)
		socket.send(map[string]any{"type": "connection_init"})
		if kind, text := socket.next(); kind != "connection_ack" {
			t.Fatalf("got %s", text)
		}
		before := receiver.distinct()
		id := newGroup(t, p.Server)
		p.Must(header, `mutation { updateDialog(id: "`+id+`", input: {name: "Dinner"}) { replayed } }`, nil)
		if answer := p.Do(http.MethodGet, "/chat/Dialog.json", header, nil); answer.Status != http.StatusOK {
			t.Fatalf("got status %d: %s", answer.Status, answer.Body)
		}
		for deadline := time.Now().Add(servertest.Patience); receiver.distinct() < before+2; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing is delivered")
			}
		}
		_, profile := ask(t, p.Server, "/debug/pprof/heap?gc=1")
		file, traced := filepath.Join(t.TempDir(), "heap"), ""
		write(t, file, profile)
		profile = shell(t, ".", "go tool pprof -sample_index=alloc_objects -traces "+file)
		for record := range strings.SplitSeq(profile, "-----------+-") { // the stack of everything that was allocated
			if (strings.Contains(record, "go.opentelemetry.io/") || strings.Contains(record, "dialogs/observe.(*Tracer)")) && !strings.Contains(record, "runtime.doInit") {
				traced = record
			}
		}
		if (traced != "") != tt.want || !strings.Contains(profile, "dialogs/graph.") {
			t.Errorf("%v: allocated for traces: %q", tt.args, traced)
		}
		p.Kill()
	}
}
