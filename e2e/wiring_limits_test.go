package e2e_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dialogs/servertest"
)

// limitTrials have the limits of dialogs, of requests and of callers. The
// numbers differ, so that no limit can stand in for another.
func limitTrials() []trial {
	return []trial{
		{name: "limits of dialogs", wires: []wire{
			{"limit-name", "5", refuses(`mutation { createDialog(input: {type: GROUP, name: "123456"}) { created } }`, "(limit 5)")},
			{"limit-photo", "30", refuses(`mutation { createDialog(input: {type: GROUP, name: "x", photo: "`+strings.Repeat("p", 31)+`"}) { created } }`, "(limit 30)")},
			{"limit-occupants", "4", refuses(`mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: ["a", "b", "c", "d"]}) { created } }`, "(limit 4)")},
			// Lists that no limit allows are not read to their end.
			{"limit-occupants", "4", refuses(`mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: [`+strings.Repeat(`"a", `, 9)+`]}) { created } }`, "too many values for input.occupantIds: 9 (limit 8)")},
			{"limit-admins", "1", refuses(`mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: ["a", "b"], adminIds: ["a", "b"]}) { created } }`, "(limit 1)")},
			{"limit-ids", "2", refuses(`mutation { updateDialog(id: "5d75393ba28f9a17e1cb0f9e", input: {addOccupants: ["a", "b", "c"]}) { replayed } }`, "(limit 2)")},
			{"limit-fields", "3", refuses(`mutation { defineCustomClass(input: {name: "Big", fields: [`+strings.Join([]string{field("a"), field("b"), field("c"), field("d")}, ",")+`]}) { customClass { name } } }`, "(limit 3)")},
			{"limit-custom-data", "60", refusesCustomData},
			{"limit-classes", "2", refusesClass},
		}},
		{name: "limits of requests", wires: []wire{
			{"limit-body-anonymous", "4096", refusesAnonymousBody},
			{"limit-values", "110", refusesBody(`["`+strings.Repeat(`1","`, 110)+`1"]`, http.StatusBadRequest, "(limit 110, --limit-values)")},
			{"limit-nesting", "9", refusesBody(strings.Repeat("[", 9)+strings.Repeat("]", 9), http.StatusBadRequest, "(limit 9 levels, --limit-nesting)")},
			{"limit-headers", "2048", refusesHeader},
			{"limit-tokens", "90", refuses("{ viewer {"+strings.Repeat(" kind", 100)+" } }", "(limit 90, --limit-tokens)")},
			{"limit-document-fields", "12", refuses("{ viewer {"+strings.Repeat(" kind", 20)+" } }", "(limit 12, --limit-document-fields)")},
			{"limit-depth", "4", refuses(`{ dialogs(first: 1) { nodes { occupants(first: 1) { nodes { id } } } } }`, "(limit 4, --limit-depth)")},
			{"limit-aliases", "3", refuses(`{ a: viewer { a: kind b: kind c: kind } }`, "(limit 3, --limit-aliases)")},
			{"limit-operations", "2", refuses(`query A { viewer { kind } } query B { viewer { kind } } query C { viewer { kind } }`, "(limit 2, --limit-operations)")},
			{"limit-complexity", "40", refuses(`{ dialogs(first: 50) { nodes { id } } }`, "(limit 40, --limit-complexity)")},
		}},

		{name: "larger requests", beside: []string{"--memory-requests", "50000000"}, wires: []wire{ // which need the memory
			{"limit-body", "3000000", refusesBody(`"`+strings.Repeat(" ", 3_000_000)+`"`, http.StatusRequestEntityTooLarge, "(limit 3000000 bytes, --limit-body)")},
			{"limit-answer", "10000000", answersTo(10_000_000)},
			{"memory-answers", "90000000", nil},
			{"memory-documents", "0", forgetsDocuments},
		}},
		{
			name: "memory of requests", beside: []string{"--limit-body", "65536", "--limit-values", "1000", "--request-timeout", "1s"},
			wires: []wire{{"memory-requests", "1300000", waitsForMemory}},
		},
		{name: "quotas", wires: []wire{
			{"quota-dialogs-per-day", "7", refusesAfter(7, `mutation { createDialog(input: {type: GROUP, name: "x"}) { created } }`, "(limit 7, --quota-dialogs-per-day)")},
			{"quota-occupants-per-hour", "3", refuses(`mutation { createDialog(input: {type: GROUP, name: "x", occupantIds: ["a", "b", "c", "d"]}) { created } }`, "(limit 3, --quota-occupants-per-hour)")},
			{"quota-public-groups", "2", refusesAfter(2, `mutation { createDialog(input: {type: PUBLIC_GROUP, name: "x"}) { created } }`, "(limit 2, --quota-public-groups)")},
		}},
		{name: "long lists", beside: []string{"--quota-occupants-per-hour", "0"}, wires: []wire{
			{"limit-occupants", "2500", acceptsOccupants(2300)},
		}},
		{name: "memory of answers", beside: []string{"--limit-answer", "1024"}, wires: []wire{
			{"memory-answers", "9000", loadsMoreThan(4500)},
		}},
		{name: "rows", wires: []wire{{"limit-rows", "30", refusesRows}}},
		{name: "lists", beside: []string{"--rate-limit=0", "--limit-large-operations=10"}, wires: []wire{
			{"limit-scans", "1", refusesScans},
			{"scan-lanes", "1", nil},
		}},
		{name: "large operations", beside: []string{"--rate-limit=0", "--store-timeout=1h", "--request-timeout=1h"}, wires: []wire{
			{"limit-large-operations", "2", refusesLargeOperations},
		}},
		{name: "rates", wires: []wire{
			{"rate-limit", "0.001", func(t *testing.T, s *servertest.Server) {
				refusesSecond(t, s, servertest.WithToken(s.Token("alice")), "1000")
			}},
			{"rate-limit-key", "0.002", func(t *testing.T, s *servertest.Server) {
				refusesSecond(t, s, servertest.WithKey(s.MustCLI("apikey", "create", "rates")), "500")
			}},
		}},
		{name: "rates of streams", wires: []wire{
			{"rate-limit", "0.01", func(t *testing.T, s *servertest.Server) {
				ws := connectSocket(t, s, servertest.WithToken(s.Token("alice")))
				for range 3 {
					if strings.Contains(ws.answer(whoami), "RATE_LIMITED") {
						return
					}
				}
				t.Error("three operations on a WebSocket were not refused")
			}},
		}},
		{name: "rates of proxies", beside: []string{"--rate-limit", "0.001"}, wires: []wire{
			{"trusted-proxies", "127.0.0.1", servesOften},
		}},
	}
}

