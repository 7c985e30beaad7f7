package e2e_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"dialogs/servertest"
)

// TestRateLimit sends more than the limit through the whole server.
func TestRateLimit(t *testing.T) {
	s := start(t, "--rate-limit", "0.001")
	token := servertest.WithToken(s.MustCLI("token", "alice"))
	s.Must(token, whoami, nil)
	answer := s.Post(token, whoami, nil)
	if answer.Status != 429 || answer.Header.Get("Retry-After") != "1000" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
		t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
	}
	s.Must(servertest.WithToken(s.MustCLI("token", "bob")), whoami, nil)
}

// TestFailedSignIns sends invalid credentials from an address until it has to
// wait: its neighbors with valid ones notice nothing.
func TestFailedSignIns(t *testing.T) {
	s := start(t, "--rate-limit", "0.5", "--rate-limit-key", "0")
	key := servertest.WithKey(s.MustCLI("apikey", "create", "backend"))
	for range 100 {
		s.Must(key, whoami, nil) // valid credentials count against nobody
	}
	if answer := s.Post(servertest.WithToken("nonsense"), whoami, nil); answer.Status != 401 {
		t.Errorf("got %d for the first: %s", answer.Status, answer.Body)
	}
	for range 3 {
		answer := s.Post(servertest.WithToken("nonsense"), whoami, nil)
		if answer.Status != 429 || answer.Header.Get("Retry-After") != "2" || answer.Errors[0].Extensions.Code != "RATE_LIMITED" {
			t.Errorf("got %d, Retry-After %q: %s", answer.Status, answer.Header.Get("Retry-After"), answer.Body)
		}
		s.Must(key, whoami, nil)
		s.Must(servertest.WithToken(s.Token(fmt.Sprint("neighbor-", answer.Header.Get("X-Request-Id")))), whoami, nil)
	}
}

// from is what a trusted proxy adds to a request.
func from(h servertest.Header, addresses string) servertest.Header {
	return append(h[:len(h):len(h)], "X-Forwarded-For", addresses)
}

// TestForwardedFor has addresses behind a proxy, real and invented ones: each
// line is sent until it has to wait, and says who waits with it.
func TestForwardedFor(t *testing.T) {
	nonsense := servertest.WithToken("nonsense")
	for _, test := range []struct {
		trusted, penalized, then string
		status                   int
		reason                   string
	}{
		{"127.0.0.1", "203.0.113.7", "203.0.113.8", 401, "another address behind the proxy"},
		{"127.0.0.1", "203.0.113.7", "203.0.113.7", 429, "the same address behind the proxy"},
		{"127.0.0.1", "203.0.113.7", "198.51.100.1, 203.0.113.7", 429, "an address that a client invented is on the left"},
		{"127.0.0.1", "203.0.113.7", "203.0.113.7:4711", 429, "an address with a port"},
		{"127.0.0.1", "203.0.113.7", "::ffff:203.0.113.7", 429, "the same address in the form of IPv6"},
		{"127.0.0.1,10.0.0.0/8", "203.0.113.7", "203.0.113.7, 10.1.2.3", 429, "two trusted proxies"},
		{"127.0.0.1", "10.1.2.3", "203.0.113.7, 10.1.2.3", 429, "a proxy that is not trusted is a client"},
		{"127.0.0.1", "2001:db8::1", "[2001:db8::2]:80", 429, "two addresses of one IPv6 network"},
		{"127.0.0.1", "2001:db8::1", "2001:db8:0:1::1", 401, "two IPv6 networks"},
		{"127.0.0.1", "unknown", "nobody", 429, "what is not an address is ignored: the proxy itself counts"},
		{"192.0.2.1", "203.0.113.7", "203.0.113.8", 429, "the header of a peer that is not trusted is ignored"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			s := start(t, "--rate-limit", "0.5", "--trusted-proxies", test.trusted)
			for range 2 {
				s.Post(from(nonsense, test.penalized), whoami, nil)
			}
			if answer := s.Post(from(nonsense, test.then), whoami, nil); answer.Status != test.status {
				t.Errorf("got %d, want %d: %s", answer.Status, test.status, answer.Body)
			}
			s.Must(from(servertest.WithToken(s.Token("alice")), test.penalized), whoami, nil)
		})
	}
}

// TestRequestIDs sends request ids: those of trusted proxies are used.
func TestRequestIDs(t *testing.T) {
	trusting, other := start(t, "--trusted-proxies", "127.0.0.0/8"), start(t)
	for _, test := range []struct {
		s      server
		ids    []string
		used   bool
		reason string
	}{
		{trusting, []string{"4bf92f3577b34da6a3ce929d0e0e4736"}, true, "a sane one of a trusted proxy"},
		{trusting, []string{"a", "b"}, false, "two"},
		{trusting, []string{"a b"}, false, "one with a space"},
		{trusting, []string{strings.Repeat("x", 129)}, false, "a long one"},
		{other, []string{"4bf92f3577b34da6a3ce929d0e0e4736"}, false, "one of anybody"},
	} {
		var h servertest.Header
		for _, id := range test.ids {
			h = append(h, "X-Request-Id", id)
		}
		got := test.s.Do(http.MethodGet, "/graphql?query="+"{__typename}", h, nil).Header.Get("X-Request-Id")
		if used := got == test.ids[0]; used != test.used || got == "" {
			t.Errorf("%s: got the id %q", test.reason, got)
		}
	}
}

