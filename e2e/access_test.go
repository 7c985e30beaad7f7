package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialogs/servertest"
)

// TestKeyScopes: an API key does what its scopes allow, in both APIs, also on behalf of a user.
func TestKeyScopes(t *testing.T) {
	s := servertest.Start(t)
	all := servertest.WithKey(s.MustCLI("apikey", "create", "all"))
	made := s.Must(all, `mutation { createDialog(input: {type: GROUP, name: "x", ownerId: "alice"}) { dialog { id } } }`, nil)
	var d struct{ Dialog struct{ ID string } }
	servertest.Decode(t, made.Data["createDialog"], &d)
	id := d.Dialog.ID
	keys := map[string]string{}
	for _, scope := range []string{"read", "write", "admin"} {
		keys[scope] = s.MustCLI("apikey", "create", scope, "--scopes", scope, "--note", "only "+scope, "--expires", "24h")
	}
	for _, tt := range []struct{ scope, query string }{
		{"read", `{ dialogs { totalCount } }`},
		{"read", `query { dialog(id: "ID") { id } }`},
		{"read", `{ customClasses { name } }`},
		{"read", `{ node(id: "ID") { id } }`},
		{"read", `{ nodes(ids: ["ID"]) { id } }`},
		{"read", `{ dialogChanges { cursor } }`},
		{"write", `mutation { createDialog(input: {type: GROUP, name: "y", ownerId: "bob"}) { created } }`},
		{"write", `mutation { updateDialog(id: "ID", input: {name: "y"}) { replayed } }`},
		{"admin", `mutation { createSession(input: {userId: "bob"}) { token } }`},
		{"admin", `mutation { defineCustomClass(input: {name: "C", fields: [{name: "f", type: STRING}]}) { customClass { name } } }`},
		{"admin", `{ webhooks { id } }`},
		{"admin", `mutation { createWebhook(input: {url: "https://example.com"}) { secret } }`},
		{"admin", `mutation { endUserSessions(userId: "nobody") { userId } }`},
		{"admin", `mutation { suspendUser(userId: "nobody") { suspended } }`},
	} {
		for scope, key := range keys {
			reply := s.Post(servertest.WithKey(key), strings.ReplaceAll(tt.query, "ID", id), nil)
			if scope == tt.scope {
				if len(reply.Errors) > 0 {
					t.Errorf("%s with %s: %s", tt.query, scope, reply.Body)
				}
			} else if !strings.Contains(string(reply.Body), "FORBIDDEN") || !strings.Contains(string(reply.Body), fmt.Sprintf(`does not have the scope \"%s\", only \"%s\"`, tt.scope, scope)) {
				t.Errorf("%s with %s: %s", tt.query, scope, reply.Body)
			}
		}
	}
	reply := s.Post(servertest.OnBehalf(keys["read"], "alice"), `mutation { updateDialog(id: "`+id+`", input: {name: "z"}) { replayed } }`, nil)
	if !strings.Contains(string(reply.Body), "FORBIDDEN") {
		t.Errorf("on behalf of the owner: %s", reply.Body)
	}
	for _, tt := range []struct{ scope, method, path string }{
		{"read", http.MethodGet, "/chat/Dialog.json"},
		{"write", http.MethodPut, "/chat/Dialog/" + id + ".json"},
		{"admin", http.MethodPost, "/session.json"},
		{"admin", http.MethodPost, "/users/7/tokens"},
	} {
		for scope, key := range keys {
			status, body := s.Rest(servertest.OnBehalf(key, "alice"), tt.method, tt.path, map[string]any{"name": "q"})
			if tt.scope == "admin" {
				status, body = s.Rest(servertest.WithKey(key), tt.method, tt.path, map[string]any{"user_id": 7})
			}
			if (status < 300) != (scope == tt.scope) || scope != tt.scope && (status != http.StatusForbidden || !strings.Contains(body, "scope")) {
				t.Errorf("%s %s with %s: %d %s", tt.method, tt.path, scope, status, body)
			}
		}
	}
	for line := range strings.Lines(s.MustCLI("apikey", "list", "--json")) {
		var key struct {
			Name, CreatedAt, ExpiresAt, LastUsedOn, Note string
			Scopes                                       []string
		}
		servertest.Decode(t, []byte(line), &key)
		if known := key.Name == "all"; !known && (len(key.Scopes) != 1 || key.Scopes[0] != key.Name || key.Note != "only "+key.Name || key.ExpiresAt == "") ||
			known && (key.Scopes != nil || key.ExpiresAt != "") || key.CreatedAt == "" {
			t.Errorf("as JSON: %s", line)
		}
	}
	list := s.MustCLI("apikey", "list")
	for _, want := range []string{"LAST USED", "only admin", " all ", time.Now().UTC().Format("2006-01")} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q:\n%s", want, list)
		}
	}
}

