package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph"
)

const (
	initialize = `{"type":"connection_init","payload":{"user":"alice"}}`
	ack        = `{"type":"connection_ack"}`
	watchAll   = `subscription { dialogsChanged { dialogId dialog { name } change { kind } } }`
	asking     = `{"id":"1","type":"subscribe","payload":{"query":"{ viewer { userId } }"}}`
	told       = `{"id":"1","type":"next","payload":{"data":{"viewer":{"userId":"alice"}}}}`
	watching   = `{"id":"1","type":"subscribe","payload":{"query":"subscription { dialogsChanged { dialogId } }"}}`
)

// TestProtocol checks each rule of graphql-transport-ws: which messages are sent and
// received in turn, and how the connection ends.
func TestProtocol(t *testing.T) {
	for _, test := range []struct {
		reason string
		talk   []string // sent and received in turn; "" for nothing
		end    string
	}{
		{"a query is answered and completed", []string{initialize, ack, asking, told, "", `{"id":"1","type":"complete"}`}, ""},
		{"an id can be used again", []string{initialize, ack, asking, told, "", `{"id":"1","type":"complete"}`, asking, told}, ""},
		{"a ping is answered at any time", []string{`{"type":"ping"}`, `{"type":"pong"}`, initialize, ack, `{"type":"ping","payload":{"a":[1]}}`, `{"type":"pong","payload":{"a":[1]}}`}, ""},
		{"a pong is fine at any time", []string{`{"type":"pong","payload":{}}`, "", initialize, ack, `{"type":"pong"}`, "", asking, told}, ""},
		{"connection_init without credentials", []string{`{"type":"connection_init"}`, ack, asking, `{"id":"1","type":"next","payload":{"data":{"viewer":{"userId":null}}}}`}, ""},
		{"connection_init with a null payload", []string{`{"type":"connection_init","payload":null}`, ack}, ""},
		{"completing what does not run", []string{initialize, ack, `{"id":"9","type":"complete"}`, "", asking, told}, ""},
		{"a second connection_init", []string{initialize, ack, initialize, ""}, "4429 Too many initialisation requests"},
		{"subscribe before connection_init", []string{asking, ""}, "4401 Unauthorized"},
		{"a running id", []string{initialize, ack, watching, "", watching, ""}, "4409 Subscriber for 1 already exists"},
		{"credentials that are refused", []string{`{"type":"connection_init","payload":{"user":"mallory"}}`, ""}, "4403 Forbidden: invalid session token: expired"},
		{"credentials that are malformed", []string{`{"type":"connection_init","payload":{"user":"two"}}`, ""}, "4400 Invalid message received: QB-Token is sent more than once"},
		{"too many failed sign-ins", []string{`{"type":"connection_init","payload":{"user":"busy"}}`, ""}, "1013 too many failed sign-ins"},
		{"no JSON", []string{`{`, ""}, "4400 Invalid message received: …"},
		{"no object", []string{`["ping"]`, ""}, "4400 Invalid message received: …"},
		{"no type", []string{`{}`, ""}, "4400 Invalid message received: unknown type …"},
		{"an unknown type", []string{initialize, ack, `{"type":"start"}`, ""}, "4400 Invalid message received: unknown type start"},
		{"a message of servers", []string{initialize, ack, `{"type":"next","id":"1","payload":{}}`, ""}, "4400 …"},
		{"a type in another case", []string{`{"Type":"ping"}`, ""}, "4400 …"},
		{"a payload that is not an object", []string{`{"type":"connection_init","payload":"a"}`, ""}, "4400 …"},
		{"a ping's payload that is not an object", []string{`{"type":"ping","payload":1}`, ""}, "4400 …"},
		{"an id that is a number", []string{initialize, ack, `{"id":1,"type":"subscribe","payload":{"query":"{ viewer { kind } }"}}`, ""}, "4400 …"},
		{"no id", []string{initialize, ack, `{"type":"subscribe","payload":{"query":"{ viewer { kind } }"}}`, ""}, "4400 Invalid message received: subscribe needs an id"},
		{"no id to complete", []string{initialize, ack, `{"type":"complete"}`, ""}, "4400 …"},
		{"no query", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{}}`, ""}, "4400 Invalid message received: the payload of subscribe needs query"},
		{"variables that are a list", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"{ a }","variables":[]}}`, ""}, "4400 …"},
		{"nesting without end", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"{ a }","variables":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40) + `}}`, ""}, "4400 …--limit-nesting…"},
		{"a message that is too large before the caller is known", []string{`{"type":"ping","payload":{"a":"` + strings.Repeat("a", 64<<10) + `"}}`, ""}, "1009 Message too large (limit 65536 bytes, --limit-body-anonymous)"},
		{"a message that is too large", []string{initialize, ack, `{"type":"ping","payload":{"a":"` + strings.Repeat("a", 1<<20) + `"}}`, ""}, "1009 Message too large (limit 1048576 bytes, --limit-body)"},
		{"a document that is invalid", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"{ nope }"}}`, `{"id":"1","type":"error","payload":[{"message":"…"GRAPHQL_VALIDATION_FAILED"…`, asking, told}, ""},
		{"an empty document", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":""}}`, `{"id":"1","type":"error","payload":[{"message":"the parameter query is missing"…`, asking, told}, ""},
		{"a field that fails", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"{ dialog(id: \"5f\") { id } }"}}`, `{"id":"1","type":"next","payload":{"errors":[…"BAD_USER_INPUT"…"data":…}}`, "", `{"id":"1","type":"complete"}`}, ""},
		{"a subscription without permission", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"subscription { dialogChanged(id: \"5f7f2b8be0e2ad001e8b4567\") { dialogId } }"}}`, `{"id":"1","type":"error","payload":[{"message":"…"path":["dialogChanged"]…"NOT_FOUND"…`, asking, told}, ""},
		{"a subscription without credentials", []string{`{"type":"connection_init"}`, ack, watching, `{"id":"1","type":"error","payload":[…"UNAUTHENTICATED"…`}, ""},
		{"a cursor of another store", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"subscription { dialogsChanged(after: \"nope\") { dialogId } }"}}`, `{"id":"1","type":"error","payload":[…`, asking, told}, ""},
		{"two fields of a subscription", []string{initialize, ack, `{"id":"1","type":"subscribe","payload":{"query":"subscription { a: dialogsChanged { dialogId } b: dialogsChanged { dialogId } }"}}`, `{"id":"1","type":"error","payload":[…"GRAPHQL_VALIDATION_FAILED"…`}, ""},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			c := stream(t, func(*graph.Config) {}).dial("graphql-transport-ws")
			for i := 0; i < len(test.talk); i += 2 {
				if test.talk[i] != "" {
					c.send(test.talk[i])
				}
				if test.talk[i+1] != "" {
					c.gets(test.talk[i+1])
				}
			}
			if test.end != "" {
				c.ends(test.end)
			}
		})
	}
}

// TestSubprotocol: a connection that does not offer our subprotocol is closed.
func TestSubprotocol(t *testing.T) {
	for reason, offered := range map[string][]string{"none": nil, "another": {"graphql-ws"}} {
		t.Run(reason, func(t *testing.T) {
			stream(t, func(*graph.Config) {}).dial(offered...).ends("4406 Subprotocol not acceptable")
		})
	}
}

// TestUpgradeRefused: a request that is not a valid WebSocket upgrade gets an answer in
// the form of GraphQL.
func TestUpgradeRefused(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	for reason, change := range map[string]func(*http.Request){
		"an old version":   func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") },
		"a short nonce":    func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "AAAA") },
		"another method":   func(r *http.Request) { r.Method = http.MethodPut },
		"no Connection":    func(r *http.Request) { r.Header.Del("Connection") },
		"another protocol": func(r *http.Request) { r.Header.Set("Upgrade", "h2c") },
	} {
		t.Run(reason, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
			} {
				r.Header.Set(name, value)
			}
			change(r)
			a := s.send(dialog.Caller{}, r)
			if code, _ := a.code(t); code != string(api.BadUserInput) || a.Status < 400 || a.Status > 499 {
				t.Errorf("got status %d and %s", a.Status, a.Body)
			}
			if told := a.Header.Get("Sec-WebSocket-Version"); (a.Status == http.StatusUpgradeRequired) != (told == "13") || (reason == "an old version") != (told == "13") {
				t.Errorf("got status %d and the version %q; only who asks for another version is told the right one", a.Status, told)
			}
		})
	}
}

// TestUpgradeWhileStopping: a server that stops accepts no more WebSockets, which would not
// end with the others.
func TestUpgradeWhileStopping(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	stopping, stop := context.WithCancel(t.Context())
	stop()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	a := s.send(dialog.Caller{}, r.WithContext(api.WithStopping(r.Context(), stopping)))
	if code, _ := a.code(t); code != string(api.Unavailable) || a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("got status %d, %v and %s", a.Status, a.Header, a.Body)
	}
}

// TestBinary refuses binary messages.
func TestBinary(t *testing.T) {
	c := stream(t, func(*graph.Config) {}).connect("alice")
	if err := c.ws.Write(t.Context(), websocket.MessageBinary, []byte(asking)); err != nil {
		t.Fatal(err)
	}
	c.ends("4400 Invalid message received: messages are text")
}

// TestInitTimeout: a connection on which nothing is sent is closed.
func TestInitTimeout(t *testing.T) {
	c := stream(t, func(c *graph.Config) { c.Streams.InitTimeout = time.Millisecond }).dial("graphql-transport-ws")
	c.ends("4408 Connection initialisation timeout")
}

// TestEvents: changes are sent as they happen. When the caller can no longer see the
// dialog, the operation completes.
func TestEvents(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	id := s.group("alice", "bob")
	all, one, outsider := s.connect("alice"), s.connect("bob"), s.connect("eve")
	all.subscribe("a", strings.Replace(watchAll, "dialogsChanged", `dialogsChanged(after: "`+all.cursor()+`")`, 1))
	one.subscribe("b", `subscription { dialogChanged(id: "`+id+`", sinceVersion: 1) { dialog { name } change { kind } } }`)
	outsider.subscribe("c", watchAll)
	s.rename(user("alice"), id, "Dinner")
	all.gets(`{"id":"a","type":"next","payload":{"data":{"dialogsChanged":{"dialogId":"` + id + `","dialog":{"name":"Dinner"},"change":{"kind":"UPDATED"}}}}}`)
	one.gets(`{"id":"b","type":"next","payload":{"data":{"dialogChanged":{"dialog":{"name":"Dinner"},"change":{"kind":"UPDATED"}}}}}`)
	s.remove(user("alice"), id, "bob")
	one.gets(`{"id":"b","type":"next","payload":{"data":{"dialogChanged":{"dialog":null…`)
	one.gets(`{"id":"b","type":"complete"}`)
	outsider.send(`{"type":"ping"}`)
	outsider.gets(`{"type":"pong"}`)
}

// TestSharedAnswers: one event goes to many callers, and each of them gets only what they
// may see.
func TestSharedAnswers(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	id := s.group("alice", "bob", "carol", "dave")
	const watch = `subscription { dialogChanged(id: "%s", sinceVersion: 1) { change { actor { userId apiKeyName } } dialog { %s } } }`
	everyone := []string{"alice", "bob", "carol", "dave"}
	same, own := map[string]*client{}, map[string]*client{}
	for _, who := range everyone {
		same[who], own[who] = s.connect(who), s.connect(who)
		same[who].subscribe("same", fmt.Sprintf(watch, id, "name"))
		own[who].subscribe("own", fmt.Sprintf(watch, id, "name viewerStanding"))
	}
	for _, change := range []struct {
		by    dialog.Caller
		actor string
	}{
		{user("bob"), `{"userId":"bob","apiKeyName":null}`},
		{server(), `{"userId":null,"apiKeyName":null}`}, // users can't see the names of keys
	} {
		for n := range 20 {
			name := fmt.Sprint("Dinner ", n)
			s.rename(change.by, id, name)
			for _, who := range everyone {
				standing := "OCCUPANT"
				if who == "alice" {
					standing = "OWNER"
				}
				const event = `{"id":"%s","type":"next","payload":{"data":{"dialogChanged":{"change":{"actor":%s},"dialog":{"name":"%s"%s}}}}}`
				same[who].gets(fmt.Sprintf(event, "same", change.actor, name, ""))
				own[who].gets(fmt.Sprintf(event, "own", change.actor, name, `,"viewerStanding":"`+standing+`"`))
			}
		}
	}
	s.remove(user("alice"), id, "dave")
	same["dave"].gets(`{"id":"same","type":"next","payload":{"data":{"dialogChanged":{"change":{"actor":{"userId":"alice","apiKeyName":null}},"dialog":null}}}}`)
	same["bob"].gets(`{"id":"same","type":"next","payload":{"data":{"dialogChanged":{"change":{"actor":{"userId":"alice","apiKeyName":null}},"dialog":{"name":"Dinner 19"}}}}}`)
}

// cursor returns a position from which no change is missed.
func (c *client) cursor() string {
	c.Helper()
	c.subscribe("position", `{ dialogChanges { cursor } }`)
	next := c.gets(`{"id":"position","type":"next"…`)
	c.gets(`{"id":"position","type":"complete"}`)
	_, cursor, _ := strings.Cut(next, `"cursor":"`)
	cursor, _, _ = strings.Cut(cursor, `"`)
	return cursor
}

// TestCompletedByClient: after the client has completed an operation, it gets no more
// messages about it.
func TestCompletedByClient(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	id := s.group("alice")
	c := s.connect("alice")
	c.send(watching)
	c.send(`{"id":"1","type":"complete"}`)
	c.send(`{"type":"ping"}`)
	c.gets(`{"type":"pong"}`) // the server has read the completion
	s.rename(user("alice"), id, "Dinner")
	c.send(`{"type":"ping"}`)
	c.gets(`{"type":"pong"}`)
	c.send(asking)
	c.gets(told)
}

// TestResync: a running operation ends with an error.
func TestResync(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	id := s.group("alice")
	for range 60 {
		s.rename(user("alice"), id, "Dinner at "+time.Now().String())
	}
	c := s.connect("alice")
	c.subscribe("1", `subscription { dialogChanged(id: "`+id+`", sinceVersion: 1) { dialogId } }`)
	c.gets(`{"id":"1","type":"error","payload":[…"RESYNC_REQUIRED"…`)
}

// TestRevoked closes the connection when the credentials are revoked.
func TestRevoked(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	c := s.connect("alice")
	c.send(watching)
	s.callers.revoked.Store(true)
	c.ends("4403 Forbidden: invalid session token: expired")
}

// TestOverloaded: when a subscription cannot start at the moment, its connection is
// closed, so that the client connects again; an error would end the subscription for good.
// Other running operations are answered first.
func TestOverloaded(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.Patience = time.Millisecond })
	c := s.connect("alice")
	c.subscribe("0", watchAll)
	c.send(asking)
	c.gets(told)
	c.gets(`{"id":"1","type":"complete"}`)
	query := `subscription { dialogsChanged(after: "` + c.cursor() + `") { dialogId } }`
	s.store.overloaded.Store(true)
	c.subscribe("2", query)
	c.ends("1013 Try again later: …")
	s.store.overloaded.Store(false)
	c = s.connect("alice")
	c.subscribe("2", query)
	c.send(asking)
	c.gets(told)
}

// TestStop: when the server stops, connections are closed after their queries were
// answered, and without completing their subscriptions.
func TestStop(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	c := s.connect("alice")
	c.send(watching)
	c.send(strings.Replace(asking, "1", "2", 1))
	c.gets(`{"id":"2","type":"next"…`)
	c.gets(`{"id":"2","type":"complete"}`)
	s.stop()
	c.ends("1012 Service restart: connect again")
}

// TestStreamLimits: what exceeds the limits of a caller is refused.
func TestStreamLimits(t *testing.T) {
	s := stream(t, func(c *graph.Config) {
		c.Streams.ConnectionsPerCaller, c.Streams.SubscriptionsPerCaller, c.Streams.OperationsPerConnection = 2, 2, 2
	})
	group := s.group("alice")
	s.rename(user("alice"), group, "Dinner")
	first, second := s.connect("alice"), s.connect("alice")
	third := s.dial("graphql-transport-ws")
	third.send(initialize)
	third.ends("1013 too many connections for one caller (limit 2, --max-streams-per-caller)")
	for _, id := range []string{"a", "b"} { // when their first event arrives, they have begun
		first.subscribe(id, `subscription { dialogChanged(id: "`+group+`", sinceVersion: 1) { dialogId } }`)
		first.gets(`{"id":"` + id + `","type":"next"…`)
	}
	first.subscribe("c", watchAll)
	first.gets(`{"id":"c","type":"error","payload":[{"message":"too many operations on one connection (limit 2, --max-operations-per-connection)"…`)
	second.subscribe("d", watchAll)
	second.gets(`{"id":"d","type":"error","payload":[{"message":"too many subscriptions for one caller (limit 2, --max-subscriptions-per-caller)"…`)
	s.connect("bob")
}

// TestLargeSubscriptions: a subscription whose document takes too much memory is refused,
// and nothing else ends.
func TestLargeSubscriptions(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Documents = 0 }) // no cache
	id := s.group("alice")
	s.rename(user("alice"), id, "Dinner")
	c := s.connect("alice")
	for n := range 6 {
		c.subscribe(strconv.Itoa(n), `subscription { dialogChanged(id: "`+id+`", sinceVersion: 1) { dialog { `+strings.Repeat("name ", 480)+`} } }`)
		if n < 5 {
			c.gets(`{"id":"` + strconv.Itoa(n) + `","type":"next",…`)
			continue
		}
		c.gets(`{"id":"5","type":"error","payload":[{"message":"the documents of your subscriptions take too much memory (limit 1048576 bytes, --memory-documents): use the same one for many","extensions":{"code":"UNAVAILABLE","retryAfter":10,"status":503}}]}`)
	}
	s.rename(user("alice"), id, "Supper")
	c.gets(`{"id":"…","type":"next",…"Supper"…`)
}

// TestOperationsCharged: each operation is counted against the rate limit, and also each
// message that does not begin one.
func TestOperationsCharged(t *testing.T) {
	s := stream(t, func(*graph.Config) {})
	var units atomic.Int64
	s.callers.charger = func(n, _ int) *api.Refusal {
		if units.Add(int64(n)) > 3 {
			return &api.Refusal{Code: api.RateLimited, Message: "too many requests"}
		}
		return nil
	}
	c := s.connect("alice")
	c.send(asking)
	c.gets(told)
	c.gets(`{"id":"1","type":"complete"}`)
	c.subscribe("2", `{ nope }`)
	c.gets(`{"id":"2","type":"error"…"GRAPHQL_VALIDATION_FAILED"…`)
	c.send(`{"type":"ping"}`)
	c.gets(`{"type":"pong"}`)
	c.subscribe("3", `{ viewer { kind } }`)
	c.gets(`{"id":"3","type":"error","payload":[{"message":"too many requests"…"RATE_LIMITED"…`)
	c.send(`{"type":"ping"}`)
	c.ends("1013 too many requests")
}

// TestStuckReader: a client that reads nothing is disconnected, and does not affect other
// clients.
func TestStuckReader(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.WriteTimeout = 2 * time.Second })
	id := s.group("alice", "bob")
	many := make([]dialog.UserID, 100)
	for i := range many {
		many[i] = dialog.UserID(fmt.Sprintf("%0128d", i))
	}
	for range 9 {
		if _, err := s.service.Update(t.Context(), user("alice"), id, dialog.Change{AddOccupants: many}); err != nil {
			t.Fatal(err)
		}
		for i := range many {
			many[i] = "1" + many[i][1:]
		}
	}
	d, err := s.service.Dialog(t.Context(), user("alice"), id, false)
	if err != nil {
		t.Fatal(err)
	}
	const watch = `subscription { dialogChanged(id: "%s", sinceVersion: %d) { dialog { name %s } } }`
	stuck := s.connect("bob")
	connection := s.request.Load()
	stuck.subscribe("1", fmt.Sprintf(watch, id, d.Version, "occupants(first: 100) { nodes { userId } }"))
	reads := s.connect("alice")
	reads.subscribe("1", fmt.Sprintf(watch, id, d.Version, ""))
	for n := 0; ; n++ {
		s.rename(user("alice"), id, fmt.Sprint("Dinner ", n))
		reads.gets(`{"id":"1","type":"next"…`)
		notes := map[string]string{}
		for _, note := range connection.Notes() {
			notes[note.Key] = note.Value.String()
		}
		if reason := notes["reason"]; reason != "" {
			if reason != "the client reads too slowly" {
				t.Errorf("got the reason %s", reason)
			}
			return
		}
	}
}

// TestNoPong: a client that does not answer pings is disconnected.
func TestNoPong(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.PingInterval = 20 * time.Millisecond })
	s.connect("alice")
	s.await("the end", func() bool { return s.notes()["reason"] != "" }) // a client that does not read does not answer pings
	if got := s.notes(); got["close_code"] != "1006" || got["reason"] != "no pong within the ping interval" {
		t.Errorf("got the notes %v", got)
	}
}

// TestAnonymousIdle closes idle connections without credentials.
func TestAnonymousIdle(t *testing.T) {
	s := stream(t, func(c *graph.Config) { c.Streams.PingInterval = 20 * time.Millisecond })
	c := s.connect("")
	c.ends("4401 Unauthorized: no credentials and no operation")
}