// TestSizeCounts sends one large request, and looks for how long its user must wait then:
// 20 seconds for each unit that it counted for.
func TestSizeCounts(t *testing.T) {
	aliased := func(field string, n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, " a%d: %s", i, field)
		}
		return all.String()
	}
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprint("user-", i)
	}
	ids, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	const perUnit = 20
	s := start(t, "--rate-limit", "0.05", "--limit-ids", "500")
	key := s.MustCLI("apikey", "create", "backend")
	rename := `updateDialog(id: "5d75393ba28f9a17e1cb0f9e", input: {name: "x"}) { replayed }`
	for _, test := range []struct {
		user   string
		send   func(servertest.Header)
		reason string
		units  int
	}{
		{"fields", func(h servertest.Header) { s.Post(h, "mutation {"+aliased(rename, 50)+"}", nil) }, "50 mutations", 50},
		{"fragments", func(h servertest.Header) {
			s.Post(h, "mutation {...F} fragment F on Mutation {"+aliased(rename, 50)+"}", nil)
		}, "50 mutations in a fragment", 50},
		{"reads", func(h servertest.Header) {
			s.Post(h, "{"+aliased(`dialog(id: "5d75393ba28f9a17e1cb0f9e") { id }`, 50)+"}", nil)
		}, "50 dialogs", 50},
		{"occupants", func(h servertest.Header) {
			s.Post(h, `mutation {`+aliased(`createDialog(input: {type: GROUP, name: "x", occupantIds: `+string(ids)+`}) { created }`, 8)+`}`, nil)
		}, "4,000 occupants", 48},
		{"variables", func(h servertest.Header) {
			s.Post(h, `mutation($ids: [ID!]) {`+aliased(`createDialog(input: {type: GROUP, name: "x", occupantIds: $ids}) { created }`, 8)+`}`, map[string]any{"ids": many})
		}, "4,000 occupants in a variable", 48},
		{"fifty-removals", func(h servertest.Header) {
			s.Rest(h, http.MethodDelete, "/chat/Dialog/"+strings.TrimSuffix(strings.Repeat("5d75393ba28f9a17e1cb0f9e,", 50), ","), nil)
		}, "50 removals by the QuickBlox API", 50},
		{"many-occupants", func(h servertest.Header) {
			s.Rest(h, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": many})
		}, "500 occupants by the QuickBlox API", 6},
		{"occupants-of-one-text", func(h servertest.Header) {
			s.Rest(h, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x", "occupants_ids": strings.Join(many, ",")})
		}, "500 occupants in one text", 6},
		{"pages", func(h servertest.Header) {
			s.Rest(h, http.MethodGet, "/chat/Dialog.json", nil)
		}, "a page of 100 dialogs", 2},
		{"leaving", func(h servertest.Header) {
			s.Post(h, `mutation($ids: [ID!]!) { leaveDialogs(ids: $ids) { leftIds } }`, map[string]any{"ids": many[:50]})
		}, "50 dialogs to leave", 50},
		{"nodes", func(h servertest.Header) {
			s.Post(h, "query($ids: [ID!]!) {"+aliased(`nodes(ids: $ids) { id }`, 4)+"}", map[string]any{"ids": many[:100]})
		}, "400 nodes", 44},
	} {
		t.Run(test.reason, func(t *testing.T) {
			h := servertest.OnBehalf(key, test.user)
			s := s.In(t)
			test.send(h) // the bucket is full, and gives what is larger than itself
			answer := s.Post(h, whoami, nil)
			if answer.Status != 429 || !strings.Contains(answer.Errors[0].Message, "(limit --rate-limit)") {
				t.Fatalf("got %d: %s", answer.Status, answer.Body)
			}
			if counted := int(math.Ceil(float64(answer.Errors[0].Extensions.RetryAfter) / perUnit)); counted < test.units {
				t.Errorf("it counted for %d units, want at least %d", counted, test.units)
			}
		})
	}
}

// TestOutsideOfAPIs requests paths without credentials, faster than any probe:
// the address waits, the APIs do not, and the log stays quiet.
func TestOutsideOfAPIs(t *testing.T) {
	for _, path := range []string{"/healthz", "/readyz", "/nowhere", "//graphql"} {
		t.Run(path, func(t *testing.T) {
			s := start(t, "--rate-limit", "2")
			s.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			refused := 0
			for range 20 {
				if answer := s.Do(http.MethodGet, path, nil, nil); answer.Status == http.StatusTooManyRequests {
					refused++
					if !strings.Contains(string(answer.Body), `"RATE_LIMITED"`) || answer.Header.Get("Retry-After") == "" {
						t.Fatalf("got %v: %s", answer.Header, answer.Body)
					}
				}
			}
			if refused == 0 {
				t.Error("20 requests at once were served at a rate of 2 per second")
			}
			s.Must(servertest.WithToken(s.Token("alice")), whoami, nil)
			s.Stop() // what it has logged is written then
			if log := s.Stderr.String(); strings.Count(log, `"msg":"request finished"`) != 1 {
				t.Errorf("got the log %s", log)
			}
		})
	}
}
