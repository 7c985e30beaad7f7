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

// TestStoreClosedWhileStreaming: a subscription that ends because the store is away says so.
// It must not look complete, for clients would not subscribe again.
func TestStoreClosedWhileStreaming(t *testing.T) {
	s := stream(t, func(c *graph.Config) {
		c.Hub = live.NewHub(live.Options{Store: closedStore{memory.NewStore()}, Service: c.Service, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	})
	cursor := s.do(user("alice"), `{ dialogChanges { cursor } }`).Data["dialogChanges"].(map[string]any)["cursor"].(string)
	e := s.events("POST", "alice", `subscription { dialogsChanged(after: `+quote(cursor)+`) { dialogId } }`)
	e.gets("event: next\ndata: {\"errors\":[{\"message\":…\"code\":\"UNAVAILABLE\"…}\n")
}
