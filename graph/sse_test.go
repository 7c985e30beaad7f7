package graph_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dialogs/graph"
)

// An eventClient reads one stream of server-sent events.
type eventClient struct {
	testing.TB
	*http.Response
	lines *bufio.Reader
}

// events sends a request that asks for events.
func (s *streaming) events(method, user, query string) *eventClient {
	s.Helper()
	target, body := s.server.URL, io.Reader(nil)
	if method == http.MethodGet {
		target += "?query=" + url.QueryEscape(query)
	} else {
		body = strings.NewReader(`{"query":` + quote(query) + `}`)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, target, body)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User", user)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = response.Body.Close() })
	return &eventClient{s, response, bufio.NewReader(response.Body)}
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// gets expects an event, after any number of comments. In the expected text, … stands for
// any text, and "" means the end of the stream.
func (e *eventClient) gets(want string) {
	e.Helper()
	for {
		event := ""
		for {
			line, err := e.lines.ReadString('\n')
			if err != nil && event+line == "" {
				if want != "" {
					e.Fatalf("the stream ended with %v, want %s", err, want)
				}
				return
			}
			if line == "\n" {
				break
			}
			event += line
		}
		if strings.HasPrefix(event, ":") {
			continue
		}
		if want == "" || !matches(event, want) {
			e.Fatalf("got %q, want %q", event, want)
		}
		return
	}
}

const completed = "event: complete\ndata:\n"

// TestEventStream answers operations with server-sent events.
func TestEventStream(t *testing.T) {
	for _, test := range []struct {
		reason, method, user, query string
		status                      int
		events                      []string
	}{
		{"a query", http.MethodPost, "alice", `{ viewer { userId } }`, 200, []string{`event: next` + "\n" + `data: {"data":{"viewer":{"userId":"alice"}}}` + "\n", completed, ""}},
		{"a query by GET", http.MethodGet, "alice", `{ viewer { userId } }`, 200, []string{"event: next\n…", completed, ""}},
		{"a document that is invalid", http.MethodPost, "alice", `{ nope }`, 200, []string{"event: next\ndata: {\"errors\":[…\"GRAPHQL_VALIDATION_FAILED\"…]}\n", completed, ""}},
		{"a mutation", http.MethodPost, "alice", `mutation { createDialog(input: { type: GROUP, name: "Lunch" }) { created } }`, 200, []string{"event: next\ndata: {\"data\":{…", completed, ""}},
		{"a mutation by GET", http.MethodGet, "alice", `mutation { createDialog(input: { type: GROUP, name: "Lunch" }) { created } }`, 405, nil},
		{"a subscription without credentials", http.MethodPost, "", `subscription { dialogsChanged { dialogId } }`, 200, []string{"event: next\ndata: {\"errors\":[…\"UNAUTHENTICATED\"…]}\n", completed, ""}},
		{"two fields of a subscription", http.MethodPost, "alice", `subscription { a: dialogsChanged { dialogId } b: dialogsChanged { dialogId } }`, 200, []string{"event: next\ndata: {\"errors\":[…\"GRAPHQL_VALIDATION_FAILED\"…]}\n", completed, ""}},
		{"no field of a subscription", http.MethodPost, "alice", `subscription { dialogsChanged @skip(if: true) { dialogId } }`, 200, []string{"event: next\ndata: {\"errors\":[…\"GRAPHQL_VALIDATION_FAILED\"…]}\n", completed, ""}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			e := stream(t, func(*graph.Config) {}).events(test.method, test.user, test.query)
			if e.StatusCode != test.status {
				t.Fatalf("got status %d", e.StatusCode)
			}
			if test.status != http.StatusOK {
				return
			}
			for name, want := range map[string]string{
				"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
			} {
				if got := e.Header.Get(name); got != want {
					t.Errorf("got %s: %s, want %s", name, got, want)
				}
			}
			for _, event := range test.events {
				e.gets(event)
			}
		})
	}
}

