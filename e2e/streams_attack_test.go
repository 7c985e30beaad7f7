package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/servertest"
)

// attackStreams opens WebSockets and event streams again and again, until stop is set:
// subscriptions that have to catch up with large groups, with large documents of their
// own, whose clients do not read; and changes of these groups.
func attackStreams(t *testing.T, p *servertest.Process, stop *atomic.Bool, attackers *sync.WaitGroup, h servertest.Header, position string) {
	narrow := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.3")}}
		conn, err := dialer.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(16 << 10)
		}
		return conn, err
	}}}
	catchUp := func(n int) string {
		return fmt.Sprintf(`subscription { dialogsChanged(after: %q) { dialogId cursor dialog { occupantIds %s } change { addedOccupantIds } } } # %d`,
			position, strings.Repeat("name ", 400), n)
	}
	for attacker := range 8 {
		attackers.Go(func() {
			for n := attacker << 20; !stop.Load(); n++ {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Second)
				if attacker%2 == 0 {
					subscribeStuck(ctx, p.Server, narrow, h, func(i int) string { return catchUp(n<<4 + i) })
				} else {
					listenStuck(ctx, p.Server, narrow, h, catchUp(n))
				}
				<-ctx.Done()
				cancel()
			}
		})
	}
	attackers.Go(func() {
		page := p.Must(h, "{ dialogs(first: 20) { nodes { id } } }", nil)
		var groups struct{ Nodes []struct{ ID string } }
		servertest.Decode(t, page.Data["dialogs"], &groups)
		for n := 0; !stop.Load(); n++ {
			var change strings.Builder
			for i, group := range groups.Nodes {
				fmt.Fprintf(&change, `a%d: updateDialog(id: %q, input: {name: "%d"}) { dialog { id } } `, i, group.ID, n)
			}
			_, _ = p.Try(h, queryOf("mutation { "+change.String()+"}")) // whatever it is answered
		}
	})
}

func queryOf(query string) []byte {
	text, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err) // strings marshal
	}
	return text
}

// subscribeStuck opens a WebSocket with subscriptions and does not read. Whatever the
// server does is its right.
func subscribeStuck(ctx context.Context, s *servertest.Server, client *http.Client, h servertest.Header, query func(int) string) {
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, s.URL+"/graphql", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return
	}
	context.AfterFunc(ctx, func() { _ = ws.CloseNow() })
	_ = ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"connection_init","payload":{%q:%q}}`, h[0], h[1]))
	if _, _, err := ws.Read(ctx); err != nil {
		return
	}
	for i := range 10 {
		_ = ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"id":"%d","type":"subscribe","payload":%s}`, i, queryOf(query(i))))
	}
}

// listenStuck opens an event stream and does not read it.
func listenStuck(ctx context.Context, s *servertest.Server, client *http.Client, h servertest.Header, query string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", strings.NewReader(string(queryOf(query))))
	if err != nil {
		return
	}
	r.Header.Set(h[0], h[1])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	answer, err := client.Do(r)
	if err != nil {
		return
	}
	context.AfterFunc(ctx, func() { _ = answer.Body.Close() })
}
