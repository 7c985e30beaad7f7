package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"dialogs/api"
	"dialogs/auth"
	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/edge"
	"dialogs/live"
	"dialogs/store/memory"
)

// pipes is a listener whose connections are in memory, so that a test can have a clock of
// its own.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
}

type pipeEnd struct{ net.Conn }

func (pipeEnd) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return pipeEnd{conn}, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.over); return nil }
func (p *pipes) Addr() net.Addr { return pipeEnd{}.RemoteAddr() }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// A watcher is a client with a stream.
type watcher struct {
	code ws.StatusCode // 0 for an event stream
	at   time.Time     // when it ended
	err  error
}

// watch opens a stream and stays on it until it ends.
func watch(conn net.Conn, header, credentials string, webSocket bool) (w watcher) {
	defer func() { w.at = time.Now() }()
	defer func() { _ = conn.Close() }()
	from := bufio.NewReader(conn)
	if !webSocket {
		w.err = watchStream(conn, from, header+": "+credentials)
		return w
	}
	w.code, w.err = watchSocket(conn, from, map[string]string{header: credentials})
	return w
}

const subscription = `{"query":"subscription { dialogsChanged { dialogId } }"}`

func watchStream(conn net.Conn, from *bufio.Reader, header string) error {
	_, err := fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: test\r\n%s\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		header, len(subscription), subscription)
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || strings.Contains(string(text), "event:") {
		return fmt.Errorf("got status %d and %s (%w)", response.StatusCode, text, err)
	}
	return nil // how the connection of an event stream ends does not matter
}

func watchSocket(conn net.Conn, from *bufio.Reader, payload map[string]string) (ws.StatusCode, error) {
	if _, err := io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return 0, fmt.Errorf("got status %d", response.StatusCode)
	}
	send := func(op ws.OpCode, text []byte) error {
		return ws.WriteFrame(conn, ws.MaskFrameInPlaceWith(ws.NewFrame(op, true, text), [4]byte{1, 2, 3, 4}))
	}
	initial, err := json.Marshal(map[string]any{"type": "connection_init", "payload": payload})
	if err != nil {
		return 0, err
	}
	if err := send(ws.OpText, initial); err != nil {
		return 0, err
	}
	for {
		header, err := ws.ReadHeader(from)
		if err != nil {
			return 0, err
		}
		content := make([]byte, header.Length)
		if _, err := io.ReadFull(from, content); err != nil {
			return 0, err
		}
		switch {
		case header.OpCode == ws.OpPing:
			err = send(ws.OpPong, content)
		case header.OpCode == ws.OpClose:
			code, _ := ws.ParseCloseFrameData(content)
			return code, send(ws.OpClose, content[:2])
		case strings.Contains(string(content), `"connection_ack"`):
			err = send(ws.OpText, []byte(`{"type":"subscribe","id":"1","payload":`+subscription+`}`))
		default:
			err = fmt.Errorf("got %s", content)
		}
		if err != nil {
			return 0, err
		}
	}
}

// served is a server with its store in memory, on a listener of its own.
type served struct {
	parts
	listener *pipes
	secret   []byte
	// stop tells the server to stop.
	stop context.CancelFunc
}