// TestEventsOfSubscription: changes are sent as they happen. When the caller can no longer
// see the dialog, the stream completes.
func TestEventsOfSubscription(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			s := stream(t, func(*graph.Config) {})
			id := s.group("alice", "bob")
			e := s.events(method, "bob", `subscription { dialogChanged(id: "`+id+`", sinceVersion: 1) { dialog { name } } }`)
			s.rename(user("alice"), id, "Dinner")
			e.gets("event: next\ndata: {\"data\":{\"dialogChanged\":{\"dialog\":{\"name\":\"Dinner\"}}}}\n")
			s.remove(user("alice"), id, "bob")
			e.gets("event: next\ndata: {\"data\":{\"dialogChanged\":{\"dialog\":null}}}\n")
			e.gets(completed)
			e.gets("")
		})
	}
}

// TestKeepAlive sends comments while nothing happens.
func TestKeepAlive(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.PingInterval = time.Millisecond })
	e := s.events(http.MethodGet, "alice", `subscription { dialogsChanged { dialogId } }`)
	for range 6 { // the first one is sent when the stream begins
		if line, err := e.lines.ReadString('\n'); err != nil || line != ":\n" && line != "\n" {
			t.Fatalf("got %q and error %v", line, err)
		}
	}
}

// TestEventStreamEnds: streams that end early do not complete, so that clients connect
// again.
func TestEventStreamEnds(t *testing.T) {
	for reason, end := range map[string]func(*streaming){
		"the caller may no longer call": func(s *streaming) { s.callers.revoked.Store(true) },
		"the server stops":              func(s *streaming) { s.stop() },
	} {
		t.Run(reason, func(t *testing.T) {
			s := stream(t, func(*graph.Config) {})
			e := s.events(http.MethodPost, "alice", `subscription { dialogsChanged { dialogId } }`)
			end(s)
			e.gets("")
		})
	}
}

// TestEventsOverloaded: a subscription that cannot start at the moment ends without
// complete, so that the client connects again.
func TestEventsOverloaded(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.Patience = time.Millisecond })
	s.store.overloaded.Store(true)
	s.events(http.MethodPost, "alice", watchAll).gets("")
	s.store.overloaded.Store(false)
	id := s.group("alice")
	e := s.events(http.MethodPost, "alice", `subscription { dialogChanged(id: "`+id+`", sinceVersion: 0) { dialogId } }`)
	e.gets("event: next\ndata: " + `{"data":{"dialogChanged":{"dialogId":"` + id + `"}}}` + "\n")
}

// TestNoNewStreams refuses streams while the server stops.
func TestNoNewStreams(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	s.stop()
	if e := s.events(http.MethodPost, "alice", `{ viewer { kind } }`); e.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d", e.StatusCode)
	}
}

// TestStreamsOfCaller: the number of streams of one caller is limited.
func TestStreamsOfCaller(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.ConnectionsPerCaller = 1 })
	s.events(http.MethodPost, "alice", `subscription { dialogsChanged { dialogId } }`)
	if e := s.events(http.MethodPost, "alice", `subscription { dialogsChanged { dialogId } }`); e.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got status %d", e.StatusCode)
	}
	if e := s.events(http.MethodPost, "alice", `{ viewer { kind } }`); e.StatusCode != http.StatusOK {
		t.Errorf("a query got status %d", e.StatusCode)
	}
}

// TestPlainSubscription: a subscription is refused if the request does not ask for a
// stream.
func TestPlainSubscription(t *testing.T) {
	d := open(t, nil)
	a := d.do(user("alice"), `subscription { dialogsChanged { dialogId } }`)
	if code, _ := a.code(t); code != "BAD_USER_INPUT" || a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "graphql-transport-ws") {
		t.Errorf("got status %d and %s", a.Status, a.Body)
	}
}

// TestAcceptEvents: only clients that prefer events get them.
func TestAcceptEvents(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	for accept, want := range map[string]string{
		"text/event-stream":                        "text/event-stream; charset=utf-8",
		"text/event-stream, application/json":      "text/event-stream; charset=utf-8",
		"application/json, text/event-stream":      "application/json; charset=utf-8",
		"application/json;q=0.5,text/event-stream": "text/event-stream; charset=utf-8",
		"*/*": "application/json; charset=utf-8",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL, strings.NewReader(`{"query":"{ viewer { kind } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", "application/json")
		response, err := s.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Content-Type"); got != want {
			t.Errorf("Accept: %s got %s, want %s", accept, got, want)
		}
	}
}