// TestUsersRefused ends the sessions of a user and suspends them, by GraphQL and by the
// commands, while the server runs.
func TestUsersRefused(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	key := s.MustCLI("apikey", "create", "backend")
	who := func(h servertest.Header) int {
		t.Helper()
		return s.Post(h, `{ viewer { userId } }`, nil).Status
	}
	becomes := func(want int, reason string, h servertest.Header) {
		t.Helper()
		for deadline := time.Now().Add(servertest.Patience); who(h) != want; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still not %d", reason, want)
			}
		}
	}
	session := func() servertest.Header {
		t.Helper()
		made := s.Must(servertest.WithKey(key), `mutation { createSession(input: {userId: "alice"}) { token } }`, nil)
		var d struct{ Token string }
		if err := json.Unmarshal(made.Data["createSession"], &d); err != nil {
			t.Fatal(err)
		}
		return servertest.WithToken(d.Token)
	}
	first, behalf := session(), servertest.OnBehalf(key, "alice")
	becomes(200, "before", first)
	s.Must(servertest.WithKey(key), `mutation { endUserSessions(userId: "alice") { userId } }`, nil)
	if got := who(first); got != 401 {
		t.Errorf("an ended session: %d", got)
	}
	second := session()
	if got := who(second); got != 200 {
		t.Errorf("a session that was created then: %d", got)
	}
	s.MustCLI("session", "end", "--user", "alice")
	becomes(401, "a session that a command ended", second)
	third := session()
	becomes(200, "a session after that", third)

	s.Must(servertest.WithKey(key), `mutation { suspendUser(userId: "alice") { suspended } }`, nil)
	for _, h := range []servertest.Header{third, behalf} {
		if got := who(h); got != 401 {
			t.Errorf("a suspended user: %d", got)
		}
	}
	s.Stderr.Await(t, `"status":401,.*"reason":"this user is suspended".*"user":"alice","api_key":"backend"`)
	if list := s.MustCLI("user", "list"); !regexp.MustCompile(`^USER +SUSPENDED SINCE\nalice +20\S+Z$`).MatchString(list) {
		t.Errorf("who is suspended:\n%s", list)
	}
	var suspended struct {
		UserID, SuspendedAt string
		Suspended           bool
	}
	servertest.Decode(t, []byte(s.MustCLI("user", "list", "--json")), &suspended)
	if at, err := time.Parse(time.RFC3339, suspended.SuspendedAt); err != nil || suspended.UserID != "alice" || !suspended.Suspended || time.Since(at).Abs() > time.Hour {
		t.Errorf("as JSON: %+v", suspended)
	}
	s.MustCLI("user", "reinstate", "alice")
	becomes(200, "a user who is reinstated", third)
	if list := s.MustCLI("user", "list"); strings.Contains(list, "alice") {
		t.Errorf("who is suspended afterwards:\n%s", list)
	}
	s.MustCLI("user", "suspend", "alice")
	becomes(401, "a user whom a command suspended", behalf)
	s.Must(servertest.WithKey(key), `mutation { suspendUser(userId: "alice", suspended: false) { suspended } }`, nil)
	becomes(200, "a user who is reinstated by GraphQL", behalf)
	for _, args := range [][]string{{"session", "end"}, {"session", "end", "--user", strings.Repeat("x", 129)}, {"user", "suspend"}, {"user", "suspend", ""}, {"apikey", "create", "x", "--scopes", "write,all"}, {"apikey", "create", "x", "--scopes", ""}, {"apikey", "create", "x", "--expires", "-1h"}, {"apikey", "create", "x", "--expires", "soon"}, {"apikey", "create", "x", "--note", strings.Repeat("é", 201)}} {
		if result := s.CLI(args...); result.Code == 0 || result.Stderr == "" {
			t.Errorf("%q: %+v", args, result)
		}
	}
}
