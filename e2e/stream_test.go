package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/servertest"
)

// A socket is the client's end of a WebSocket.
type socket struct {
	testing.TB
	*websocket.Conn
}

// dialSocket opens a WebSocket; header is that of the upgrade.
func dialSocket(t *testing.T, s *servertest.Server, header servertest.Header) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, s.URL+"/graphql", &websocket.DialOptions{
		HTTPClient: s.Client, HTTPHeader: h, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &socket{t, ws}
}

// connectSocket opens a WebSocket with credentials in connection_init.
func connectSocket(t *testing.T, s *servertest.Server, header servertest.Header) *socket {
	t.Helper()
	ws := dialSocket(t, s, nil)
	payload := map[string]string{}
	for i := 0; i+1 < len(header); i += 2 {
		payload[header[i]] = header[i+1]
	}
	ws.send(map[string]any{"type": "connection_init", "payload": payload})
	if kind, text := ws.next(); kind != "connection_ack" {
		t.Fatalf("got %s, want connection_ack", text)
	}
	return ws
}

func (s *socket) send(message map[string]any) {
	s.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.Write(s.Context(), websocket.MessageText, text); err != nil {
		s.Fatal(err)
	}
}

func (s *socket) subscribe(id, query string) {
	s.Helper()
	s.send(map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": query}})
}

// next is the next message and its type.
func (s *socket) next() (kind, text string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), servertest.Patience)
	defer cancel()
	_, raw, err := s.Read(ctx)
	if err != nil {
		s.Fatal(err)
	}
	var m struct{ Type string }
	servertest.Decode(s, raw, &m)
	return m.Type, string(raw)
}

// ends expects that the connection is closed with a code, after any messages.
func (s *socket) ends(code int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), servertest.Patience)
	defer cancel()
	for {
		_, raw, err := s.Read(ctx)
		var closed websocket.CloseError
		if errors.As(err, &closed) && int(closed.Code) == code {
			return
		}
		if err != nil {
			s.Fatalf("got %v, want the code %d", err, code)
		}
		if strings.Contains(string(raw), `"complete"`) {
			s.Errorf("got %s before the end", raw)
		}
	}
}

// answer sends a query and returns its data.
func (s *socket) answer(query string) string {
	s.Helper()
	s.subscribe("query", query)
	kind, text := s.next()
	if kind == "next" {
		if after, _ := s.next(); after != "complete" {
			s.Fatalf("got %s after %s", after, text)
		}
	}
	return text
}

// position is a cursor from which nothing is missed.
func (s *socket) position() string {
	s.Helper()
	var answer struct {
		Payload struct {
			Data struct{ DialogChanges struct{ Cursor string } }
		}
	}
	servertest.Decode(s, []byte(s.answer(`{ dialogChanges { cursor } }`)), &answer)
	return answer.Payload.Data.DialogChanges.Cursor
}

// newGroup makes a group of alice and bob.
func newGroup(t *testing.T, s *servertest.Server) string {
	t.Helper()
	reply := s.Must(servertest.WithToken(s.Token("alice")), `mutation { createDialog(input: { type: GROUP, name: "Lunch", occupantIds: ["bob"] }) { dialog { id } } }`, nil)
	var created struct{ Dialog struct{ ID string } }
	servertest.Decode(t, reply.Data["createDialog"], &created)
	return created.Dialog.ID
}

// TestLive has two people watch what a third client changes: the events arrive in
// order, and a member who is removed learns that and nothing more.
func TestLive(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := newGroup(t, s.Server)
	alice := connectSocket(t, s.Server, servertest.WithToken(s.Token("alice")))
	bob := dialSocket(t, s.Server, servertest.WithToken(s.Token("bob")))
	bob.send(map[string]any{"type": "connection_init"})
	if kind, text := bob.next(); kind != "connection_ack" {
		t.Fatalf("got %s", text)
	}
	for _, ws := range []*socket{alice, bob} {
		ws.subscribe("1", `subscription { dialogsChanged(after: `+strconv.Quote(ws.position())+`) { dialog { name } change { kind } } }`)
	}
	as := servertest.WithToken(s.Token("alice"))
	// One after the other: what changes before a subscription has begun would be one
	// event.
	for _, change := range []struct {
		input string
		want  map[*socket]string
	}{
		{`name: "Dinner"`, map[*socket]string{alice: `"name":"Dinner"`, bob: `"name":"Dinner"`}},
		{`name: "Supper"`, map[*socket]string{alice: `"name":"Supper"`, bob: `"name":"Supper"`}},
		{`removeOccupants: ["bob"]`, map[*socket]string{alice: `"name":"Supper"`, bob: `"dialog":null`}},
		{`name: "Alone"`, map[*socket]string{alice: `"name":"Alone"`}},
	} {
		s.Must(as, `mutation { updateDialog(id: "`+id+`", input: { `+change.input+` }) { replayed } }`, nil)
		for ws, want := range change.want {
			if kind, text := ws.next(); kind != "next" || !strings.Contains(text, want) || !strings.Contains(text, "UPDATED") {
				t.Errorf("got %s, want %s", text, want)
			}
		}
	}
	if text := bob.answer(`{ viewer { userId } }`); !strings.Contains(text, `"bob"`) {
		t.Errorf("got %s, want nothing before the answer", text)
	}
}

