package graph_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/graph"
	"dialogs/live"
	"dialogs/store/lanes"
	"dialogs/store/memory"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// A streaming is the handler on a TCP port, with subscriptions.
type streaming struct {
	*fixture
	server *httptest.Server
	// stop tells the handler that the server is stopping.
	stop    context.CancelFunc
	callers *fakeCallers
	store   *overloadable
}

// An overloadable store can fail to read changes, like an overloaded one.
type overloadable struct {
	dialog.Store
	overloaded atomic.Bool
	refused    atomic.Int64
}

func (o *overloadable) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	if o.overloaded.Load() {
		o.refused.Add(1)
		return dialog.ChangesPage{}, dialog.ErrUnavailable(errors.New("overloaded"))
	}
	return o.Store.ChangesSince(ctx, q)
}

// fakeCallers accept a user id as the credential, in connection_init or in the header
// User.
type fakeCallers struct {
	revoked atomic.Bool
	away    atomic.Bool  // sign-in is unavailable
	asked   atomic.Int64 // how often it was tried in that time
	charger api.Charger
}

func (f *fakeCallers) SignIn(ctx context.Context, upgrade http.Header, payload map[string]any) (context.Context, error) {
	if f.away.Load() {
		f.asked.Add(1)
		return nil, &api.Refusal{Code: api.Unavailable, Message: "the store did not answer in time: try again"}
	}
	name, _ := payload["user"].(string)
	switch name {
	case "mallory":
		return nil, &api.Refusal{Code: api.Unauthenticated, Message: "invalid session token: expired"}
	case "two":
		return nil, &api.Refusal{Code: api.BadUserInput, Message: "QB-Token is sent more than once"}
	case "busy":
		return nil, &api.Refusal{Code: api.RateLimited, Message: "too many failed sign-ins"}
	case "":
		name = upgrade.Get("User")
	}
	if f.charger != nil {
		ctx = api.WithCharger(ctx, f.charger)
	}
	return context.WithValue(ctx, callerKey{}, dialog.Caller{User: dialog.UserID(name)}), nil
}

func (f *fakeCallers) Home(context.Context) string { return "192.0.2.1/32" }

func (f *fakeCallers) Check(contexts []context.Context) []error {
	refused := make([]error, len(contexts))
	for i := range refused {
		if f.revoked.Load() {
			refused[i] = &api.Refusal{Code: api.Unauthenticated, Message: "invalid session token: expired"}
		}
	}
	return refused
}

func stream(t *testing.T, change func(*graph.Config)) *streaming {
	t.Helper()
	s := &streaming{callers: &fakeCallers{}, store: &overloadable{Store: memory.NewStore(dialogtest.Class())}}
	var hub *live.Hub
	var service *dialog.Service
	store := live.Announce(s.store, func() { hub.Wake() })
	s.fixture = openWith(t, store, func(c *graph.Config) {
		laned := lanes.New(store, lanes.Options{Lanes: 1, Waiting: 100, Rows: 1 << 20})
		service = dialog.NewService(laned, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
		hub = live.NewHub(live.Options{Store: store, CatchUp: laned, Service: service, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		c.Service, c.Hub, c.Streams = service, hub, graph.DefaultStreams()
		c.Streams.Callers, c.Streams.Spread = s.callers, time.Millisecond
		change(c)
	})
	s.service = service
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	stopping, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.server = httptest.NewUnstartedServer(s.handler)
	base, cutOff := context.WithCancel(api.WithStopping(context.Background(), stopping))
	s.server.Config.BaseContext = func(net.Listener) context.Context { return base }
	s.server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if tcp, ok := conn.(*net.TCPConn); ok { // so that a client that does not read is soon noticed
			_ = tcp.SetWriteBuffer(16 << 10)
		}
		return ctx
	}
	s.server.Start()
	t.Cleanup(func() {
		cutOff()
		s.server.Close()
		cancel()
		running.Wait()
		stop()
	})
	return s
}

// rename changes a dialog.
func (s *streaming) rename(c dialog.Caller, id, name string) {
	s.Helper()
	if _, err := s.service.Update(s.Context(), c, id, dialog.Change{Name: dialog.Some(name)}); err != nil {
		s.Fatal(err)
	}
}

// remove removes a user from a dialog.
func (s *streaming) remove(c dialog.Caller, id string, who dialog.UserID) {
	s.Helper()
	if _, err := s.service.Update(s.Context(), c, id, dialog.Change{RemoveOccupants: []dialog.UserID{who}}); err != nil {
		s.Fatal(err)
	}
}

// A client is one end of a WebSocket.
type client struct {
	testing.TB
	ws *websocket.Conn
}

// dial opens a WebSocket and offers these subprotocols.
func (s *streaming) dial(subprotocols ...string) *client {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, s.server.URL, &websocket.DialOptions{
		Subprotocols: subprotocols, HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dialNarrow}},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = ws.CloseNow() })
	return &client{s, ws}
}

// dialNarrow connects with a small receive buffer.
func dialNarrow(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(16 << 10)
	}
	return conn, err
}

// connect opens a WebSocket as a user.
func (s *streaming) connect(user string) *client {
	s.Helper()
	c := s.dial("graphql-transport-ws")
	c.send(`{"type":"connection_init","payload":{"user":"` + user + `"}}`)
	c.gets(`{"type":"connection_ack"}`)
	return c
}

func (c *client) send(message string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		c.Fatal(err)
	}
}

// subscribe begins an operation.
func (c *client) subscribe(id, query string) {
	c.Helper()
	payload, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		c.Fatal(err)
	}
	c.send(`{"id":"` + id + `","type":"subscribe","payload":` + string(payload) + `}`)
}

func (c *client) read() (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	_, message, err := c.ws.Read(ctx)
	return string(message), err
}

// gets expects a message, in which … stands for any text.
func (c *client) gets(want string) string {
	c.Helper()
	got, err := c.read()
	if err != nil {
		c.Fatalf("%v, want %s", err, want)
	}
	if !matches(got, want) {
		c.Fatalf("got %s, want %s", got, want)
	}
	return got
}

// ends expects that the connection is closed.
func (c *client) ends(want string) {
	c.Helper()
	got, err := c.read()
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		c.Fatalf("got %s and error %v, want the end %s", got, err, want)
	}
	if end := strconv.Itoa(int(closed.Code)) + " " + closed.Reason; !matches(end, want) {
		c.Errorf("got the end %s, want %s", end, want)
	}
}

// await waits until a condition is true.
func (s *streaming) await(what string, so func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !so(); {
		if time.Now().After(deadline) {
			s.Fatalf("waited too long for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// matches compares a text with a pattern in which … stands for any text.
func matches(got, want string) bool {
	parts := strings.Split(want, "…")
	rest, ok := strings.CutPrefix(got, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
