package graph

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"dialogs/dialog"
	"dialogs/live"
)

// TestSharingKeepsNoHistory: a kept answer does not keep the history that its change is a
// part of, which can be thousands of times as large.
func TestSharingKeepsNoHistory(t *testing.T) {
	t.Parallel()
	s, of := newSharing(), &shareable{}
	history := make([]dialog.Record, dialog.HistoryKept)
	for i := range history {
		history[i].Version = int64(i + 1)
	}
	event := func(shared uint64, r dialog.Record) live.Event {
		return live.Event{ID: "5d75393ba28f9a17e1cb0001", Change: &r, Shared: shared}
	}
	kept := weak.Make(&history[0])
	for i := range history {
		_, keep := s.share(t.Context(), of, live.Event{Change: &history[i], Shared: 7})
		keep(result{byte(i)})
	}
	for _, c := range []struct {
		event live.Event
		want  []byte
	}{
		{event(7, history[3]), []byte{3}},
		{event(7, history[49]), []byte{49}},
		{event(8, history[3]), nil}, // the same change, but the dialog can be newer
		{event(0, history[3]), nil}, // nobody else gets it
	} {
		data, keep := s.share(t.Context(), of, c.event)
		keep(nil)
		if string(data) != string(c.want) {
			t.Errorf("version %d of batch %d: got %v, want %v", c.event.Change.Version, c.event.Shared, data, c.want)
		}
	}
	history = nil
	for deadline := time.Now().Add(10 * time.Second); kept.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("the history is kept")
		}
	}
	runtime.KeepAlive(s)
}
