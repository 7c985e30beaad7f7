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

// A closedStore has a connection that was closed, as drivers tell it.
type closedStore struct{ dialog.Store }

func (closedStore) ChangesSince(context.Context, dialog.ChangesQuery) (dialog.ChangesPage, error) {
	return dialog.ChangesPage{}, dialog.ErrUnavailable(fmt.Errorf("incomplete read of message header: %w", io.EOF))
}

// TestStoreClosedWhileStreaming: a subscription that ends because the store is away must not
// look complete, for clients would not subscribe again. The stream ends without complete,
// and a WebSocket with 1013, so that they do.
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