func field(name string) string { return "{name: " + `"` + name + `"` + ", type: STRING}" }

// refuses sends an operation of a server's, on behalf of alice unless only a
// server may send it: it is over a limit.
func refuses(query, want string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := servertest.WithKey(s.MustCLI("apikey", "create", strings.NewReplacer("/", ".", "#", ".").Replace(t.Name())))
		if !strings.Contains(query, "defineCustomClass") {
			h = append(h, "On-Behalf-Of", "alice")
		}
		reply := s.Post(h, query, nil)
		if len(reply.Errors) != 1 || !strings.Contains(reply.Errors[0].Message, want) {
			t.Errorf("got status %d and %s, want a refusal with %q", reply.Status, reply.Body, want)
		}
	}
}

// refusesAfter sends a user's operation until it was allowed that often: then it
// is over a quota.
func refusesAfter(allowed int, query, want string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := servertest.WithToken(s.Token(fmt.Sprintf("user%d", allowed)))
		for range allowed {
			s.Must(h, query, nil)
		}
		reply := s.Post(h, query, nil)
		if len(reply.Errors) != 1 || !strings.Contains(reply.Errors[0].Message, want) {
			t.Errorf("got status %d and %s, want a refusal with %q", reply.Status, reply.Body, want)
		}
	}
}