func (s *settings) serveInMemory(t *testing.T) *served {
	t.Helper()
	v := &served{listener: &pipes{conns: make(chan net.Conn), over: make(chan struct{})}, secret: []byte(strings.Repeat("s", 32))}
	p := &v.parts
	p.log, p.requests, p.answers, p.metrics = slog.New(slog.DiscardHandler), budget.NewRequests(s.memory), budget.NewAnswers(s.memory), s.newMetrics()
	p.store = live.Announce(memory.NewStore(), func() { p.hub.Wake() })
	p.lanes = s.laned(p.store)
	p.service = s.newService(p.lanes)
	p.hub = live.NewHub(live.Options{Store: p.store, Service: p.service, Now: s.now, Log: p.log})
	p.prober = edge.NewProber(p.store.Ping, time.Second, s.now, p.log)
	p.limiter = edge.NewRateLimiter(s.rateLimit, s.rateLimitKey, s.now)
	p.authenticator = v.instance(t)
	var err error
	if p.minter, err = auth.NewMinter([][]byte{v.secret}, s.now, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if p.webhooks, err = newAdmin(p.store, [][]byte{v.secret}, s.webhookTargets, s.now); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopping, stop := context.WithCancel(context.Background())
	v.stop = stop
	server := &http.Server{
		Handler: s.handler(*p), ReadHeaderTimeout: time.Second,
		BaseContext: func(net.Listener) context.Context { return api.WithStopping(context.Background(), stopping) },
	}
	var running sync.WaitGroup
	running.Go(func() { p.hub.Run(ctx) })
	running.Go(func() {
		if err := server.Serve(v.listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		stop()
		running.Wait()
	})
	return v
}

// instance is what an instance of the server on this store checks credentials with.
func (v *served) instance(t *testing.T) *auth.Authenticator {
	t.Helper()
	a, err := auth.New(t.Context(), auth.Config{
		Secrets: [][]byte{v.secret}, Keys: v.store, Sessions: v.store, SessionMax: time.Hour, Now: time.Now, Log: v.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// TestStreamsEndWithTheirCredentials: when a token expires, its session ends or a key is
// revoked, on this instance or on another one, each WebSocket is closed with 4403 within 5
// seconds, and each event stream ends without complete, no matter when it began.
func TestStreamsEndWithTheirCredentials(t *testing.T) {
	const (
		lifetime = 30 * time.Second
		within   = 5 * time.Second
		streams  = 40
	)
	type credentials struct{ header, text string }
	session := func(t *testing.T, v *served) credentials {
		token, _, err := v.minter.Mint("alice", lifetime)
		if err != nil {
			t.Fatal(err)
		}
		return credentials{"QB-Token", token}
	}
	key := func(t *testing.T, v *served) credentials {
		text, record, err := auth.NewAPIKey("backend", time.Now(), rand.Reader)
		if err == nil {
			err = v.store.AddAPIKey(t.Context(), record)
		}
		if err != nil {
			t.Fatal(err)
		}
		return credentials{"Authorization", "ApiKey " + text}
	}
	endOn := func(instance func(*testing.T, *served) *auth.Authenticator) func(*testing.T, *served, credentials) {
		return func(t *testing.T, v *served, c credentials) {
			a := instance(t, v)
			identity, err := a.Authenticate(t.Context(), http.Header{"Qb-Token": {c.text}})
			if err == nil {
				err = a.EndSession(t.Context(), identity)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		reason string
		as     func(*testing.T, *served) credentials
		end    func(*testing.T, *served, credentials)
	}{
		{"a token that expires", session, func(*testing.T, *served, credentials) {}},
		{"a session that ends here", session, endOn(func(_ *testing.T, v *served) *auth.Authenticator { return v.authenticator })},
		{"a session that ends on another instance", session, endOn(func(t *testing.T, v *served) *auth.Authenticator { return v.instance(t) })},
		{"the sessions of a user who is suspended on another instance", session, func(t *testing.T, v *served, _ credentials) {
			if err := v.instance(t).SuspendUser(t.Context(), "alice", true); err != nil {
				t.Fatal(err)
			}
		}},
		{"a key that is revoked", key, func(t *testing.T, v *served, _ credentials) {
			if err := v.store.RemoveAPIKey(t.Context(), "backend"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := defaults(t)
				v := s.serveInMemory(t)
				began := time.Now()
				as := test.as(t, v)
				ends := make(chan watcher, streams)
				for i := range streams {
					go func() { ends <- watch(v.listener.dial(), as.header, as.text, i%2 == 0) }()
					time.Sleep(lifetime / 2 / streams)
				}
				synctest.Wait()
				time.Sleep(lifetime/3 + 123*time.Millisecond)
				if len(ends) > 0 {
					t.Fatalf("a stream ended at once: %+v", <-ends)
				}
				ended := time.Now()
				if test.end(t, v, as); test.reason == "a token that expires" {
					ended = began.Add(lifetime)
				}
				for range streams {
					w := <-ends
					if after := w.at.Sub(ended); w.err != nil || w.code != 0 && w.code != 4403 || after < 0 || after > within {
						t.Errorf("%v after the end: %+v", after, w)
					}
				}
			})
		})
	}
}

// TestStreamsEndSpread: when the server stops, its streams end one after the other within the
// first half of the grace: WebSockets with 1012, and none of their subscriptions is completed.
func TestStreamsEndSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			streams = 400
			callers = 8
			parts   = 4
		)
		s := defaults(t)
		s.grace, s.rateLimit = 400*time.Millisecond, 0
		v := s.serveInMemory(t)
		ends := make(chan watcher, streams)
		for i := range streams {
			token, _, err := v.minter.Mint(dialog.UserID(fmt.Sprint(i%callers)), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			go func() { ends <- watch(v.listener.dial(), "QB-Token", token, i%2 == 0) }()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if len(ends) > 0 {
			t.Fatalf("a stream ended at once: %+v", <-ends)
		}
		stopped := time.Now()
		v.stop()
		var ended [parts]int
		for range streams {
			w := <-ends
			after := w.at.Sub(stopped)
			if w.err != nil || w.code != 0 && w.code != 1012 || after > s.grace/2 {
				t.Fatalf("%v after the stop: %+v", after, w)
			}
			ended[min(parts-1, after*parts/(s.grace/2))]++
		}
		for _, n := range ended { // by chance, a part has 100, give or take 9
			if n < streams/parts/2 || n > streams/parts*3/2 {
				t.Errorf("in each quarter of the time, this many have ended: %v", ended)
			}
		}
	})
}
