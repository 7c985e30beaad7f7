package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"dialogs/servertest"
)

// A reconnecting client subscribes to a dialog, and continues after what it has seen when its
// connection ends.
type reconnecting struct {
	id, token string
	seen      int64
	told      *atomic.Int64 // what was seen, for others
}

// follow reads events over one connection. It reports whether all was seen.
func (f *reconnecting) follow(t testing.TB, b *balancer, written <-chan struct{}, all func() bool) (over bool) {
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
	p, done := b.pick()
	//nolint:bodyclose // the body is the connection, which is closed
	ws, _, err := websocket.Dial(ctx, p.URL+"/graphql", &websocket.DialOptions{
		HTTPHeader: http.Header{"QB-Token": {f.token}}, Subprotocols: []string{"graphql-transport-ws"},
	})
	done()
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
