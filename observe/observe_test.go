package observe_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialogs/observe"
	"dialogs/store/memory"
)

func newMetrics() *observe.Metrics {
	return observe.NewMetrics(observe.Options{Version: "v", System: "memory", Fields: []string{"viewer"}, Settings: []string{"limit-body"}})
}

// TestCostsNothing observes what each request does.
func TestCostsNothing(t *testing.T) {
	m := newMetrics()
	s := m.Store(memory.NewStore(), nil)
	plain := memory.NewStore()
	for name, run := range map[string]func(){
		"a request":   func() { m.Request("POST", "/graphql", 200, time.Second) },
		"a field":     func() { m.Operation("viewer", "") },
		"a refusal":   func() { m.Refused("limit-body") },
		"an update":   func() { m.Updated("straight", 1) },
		"a commit":    func() { m.Committed(3) },
		"an event":    func() { m.Delivered(time.Second) },
		"an attempt":  func() { m.Attempted("delivered") },
		"a new watch": func() { m.Subscribed("sse"); m.Unsubscribed("sse", "completed") },
	} {
		if n := testing.AllocsPerRun(100, run); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	ctx := t.Context()
	before := testing.AllocsPerRun(100, func() { _, _ = plain.Classes(ctx) })
	if with := testing.AllocsPerRun(100, func() { _, _ = s.Classes(ctx) }); with > before {
		t.Errorf("a call to the store allocates %v times, and %v without metrics and traces", with, before)
	}
}

// TestSeriesAreBounded invents labels.
func TestSeriesAreBounded(t *testing.T) {
	m := newMetrics()
	for i := range 10_000 {
		text := strconv.Itoa(i)
		m.Request(text, text, i, time.Second)
		m.Operation(text, text)
		m.Refused(text)
		m.Updated(text, 0)
		m.Attempted(text)
		m.Subscribed(text)
		m.Unsubscribed(text, text)
	}
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if n := strings.Count(answer.Body.String(), "\n"); n > 2000 {
		t.Errorf("there are %d lines", n)
	}
}
