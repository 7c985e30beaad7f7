package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"dialogs/servertest"
)

// A collector takes traces over OTLP, and keeps their spans.
type collector struct {
	url string

	mu    sync.Mutex
	spans []*otlp.Span
	came  chan struct{} // closed and replaced when spans come
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{came: make(chan struct{})}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL + "/v1/traces"
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collect.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	close(c.came)
	c.came = make(chan struct{})
}

// find waits for a span that matches.
func (c *collector) find(t *testing.T, what string, matches func(*otlp.Span) bool) *otlp.Span {
	t.Helper()
	deadline := time.After(servertest.Patience)
	for {
		c.mu.Lock()
		came := c.came
		for _, span := range c.spans {
			if matches(span) {
				c.mu.Unlock()
				return span
			}
		}
		c.mu.Unlock()
		select {
		case <-came:
		case <-deadline:
			t.Fatalf("no span with %s came", what)
		}
	}
}

// await waits for a span of a name.
func (c *collector) await(t *testing.T, name string) *otlp.Span {
	t.Helper()
	return c.find(t, "the name "+name, func(s *otlp.Span) bool { return s.Name == name })
}

// awaitAttribute waits for a span with an attribute that contains a text.
func (c *collector) awaitAttribute(t *testing.T, text string) {
	t.Helper()
	c.find(t, "the attribute "+text, func(s *otlp.Span) bool { return contains(s, text) })
}

func contains(s *otlp.Span, text string) bool {
	for _, attribute := range s.Attributes {
		if strings.Contains(attribute.Value.GetStringValue(), text) {
			return true
		}
	}
	return false
}

// count is how many spans of a name have come.
func (c *collector) count(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, span := range c.spans {
		if span.Name == name {
			n++
		}
	}
	return n
}

// all are the spans that have come.
func (c *collector) all() []*otlp.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*otlp.Span(nil), c.spans...)
}