// refusesRows reads one list, which is allowed, and two of them in one operation, which are
// more than it may read.
func refusesRows(t *testing.T, s *servertest.Server) {
	t.Helper()
	h := servertest.WithToken(s.Token("rows"))
	for query, refused := range map[string]bool{
		`{ dialogs { totalCount } }`:                              false,
		`{ a: dialogs { totalCount } b: dialogs { totalCount } }`: true,
	} {
		reply := s.Post(h, query, nil)
		if got := strings.Contains(string(reply.Body), "(limit 30, --limit-rows)"); got != refused {
			t.Errorf("%s: got status %d and %s, want a refusal by --limit-rows: %t", query, reply.Status, reply.Body, refused)
		}
	}
}

// refusesScans asks for many lists at once until some do not get to wait.
func refusesScans(t *testing.T, s *servertest.Server) {
	t.Helper()
	h := servertest.WithToken(s.Token("scans"))
	body, err := json.Marshal(map[string]string{"query": aliased("query", "dialogs(first: 1) { nodes { id } }")})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		var refused atomic.Int64
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				reply, err := s.Try(h, body)
				if err != nil {
					t.Error(err)
				}
				for _, e := range reply.Errors {
					refused.Add(1)
					if e.Extensions.Code != "RATE_LIMITED" || !strings.Contains(e.Message, "(limit 1, --limit-scans)") {
						t.Errorf("got %s: %s", e.Extensions.Code, e.Message)
					}
				}
			})
		}
		all.Wait()
		if refused.Load() > 0 || t.Failed() {
			return
		}
	}
	t.Error("of ten requests with 50 lists each, none ever had to wait behind one that waits")
}

// refusesLargeOperations sends more large operations at once than may wait, while
// nothing can be written.
func refusesLargeOperations(t *testing.T, s *servertest.Server) {
	t.Helper()
	h := servertest.WithToken(s.Token("large"))
	body, err := json.Marshal(map[string]string{"query": aliased("mutation", `createDialog(input: {type: GROUP, name: "x"}) { created }`)})
	if err != nil {
		t.Fatal(err)
	}
	unlock := lockStore(t, s)
	const refused = 3
	messages := make(chan string, 2+2*32+refused)
	var all sync.WaitGroup
	for range cap(messages) {
		all.Go(func() {
			reply, err := s.Try(h, body)
			if err != nil {
				t.Error(err)
			}
			for _, e := range reply.Errors {
				if e.Extensions.Code == "RATE_LIMITED" && len(e.Path) == 0 {
					messages <- e.Message
				}
			}
		})
	}
	for range refused {
		if got := <-messages; !strings.Contains(got, "(2 run at once, --limit-large-operations)") {
			t.Error(got)
		}
	}
	unlock()
	all.Wait()
	if len(messages) > 0 {
		t.Errorf("too many were refused: %s", <-messages)
	}
}

func refusesCustomData(t *testing.T, s *servertest.Server) {
	t.Helper()
	key := s.MustCLI("apikey", "create", "custom-data")
	s.Must(servertest.WithKey(key), `mutation { defineCustomClass(input: {name: "Note", fields: [`+field("text")+`]}) { customClass { name } } }`, nil)
	refuses(`mutation { createDialog(input: {type: GROUP, name: "x", customData: [{className: "Note", fields: {text: "`+strings.Repeat("t", 60)+`"}}]}) { created } }`, "(limit 60)")(t, s)
}

// refusesClass defines one custom class more than the two that there may be.
func refusesClass(t *testing.T, s *servertest.Server) {
	t.Helper()
	h := servertest.WithKey(s.MustCLI("apikey", "create", "classes"))
	const define = `mutation($name: String!) { defineCustomClass(input: {name: $name, fields: []}) { customClass { name } } }`
	for _, name := range []string{"Note", "Task", "Note"} { // a class that exists is not another one
		s.Must(h, define, map[string]any{"name": name})
	}
	if reply := s.Post(h, define, map[string]any{"name": "Third"}); len(reply.Errors) != 1 || reply.Errors[0].Message != "too many custom classes: 3 (limit 2)" {
		t.Errorf("got status %d and %s", reply.Status, reply.Body)
	}
}