// TestSignedOut closes the WebSockets of ended sessions, revoked keys and expired
// tokens within 5 seconds, and ends their event streams.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	token, key := s.Token("alice"), s.MustCLI("apikey", "create", "backend")
	short, lasting := s.MustCLI("token", "bob", "--ttl", "2s"), s.MustCLI("apikey", "create", "lasting")
	sockets := map[string]*socket{
		"an ended session": connectSocket(t, s.Server, servertest.WithToken(token)),
		"a revoked key":    connectSocket(t, s.Server, servertest.OnBehalf(key, "carol")),
		"an expired token": connectSocket(t, s.Server, servertest.WithToken(short)),
		"ended at once":    connectSocket(t, s.Server, servertest.WithToken(s.Token("dora"))),
		"a suspended user": connectSocket(t, s.Server, servertest.OnBehalf(lasting, "erin")),
	}
	streams := map[string]io.Reader{
		"an ended session": watchEvents(t, s.Server, servertest.WithToken(token)),
		"a revoked key":    watchEvents(t, s.Server, servertest.WithKey(key)),
		"an expired token": watchEvents(t, s.Server, servertest.WithToken(short)),
	}
	if answer := s.Do(http.MethodDelete, "/session.json", servertest.WithToken(token), nil); answer.Status != http.StatusOK {
		t.Fatalf("got status %d: %s", answer.Status, answer.Body)
	}
	s.MustCLI("apikey", "revoke", "backend")
	s.Must(servertest.WithKey(lasting), `mutation { endUserSessions(userId: "dora") { userId } suspendUser(userId: "erin") { suspended } }`, nil)
	start := time.Now()
	for reason, ws := range sockets {
		ws.ends(4403)
		if took := time.Since(start); took > 10*time.Second { // twice what is promised: the machine may be busy
			t.Errorf("%s: it took %s", reason, took)
		}
	}
	for reason, stream := range streams {
		if text := readAll(t, stream); strings.Contains(text, "complete") {
			t.Errorf("%s: got %s", reason, text)
		}
	}
	if text := readAll(t, watchEvents(t, s.Server, servertest.WithToken(token))); !strings.Contains(text, "UNAUTHENTICATED") {
		t.Errorf("got %s", text)
	}
}

// watchEvents subscribes to all dialogs by server-sent events.
func watchEvents(t *testing.T, s *servertest.Server, header servertest.Header) io.Reader {
	t.Helper()
	return askEvents(t, s, header, "subscription { dialogsChanged { dialogId } }")
}

// askEvents asks for server-sent events.
func askEvents(t *testing.T, s *servertest.Server, header servertest.Header, query string) io.Reader {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := s.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response.Body
}

// readAll is what is left of an answer until it ends, however that is.
func readAll(t *testing.T, stream io.Reader) string {
	t.Helper()
	all := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(stream) // the connection may be cut
		all <- string(text)
	}()
	select {
	case text := <-all:
		return text
	case <-time.After(servertest.Patience):
		t.Fatal("the stream does not end")
		return ""
	}
}

// TestStopWithStreams stops the real program while clients wait: they are told to
// connect again, nothing is completed, and the program ends well.
func TestStopWithStreams(t *testing.T) {
	t.Parallel()
	p := servertest.Spawn(t)
	as := servertest.WithToken(p.Token("alice"))
	ws := connectSocket(t, p.Server, as)
	ws.subscribe("1", `subscription { dialogsChanged { dialogId } }`)
	ws.answer(`{ viewer { kind } }`)
	events := watchEvents(t, p.Server, as)
	p.Signal(syscall.SIGTERM)
	ws.ends(1012)
	if text := readAll(t, events); strings.Contains(text, "complete") {
		t.Errorf("got %s", text)
	}
	if state := p.AwaitEnd(); state.ExitCode() != 0 {
		t.Errorf("the server ended with %q: %s", state, p.Stderr)
	}
	for _, want := range []string{`"msg":"operation finished"`, `"end":"cut off"`, `"close_code":1012`} {
		if !strings.Contains(p.Stderr.String(), want) {
			t.Errorf("the log does not have %s: %s", want, p.Stderr)
		}
	}
}
