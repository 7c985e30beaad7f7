package webhook

import (
	"crypto/rand"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/live"
	"dialogs/store/memory"
)

// TestSlowAtOnce: several deliveries that are refused at the same time slow the worker
// down only once.
func TestSlowAtOnce(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := &worker{limit: connectionsPerHost, failing: map[dialog.ID]bool{}, now: func() time.Time { return now }}
	refused := func(slowed int, pause time.Duration) result {
		return result{slowed: slowed, outcome: outcome{failure: "429", slow: true, pause: pause}}
	}
	for i := range connectionsPerHost {
		w.slowDown(refused(0, time.Duration(i)*time.Minute))
	}
	if w.limit != connectionsPerHost/2 || !w.paused.Equal(now.Add(31*time.Minute)) {
		t.Errorf("%d at a time from %s on, want half of %d and the longest pause", w.limit, w.paused, connectionsPerHost)
	}
	w.slowDown(refused(w.slowed, 0))
	if w.limit != connectionsPerHost/4 {
		t.Errorf("%d at a time after another attempt, want a quarter", w.limit)
	}
}

// TestDue: after the clock was set back, a dialog does not wait longer than its schedule
// says.
func TestDue(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := &worker{now: func() time.Time { return now }}
	for _, tt := range []struct {
		attempts int
		in       time.Duration
		want     bool
	}{
		{1, 0, true},
		{1, time.Second, false},
		{1, 5500 * time.Millisecond, false},
		{1, time.Hour, true},
		{9, 26 * time.Hour, false},
		{9, 27 * time.Hour, true},
		{2, -time.Second, true},
		{0, time.Millisecond, true},
	} {
		if got := w.due(&dialog.HeldDialog{Attempts: tt.attempts, At: now.Add(tt.in)}); got != tt.want {
			t.Errorf("after %d attempts, in %s: %v, want %v", tt.attempts, tt.in, got, tt.want)
		}
	}
}

// TestDisableChanged: a webhook that was changed after it had failed is not disabled.
func TestDisableChanged(t *testing.T) {
	sealer, err := NewSealer([][]byte{[]byte("a secret")}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := &Admin{Store: memory.NewStore(), Sealer: sealer, Now: func() time.Time { return now }}
	server := dialog.Caller{APIKey: "backend"}
	for name, tt := range map[string]struct {
		change Spec
		want   dialog.WebhookStatus
	}{
		"not changed":      {Spec{}, dialog.WebhookDisabled},
		"other conditions": {Spec{WithDialog: dialog.Some(true)}, dialog.WebhookDisabled},
		"another URL":      {Spec{URL: dialog.Some("https://example.com/new")}, dialog.WebhookActive},
		"paused":           {Spec{Status: dialog.Some(dialog.WebhookPaused)}, dialog.WebhookPaused},
	} {
		h, _, err := a.Create(t.Context(), server, Spec{URL: dialog.Some("https://example.com/old")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Update(t.Context(), server, string(h.ID), tt.change); err != nil {
			t.Fatal(err)
		}
		if err := a.disable(t.Context(), h.Webhook, "410 Gone"); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Find(t.Context(), server, string(h.ID)); err != nil || got.Status != tt.want {
			t.Errorf("%s: %s, %v, want %s", name, got.Status, err, tt.want)
		}
	}
}

// TestRefusedMany: a receiver that refuses some dialogs and accepts others may count as
// down from time to time. The refused ones are tried again immediately only once;
// otherwise every success would use up one of their attempts.
func TestRefusedMany(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := &worker{
		limit: connectionsPerHost, now: func() time.Time { return now }, posting: t.Context(), window: newWindow(live.Place{}),
		held: map[dialog.ID]*dialog.HeldDialog{}, failing: map[dialog.ID]bool{}, refused: map[dialog.ID]bool{},
	}
	refuse := func(want time.Duration) {
		t.Helper()
		for i := range 8 {
			j := &job{id: dialog.ID(rune('a' + i)), next: 1, last: 1}
			if h := w.held[j.id]; h != nil {
				j.attempts = h.Attempts
			}
			w.window.put(j)
			w.running++
			w.settle(t.Context(), result{job: j, version: 1, slowed: w.slowed, outcome: outcome{failure: "422"}})
		}
		w.window.ready = nil
		good := &job{id: "good", next: 1, last: 1}
		w.window.put(good)
		w.running++
		w.settle(t.Context(), result{job: good, version: 1})
		if w.down() || len(w.held) != 8 {
			t.Fatalf("down %v after a success, %d held", w.down(), len(w.held))
		}
		for id, h := range w.held {
			if left := h.At.Sub(now); left < want || left > want+want/10 {
				t.Errorf("%s is tried again in %s, want %s", id, left, want)
			}
		}
	}
	refuse(0)
	for _, attempts := range []int{2, 3, 4} {
		refuse(schedule[attempts])
	}
}