// refusesBody sends a value to both APIs, in a variable and in custom data.
func refusesBody(value string, status int, want string) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := append(servertest.WithToken(s.Token("alice")), "Content-Type", "application/json")
		for path, body := range map[string]string{
			"/graphql": `{"query": "{ viewer { kind } }", "variables": {"x": %s}}`, "/chat/Dialog.json": `{"type": 2, "name": "x", "data": %s}`,
		} {
			answer := s.Do(http.MethodPost, path, h, fmt.Appendf(nil, body, value))
			if answer.Status != status || !strings.Contains(string(answer.Body), want) {
				t.Errorf("%s: got status %d and %s", path, answer.Status, answer.Body)
			}
		}
	}
}

func refusesAnonymousBody(t *testing.T, s *servertest.Server) {
	t.Helper()
	body := fmt.Appendf(nil, `{"query": "{ viewer { kind } }"%s}`, strings.Repeat(" ", 5000))
	s.Post(servertest.WithToken(s.Token("alice")), "{ viewer { kind } }"+strings.Repeat(" ", 5000), nil)
	if reply, err := s.Try(nil, body); err != nil || reply.Status != http.StatusRequestEntityTooLarge || !strings.Contains(string(reply.Body), "(limit 4096 bytes, --limit-body-anonymous)") {
		t.Errorf("got status %d, %s and %v", reply.Status, reply.Body, err)
	}
}

// waitsForMemory announces more than one user may have in memory at the same
// time, and then sends another body, for which there is no room.
func waitsForMemory(t *testing.T, s *servertest.Server) {
	t.Helper()
	token := s.Token("alice")
	for range 5 { // of 60,000 bytes, where one user may have 325,000
		conn := waitingForBody(t, s, 60_000, "QB-Token: "+token+"\r\n")
		t.Cleanup(func() { _ = conn.Close() })
	}
	body := fmt.Sprintf(`{"query": "{ viewer { kind } }"%s}`, strings.Repeat(" ", 60_000))
	answer := s.Do(http.MethodPost, "/graphql", append(servertest.WithToken(token), "Content-Type", "application/json"), []byte(body))
	if !strings.Contains(string(answer.Body), "--memory-requests") {
		t.Errorf("got status %d and %s", answer.Status, answer.Body)
	}
}

// refusesHeader sends headers of exactly the limit and of one byte more.
func refusesHeader(t *testing.T, s *servertest.Server) {
	t.Helper()
	for _, test := range []struct {
		path         string
		size, status int
	}{
		{"/healthz", 2048, http.StatusOK},
		{"/healthz", 2049, http.StatusRequestHeaderFieldsTooLarge},
		{"/graphql", 2049, http.StatusRequestHeaderFieldsTooLarge},
		{"/session.json", 2049, http.StatusRequestHeaderFieldsTooLarge},
		{"/healthz", 4 * 2048, http.StatusRequestHeaderFieldsTooLarge},
	} {
		header := "GET " + test.path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: %s\r\n\r\n"
		header = fmt.Sprintf(header, strings.Repeat("x", test.size-len(header)+len("%s")))
		answer := answerOf(t, servertest.Patience, dial(t, s, header))
		if answer.Status != test.status || (test.status == http.StatusOK) == strings.Contains(string(answer.Body), "--limit-headers") {
			t.Errorf("%s: got status %d and %s", test.path, answer.Status, answer.Body)
		}
	}
}

// refusesSecond sends a request and then one to each API, which says when to
// send it again.
func refusesSecond(t *testing.T, s *servertest.Server, h servertest.Header, after string) {
	t.Helper()
	s.Must(h, whoami, nil)
	for _, path := range []string{"/graphql", "/chat/Dialog.json"} {
		answer := s.Do(http.MethodGet, path, h, nil)
		if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != after {
			t.Errorf("%s: got status %d and Retry-After %q: %s", path, answer.Status, answer.Header.Get("Retry-After"), answer.Body)
		}
	}
}

