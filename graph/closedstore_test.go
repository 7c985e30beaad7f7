package graph_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/graph"
	"dialogs/live"
	"dialogs/store/memory"
)

// A closedStore fails as if its connection had been closed, with the error that drivers
// return.
type closedStore struct{ dialog.Store }

func (closedStore) ChangesSince(context.Context, dialog.ChangesQuery) (dialog.ChangesPage, error) {
	return dialog.ChangesPage{}, dialog.ErrUnavailable(fmt.Errorf("incomplete read of message header: %w", io.EOF))
}

// TestStoreClosedWhileStreaming: when a subscription ends because the store is
// unavailable, the client must connect again. So an event stream ends without complete,
// and a WebSocket ends with code 1013.
func TestStoreClosedWhileStreaming(t *testing.T) {
	s := stream(t, func(c *graph.Config) {
		c.Streams.Patience = time.Millisecond
		c.Hub = live.NewHub(live.Options{Store: closedStore{memory.NewStore()}, Service: c.Service, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	})
	changes, _ := s.do(user("alice"), `{ dialogChanges { cursor } }`).Data["dialogChanges"].(map[string]any)
	cursor, _ := changes["cursor"].(string)
	query := `subscription { dialogsChanged(after: ` + quote(cursor) + `) { dialogId } }`
	s.events("POST", "alice", query).gets("")
	c := s.connect("alice")
	c.subscribe("1", query)
	c.ends("1013 Try again later: …")
}
