package e2e_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"dialogs/servertest"
)

// TestStrangersDoNotLockOutSockets: strangers use up what their address may send without
// credentials, and all connections. Callers at the same address, who sign in after the
// upgrade as browsers do, are still served.
func TestStrangersDoNotLockOutSockets(t *testing.T) {
	p := servertest.Spawn(t, "--rate-limit", "3", "--max-connections", "20", "--max-connections-per-address", "10")
	honest := servertest.WithToken(p.Token("honest"))
	for limited := false; !limited; {
		answer, err := p.TryDo(http.MethodPost, "/graphql", nil, []byte(`{"query": "{ viewer { kind } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		limited = answer.Status == http.StatusTooManyRequests
	}
	for range 10 {
		dialSocket(t, p.Server, nil)
	}
	for range 3 {
		ws := connectSocket(t, p.Server, honest)
		if got := ws.answer("{ viewer { userId } }"); !strings.Contains(got, "honest") {
			t.Errorf("got %s", got)
		}
		_ = ws.CloseNow()
		dialSocket(t, p.Server, nil) // in its place
	}
}

// TestUnusedSocketsEnd: a WebSocket without credentials that does nothing is closed soon.
func TestUnusedSocketsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, "--ping-interval", "1h")
	silent, idle := dialSocket(t, s.Server, nil), dialSocket(t, s.Server, nil)
	idle.send(map[string]any{"type": "connection_init"})
	silent.ends(4408)
	idle.ends(4401)
}

// TestStopsDespiteSockets tells a server to stop while the client of a WebSocket does not
// read the answers to its queries.
func TestStopsDespiteSockets(t *testing.T) {
	t.Parallel()
	p := servertest.Spawn(t, "--rate-limit", "0", "--write-timeout", "1h", "--ping-interval", "1h", "--shutdown-grace", "1h")
	alice := servertest.WithToken(p.Token("alice"))
	for range 10 {
		makeLargeGroup(t, p.Server, alice)
	}
	narrow := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(16 << 10)
		}
		return conn, err
	}}}
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(t.Context(), p.URL+"/graphql", &websocket.DialOptions{HTTPClient: narrow, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(16 << 20)
	stuck := &socket{t, ws}
	stuck.send(map[string]any{"type": "connection_init", "payload": map[string]string{alice[0]: alice[1]}})
	if kind, text := stuck.next(); kind != "connection_ack" {
		t.Fatal(text)
	}
	for _, id := range strings.Split("abcdef", "") {
		stuck.subscribe(id, "{ dialogs(first: 10) { nodes { id occupantIds } } }")
	}
	if kind, text := stuck.next(); kind != "next" { // the first answer; the others are not read
		t.Fatal(text)
	}
	p.Signal(syscall.SIGTERM)
	if state := p.AwaitEnd(); !state.Success() {
		t.Errorf("the server ended with %s: %s", state, p.Stderr)
	}
}

// TestPreflightsAreNotLimited: strangers send many preflight requests. Pages at the same
// address still get permission, and neither preflight requests nor requests of strangers for
// what does not exist are logged at the level info.
func TestPreflightsAreNotLimited(t *testing.T) {
	t.Parallel()
	p := servertest.Spawn(t, "--rate-limit", "2", "--allow-origins", "https://app.example")
	preflight := servertest.Header{"Origin", "https://app.example", "Access-Control-Request-Method", "POST"}
	for range 20 {
		for _, path := range []string{"/graphql", "/chat/Dialog.json"} {
			answer, err := p.TryDo(http.MethodOptions, path, preflight, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Status != http.StatusNoContent {
				t.Fatalf("got the status %d: %s", answer.Status, answer.Body)
			}
		}
	}
	for _, r := range [][2]string{{http.MethodGet, "/chat/nothing"}, {http.MethodDelete, "/graphql"}, {http.MethodGet, "/nothing"}, {http.MethodGet, "/healthz"}} {
		if _, err := p.TryDo(r[0], r[1], nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	p.Must(servertest.WithToken(p.Token("honest")), whoami, nil)
	p.Stderr.Await(t, `"user":"honest"`)
	if n := strings.Count(p.Stderr.String(), `"msg":"request finished"`); n != 1 {
		t.Errorf("%d requests were logged, want 1: %s", n, p.Stderr)
	}
}