// forgetsDocuments sends a document to be kept, and then only its hash.
func forgetsDocuments(t *testing.T, s *servertest.Server) {
	t.Helper()
	h := servertest.WithToken(s.Token("alice"))
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(whoami)))
	send := func(query string) servertest.Reply {
		reply, err := s.Try(h, fmt.Appendf(nil, `{"query": %q, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": %q}}}`, query, hash))
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	send(whoami)
	if reply := send(""); len(reply.Errors) != 1 || reply.Errors[0].Extensions.Code != "PERSISTED_QUERY_NOT_FOUND" {
		t.Errorf("got %s", reply.Body)
	}
}

// answersTo asks for more than so many bytes.
func answersTo(limit int) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := servertest.WithToken(s.Token("alice"))
		for range 2 {
			makeLargeGroup(t, s, h)
		}
		reply := s.Post(h, manyLists, nil)
		if len(reply.Errors) != 1 || !strings.Contains(reply.Errors[0].Message, fmt.Sprintf("(limit %d bytes, --limit-answer)", limit)) {
			t.Errorf("got status %d and %.300s", reply.Status, reply.Body)
		}
	}
}

// acceptsOccupants makes a group by each API with a list that is longer than the
// default limits allow.
func acceptsOccupants(n int) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := servertest.WithToken(s.Token("alice"))
		s.Must(h, makeGroup, map[string]any{"ids": ordinaryIDs(n)})
		group := map[string]any{"type": 2, "name": "x", "occupants_ids": strings.Join(ordinaryIDs(n), ",")}
		if status, body := s.Rest(h, http.MethodPost, "/chat/Dialog.json", group); status != http.StatusCreated {
			t.Errorf("got status %d and %.300s", status, body)
		}
	}
}

// loadsMoreThan asks for little of dialogs that take more memory than one answer
// may have.
func loadsMoreThan(most int) func(*testing.T, *servertest.Server) {
	return func(t *testing.T, s *servertest.Server) {
		t.Helper()
		h := servertest.WithToken(s.Token("alice"))
		for range 3 {
			s.Must(h, `mutation($ids: [ID!]!) { createDialog(input: {type: GROUP, name: "x", occupantIds: $ids}) { created } }`, map[string]any{"ids": ordinaryIDs(20)})
		}
		want := fmt.Sprintf("(limit %d bytes, half of --memory-answers)", most)
		if reply := s.Post(h, `{ dialogs(first: 3) { nodes { id } } }`, nil); len(reply.Errors) != 1 || !strings.Contains(reply.Errors[0].Message, want) {
			t.Errorf("got status %d and %.300s", reply.Status, reply.Body)
		}
		if status, body := s.Rest(h, http.MethodGet, "/chat/Dialog.json", nil); status == http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("got status %d and %.300s", status, body)
		}
	}
}

// servesOften requests paths outside the APIs more often than the rate limit
// allows, as load balancers do.
func servesOften(t *testing.T, s *servertest.Server) {
	t.Helper()
	for range 5 {
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := s.Get(path); status != http.StatusOK {
				t.Fatalf("%s: got status %d and %s", path, status, body)
			}
		}
	}
	if answer := s.Do(http.MethodGet, "/healthz", servertest.Header{"X-Forwarded-For", "198.51.100.7"}, nil); answer.Status != http.StatusOK {
		t.Errorf("the first request of a client of the proxy: got status %d", answer.Status)
	}
	if answer := s.Do(http.MethodGet, "/healthz", servertest.Header{"X-Forwarded-For", "198.51.100.7"}, nil); answer.Status != http.StatusTooManyRequests {
		t.Errorf("the second request of a client of the proxy: got status %d", answer.Status)
	}
}
