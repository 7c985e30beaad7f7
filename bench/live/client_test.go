package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"dialogs/servertest"
)

// connecting is how many clients connect at a time.
const connecting = 64

// A receipt is the arrival of one change.
type receipt struct {
	id      string
	version int64
	at      time.Time
}

// A client is one subscriber. It never reconnects by itself.
type client struct {
	s           *server
	user, token string
	query       string // with an alias e, for its only field
	variables   map[string]any
	// window limits what the kernel receives for a client that does not read; 0
	// for the usual.
	window int

	ws *websocket.Conn

	mu       sync.Mutex
	receipts []receipt
	cursor   string
	caughtUp chan struct{} // closed when a version has arrived
	awaited  int64
}

// connect opens the WebSocket, and subscribes.
func (c *client) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*servertest.Patience)
	defer cancel()
	dialer := &net.Dialer{}
	transport := &http.Transport{
		ReadBufferSize: 512, WriteBufferSize: 512, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok && c.window > 0 {
				err = tcp.SetReadBuffer(c.window)
			}
			return conn, err
		},
	}
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, c.s.URL+"/graphql", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return err
	}
	c.ws = ws
	ws.SetReadLimit(-1)
	subscribe, err := json.Marshal(map[string]any{
		"id": "1", "type": "subscribe", "payload": map[string]any{"query": c.query, "variables": c.variables},
	})
	if err != nil {
		return err
	}
	if err := ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"connection_init","payload":{"QB-Token":%q}}`, c.token)); err != nil {
		return err
	}
	if _, _, err := ws.Read(ctx); err != nil {
		return err
	}
	if err := ws.Write(ctx, websocket.MessageText, subscribe); err != nil {
		return err
	}
	// An answer to this means that the server has read what came before.
	return ws.Write(ctx, websocket.MessageText, []byte(`{"type":"ping"}`))
}

// follow reads until the connection ends, which it returns.
func (c *client) follow(ctx context.Context) error {
	for {
		_, text, err := c.ws.Read(ctx)
		if err != nil {
			return err
		}
		at := time.Now()
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		switch m.Type {
		case "pong":
			continue
		case "next":
		default:
			return fmt.Errorf("got %s", text)
		}
		var payload struct {
			Data struct {
				E struct {
					DialogID, Cursor string
					Change           struct{ Version int64 }
				}
			}
		}
		if err := json.Unmarshal(m.Payload, &payload); err != nil {
			return err
		}
		e := payload.Data.E
		c.mu.Lock()
		c.receipts = append(c.receipts, receipt{e.DialogID, e.Change.Version, at})
		c.cursor = e.Cursor
		if c.caughtUp != nil && e.Change.Version >= c.awaited {
			close(c.caughtUp)
			c.caughtUp = nil
		}
		c.mu.Unlock()
	}
}

func (c *client) received() []receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]receipt(nil), c.receipts...)
}

// connectAll connects all clients, some at a time.
func (l *load) connectAll(clients []*client) {
	l.Helper()
	var all sync.WaitGroup
	places := make(chan struct{}, connecting)
	for _, c := range clients {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := c.connect(l.Context()); err != nil {
				l.Errorf("%s: %v", c.user, err)
			}
		})
	}
	all.Wait()
	if l.Failed() {
		l.FailNow()
	}
}

// followAll connects all clients, some at a time, and has each read from then on, until
// stop is called. It returns when all are connected.
func (l *load) followAll(clients []*client) (stop func()) {
	l.Helper()
	connected, stop := l.beginFollowing(clients, connecting)
	connected.Wait()
	if l.Failed() {
		stop()
		l.FailNow()
	}
	return stop
}

// beginFollowing is followAll without waiting.
func (l *load) beginFollowing(clients []*client, atATime int) (connected *sync.WaitGroup, stop func()) {
	ctx, cancel := context.WithCancel(l.Context())
	connected = &sync.WaitGroup{}
	var all sync.WaitGroup
	places := make(chan struct{}, atATime)
	for _, c := range clients {
		connected.Add(1)
		all.Go(func() {
			places <- struct{}{}
			err := c.connect(ctx)
			<-places
			connected.Done()
			if err == nil {
				err = c.follow(ctx)
				_ = c.ws.CloseNow()
			}
			if ctx.Err() == nil {
				l.Errorf("%s: %v", c.user, err)
			}
		})
	}
	return connected, func() {
		cancel()
		all.Wait()
	}
}

// awaitAll waits until each client has had as many events as wanted. It does not wait
// forever: who lacks some is counted later.
func (l *load) awaitAll(clients []*client, want func(c *client) int) {
	deadline := time.Now().Add(servertest.Patience)
	for _, c := range clients {
		for len(c.received()) < want(c) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
	}
}
