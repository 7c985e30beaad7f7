package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"dialogs/servertest"
)

// connecting is how many clients connect at a time, as long as nothing has gone wrong.
const connecting = 64

// A receipt is the arrival of one change.
type receipt struct {
	id      string
	version int64
	at      time.Time
}

// A client is one subscriber. It connects again as npm graphql-ws does: after 1 s, 2 s,
// 4 s and so on, each time with 0.3 to 3 s more at random. Unlike that, it never gives up.
type client struct {
	s           *server
	user, token string
	query       string // with an alias e, for its only field
	variables   map[string]any
	// window limits what the kernel receives for a client that does not read; 0
	// for the usual.
	window int

	mu       sync.Mutex // guards what follows
	conn     *conn
	receipts []receipt
	cursor   string // of the latest event, if the query selects it
	version  int64  // of the latest event
	retries  int    // connections that were lost or refused
	failure  error  // for which no client would try again
}

// connect opens the WebSocket, and subscribes.
func (c *client) connect(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*servertest.Patience)
	defer cancel()
	made, err := dial(ctx, c.s.URL, c.window)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, made.close)()
	if err := c.subscribe(made); err != nil {
		made.close()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = made
	return made, nil
}

func (c *client) subscribe(over *conn) error {
	variables := map[string]any{}
	for name, value := range c.variables {
		variables[name] = value
	}
	c.mu.Lock()
	if c.cursor != "" {
		variables["after"] = c.cursor
	}
	if c.version > 0 {
		variables["since"] = c.version
	}
	c.mu.Unlock()
	subscribe, err := json.Marshal(map[string]any{
		"id": "1", "type": "subscribe", "payload": map[string]any{"query": c.query, "variables": variables},
	})
	if err != nil {
		return err
	}
	if err := over.write(ws.OpText, fmt.Appendf(nil, `{"type":"connection_init","payload":{"QB-Token":%q}}`, c.token)); err != nil {
		return err
	}
	if _, err := over.read(); err != nil {
		return err
	}
	if err := over.write(ws.OpText, subscribe); err != nil {
		return err
	}
	// An answer to this means that the server has read what came before.
	return over.write(ws.OpText, []byte(`{"type":"ping"}`))
}

// errFatal is an end after which no client tries again.
var errFatal = errors.New("ended for good")

// follow reads until the connection ends, and returns why.
func (c *client) follow(ctx context.Context, over *conn) error {
	defer context.AfterFunc(ctx, over.close)()
	for {
		text, err := over.read()
		if err != nil {
			return err
		}
		at := time.Now()
		var m struct {
			Type    string
			Payload struct {
				Data struct {
					E struct {
						DialogID, Cursor string
						Change           struct{ Version int64 }
					}
				}
			}
		}
		switch err := json.Unmarshal(text, &m); m.Type {
		case "pong":
			continue
		case "next":
			if err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: got %s", errFatal, text)
		}
		e := m.Payload.Data.E
		c.mu.Lock()
		c.receipts = append(c.receipts, receipt{e.DialogID, e.Change.Version, at})
		c.cursor, c.version = e.Cursor, e.Change.Version
		c.mu.Unlock()
	}
}

// run follows until ctx ends, over as many connections as it takes. connected is called
// after the first one; gate has to be open before another attempt.
func (c *client) run(ctx context.Context, gate *gate, connected func()) {
	once := sync.OnceFunc(connected)
	defer once()
	for attempt := 0; ; attempt++ {
		over, err := c.connect(ctx)
		if err == nil {
			attempt = 0
			once()
			err = c.follow(ctx, over)
			over.close()
		}
		if ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		c.retries++
		if isFatal(err) {
			c.failure = err
		}
		c.mu.Unlock()
		if isFatal(err) || !gate.pass(ctx) {
			return
		}
		pause := time.Second<<min(attempt, 5) + 300*time.Millisecond + rand.N(2700*time.Millisecond)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// isFatal tells whether clients give up at this end.
func isFatal(err error) bool {
	var end closed
	if errors.As(err, &end) {
		switch end.code {
		case 4400, 4401, 4406, 4409, 4429, 4500, 1002, 1003, 1007, 1008, 1009, 1010, 1011:
			return true
		}
	}
	return errors.Is(err, errFatal)
}

// A gate holds back clients that want to connect again, while it is closed.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // nil while it is open
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.opened)
	g.opened = nil
}

func (g *gate) pass(ctx context.Context) bool {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened == nil {
		return true
	}
	select {
	case <-opened:
		return true
	case <-ctx.Done():
		return false
	}
}

// cut breaks the connection as a network does.
func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.close()
	}
}

func (c *client) received() []receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]receipt(nil), c.receipts...)
}

func (c *client) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.receipts)
}

// connectAll connects all clients, some at a time. They don't read.
func (l *load) connectAll(clients []*client) {
	l.Helper()
	l.parallel(len(clients), func(i int) {
		if _, err := clients[i].connect(l.Context()); err != nil {
			l.Errorf("%s: %v", clients[i].user, err)
		}
	})
	if l.Failed() {
		l.FailNow()
	}
}

// parallel runs n tasks, some at a time.
func (l *load) parallel(n int, run func(i int)) {
	var all sync.WaitGroup
	places := make(chan struct{}, connecting)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			run(i)
		})
	}
	all.Wait()
}

// A following is clients that follow.
type following struct {
	l       *load
	clients []*client
	gate    gate
	cancel  context.CancelFunc
	all     sync.WaitGroup
}

// follow connects all clients, some at a time, and has each follow from then on, until
// stop is called. It returns when all are connected.
func (l *load) follow(clients []*client) *following {
	l.Helper()
	ctx, cancel := context.WithCancel(l.Context())
	f := &following{l: l, clients: clients, cancel: cancel}
	l.parallel(len(clients), func(i int) {
		connected := make(chan struct{})
		f.all.Go(func() { clients[i].run(ctx, &f.gate, func() { close(connected) }) })
		<-connected
	})
	return f
}

// stop ends all connections. Ends for good are failures.
func (f *following) stop() {
	f.cancel()
	f.all.Wait()
	for _, c := range f.clients {
		if c.failure != nil {
			f.l.Errorf("%s: %v", c.user, c.failure)
		}
	}
}

// retries is how often clients have connected again.
func (f *following) retries() (n int) {
	for _, c := range f.clients {
		c.mu.Lock()
		n += c.retries
		c.mu.Unlock()
	}
	return n
}

// awaitAll waits until each client has had as many events as wanted. It does not wait
// forever: what is missing then counts as lost.
func (l *load) awaitAll(clients []*client, want int) {
	deadline := time.Now().Add(2 * servertest.Patience)
	for _, c := range clients {
		for c.count() < want && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}
