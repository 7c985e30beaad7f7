package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"

	"dialogs/servertest"
)

// asQuickBlox sends the request of a cell of the decision table, and returns
// the verdict.
func (r server) asQuickBlox(t *testing.T, h servertest.Header, change dialog.Change, looks bool, id string) dialogtest.Verdict {
	t.Helper()
	path := "/chat/Dialog/" + id + ".json"
	var status int
	var body string
	switch {
	case looks:
		status, body = r.Rest(h, http.MethodGet, path, nil)
	case change.Delete:
		status, body = r.Rest(h, http.MethodDelete, path, map[string]any{"force": 1})
	default:
		status, body = r.Rest(h, http.MethodPut, path, quickbloxChange(change))
	}
	if status == http.StatusOK {
		return dialogtest.Verdict{}
	}
	var answer struct{ Errors []string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Errors) != 1 {
		t.Fatalf("got status %d: %s", status, body)
	}
	v := dialogtest.Verdict{Message: answer.Errors[0], Code: map[int]dialog.Code{
		http.StatusBadRequest: dialog.Invalid, http.StatusUnauthorized: dialog.Unauthenticated, http.StatusForbidden: dialog.Forbidden,
	}[status]}
	switch v.Code {
	case dialog.Invalid:
		var field string
		field, v.Message, _ = strings.Cut(answer.Errors[0], ": ")
		v.Field = map[string]string{
			"name": "name", "photo": "photo", "data": "customData", "user_id": "newOwnerId",
			"push_all[occupants_ids]": "addOccupants", "pull_all[occupants_ids]": "removeOccupants",
			"push_all[admin_ids]": "addAdmins", "pull_all[admin_ids]": "removeAdmins",
		}[field]
	case dialog.Forbidden, dialog.Unauthenticated:
	default:
		t.Fatalf("got status %d: %s", status, body)
	}
	return v
}

// quickbloxChange is a change as the body of a PUT.
func quickbloxChange(c dialog.Change) map[string]any {
	body := map[string]any{}
	if c.Name.Given {
		body["name"] = c.Name.Value
	}
	if c.Photo.Given {
		body["photo"] = c.Photo.Value
	}
	if c.ClearPhoto {
		body["photo"] = nil
	}
	body["push_all"] = map[string]any{"occupants_ids": c.AddOccupants, "admin_ids": c.AddAdmins}
	body["pull_all"] = map[string]any{"occupants_ids": c.RemoveOccupants, "admin_ids": c.RemoveAdmins}
	if c.NewOwner.Given {
		body["user_id"] = c.NewOwner.Value
	}
	for _, custom := range c.Custom {
		data := map[string]any{"class_name": custom.Class}
		for name, value := range custom.Fields {
			data[name] = value
		}
		body["data"] = data
	}
	return body
}

// TestQuickBloxRefusals looks at what guards say before the QuickBlox API: in its own
// shape, and with the text that makes client libraries create a new session.
func TestQuickBloxRefusals(t *testing.T) {
	s := start(t)
	key, token := s.MustCLI("apikey", "create", "backend"), s.MustCLI("token", "7")
	for _, test := range []struct {
		h      servertest.Header
		status int
		text   string
		reason string
	}{
		{servertest.WithToken("nonsense"), 401, `{"errors":["Required session does not exist: `, "no token"},
		{servertest.Header{"Authorization", "Bearer nonsense"}, 401, `{"errors":["Required session does not exist: `, "no bearer token"},
		{servertest.WithKey("nonsense"), 401, `{"errors":["invalid API key: unknown or revoked"]}`, "no key"},
		{append(servertest.WithToken(token), servertest.WithKey(key)...), 400, `{"errors":["QB-Token and Authorization cannot be combined: send one of them"]}`, "two credentials"},
		{append(servertest.WithToken(token), "On-Behalf-Of", "8"), 400, `{"errors":["On-Behalf-Of can only be used with an API key"]}`, "On-Behalf-Of with a token"},
		{append(servertest.WithToken(token), "Origin", "https://evil.example"), 200, ``, "reading from a foreign page, which its browser keeps from it"},
	} {
		status, body := s.Rest(test.h, http.MethodGet, "/chat/Dialog.json?limit=10", nil)
		if status != test.status || !strings.HasPrefix(body, test.text) {
			t.Errorf("%s: got status %d: %s", test.reason, status, body)
		}
	}
	status, body := s.Rest(append(servertest.OnBehalf(key, "9"), "Origin", "https://evil.example"), http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x"})
	if status != http.StatusForbidden || body != "{\"errors\":[\"cross-origin request refused: add this origin to --allow-origins\"]}" {
		t.Errorf("writing from a foreign page: got status %d: %s", status, body)
	}
}

// TestQuickBloxRates looks at what the limit says, of requests and of guesses.
func TestQuickBloxRates(t *testing.T) {
	s := start(t, "--rate-limit", "0.1")
	token := s.MustCLI("token", "7")
	for _, test := range []struct {
		h      servertest.Header
		status int
		text   string
		reason string
	}{
		{servertest.WithToken(token), 200, ``, "the first request"},
		{servertest.WithToken(token), 429, `{"errors":["too many requests: try again in 10 s (limit --rate-limit)"]}`, "too many requests"},
		{servertest.WithToken("nonsense"), 401, `{"errors":["Required session does not exist: `, "the first guess"},
		{servertest.WithToken("nonsense"), 429, `{"errors":["too many failed sign-ins from this address: try again in 10 s (limit --rate-limit)"]}`, "too many guesses"},
	} {
		status, body := s.Rest(test.h, http.MethodGet, "/chat/Dialog.json?limit=10", nil)
		if status != test.status || !strings.HasPrefix(body, test.text) {
			t.Errorf("%s: got status %d: %s", test.reason, status, body)
		}
	}
}

// TestHostIsNotReflected says another Host than the server's: no answer repeats
// it.
func TestHostIsNotReflected(t *testing.T) {
	s := start(t)
	key := s.MustCLI("apikey", "create", "backend")
	evil := append(servertest.OnBehalf(key, "7"), "Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "evil", "Forwarded", "host=evil.example")
	for path, want := range map[string]string{
		"/account_settings.json": s.URL,
		"/chat/Dialog.json":      "@muc.127.0.0.1",
	} {
		s.Rest(evil, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x"})
		status, body := s.Rest(evil, http.MethodGet, path, nil)
		if status != http.StatusOK || strings.Contains(body, "evil") || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s, want %s", path, status, body, want)
		}
	}
}

// TestQuickBloxOff turns the QuickBlox API off.
func TestQuickBloxOff(t *testing.T) {
	s := start(t, "--quickblox=false")
	if status, body := s.Get("/chat/Dialog.json"); status != http.StatusNotFound || strings.Contains(body, "errors") {
		t.Errorf("got status %d: %s", status, body)
	}
}

// TestQuickBloxSession makes a session by the API key, uses it and ends it.
func TestQuickBloxSession(t *testing.T) {
	s := start(t)
	key := s.MustCLI("apikey", "create", "backend")
	status, body := s.Rest(servertest.WithKey(key), http.MethodPost, "/users/7/tokens", nil)
	var made struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	servertest.Decode(t, json.RawMessage(body), &made)
	if left := time.Until(made.ExpiresAt); status != http.StatusOK || left < 7100*time.Second || left > 7201*time.Second {
		t.Errorf("got status %d: %s", status, body)
	}
	status, body = s.Rest(servertest.WithToken(made.Token), http.MethodGet, "/session.json", nil)
	var shown struct {
		Session struct {
			ID        string    `json:"_id"`
			CreatedAt time.Time `json:"created_at"`
			Token     string    `json:"token"`
			UserID    int       `json:"user_id"`
		} `json:"session"`
	}
	servertest.Decode(t, json.RawMessage(body), &shown)
	if age := time.Since(shown.Session.CreatedAt); status != http.StatusOK || shown.Session.Token != made.Token ||
		shown.Session.UserID != 7 || shown.Session.ID == "" || age < 0 || age > servertest.Patience {
		t.Errorf("got status %d: %s", status, body)
	}
	if status, body = s.Rest(servertest.WithToken(made.Token), http.MethodDelete, "/session.json", nil); status != http.StatusOK || body != "" {
		t.Errorf("ending: got status %d: %s", status, body)
	}
	for _, path := range []string{"/session.json", "/chat/Dialog.json"} {
		if status, body = s.Rest(servertest.WithToken(made.Token), http.MethodGet, path, nil); status != http.StatusUnauthorized || !strings.Contains(body, "Required session does not exist") {
			t.Errorf("%s with an ended session: got status %d: %s", path, status, body)
		}
	}
	if answer := s.Post(servertest.WithToken(made.Token), whoami, nil); answer.Status != http.StatusUnauthorized {
		t.Errorf("GraphQL with an ended session: got %d: %s", answer.Status, answer.Body)
	}
	s.Stderr.Await(t, `"operation":"endSession"`)
	s.Stop() // what it has logged is written then
	if strings.Contains(s.Stderr.String(), made.Token) {
		t.Error("the log has a token")
	}
}

// TestEndedSessionStays ends a session: it stays so after a restart. (That
// every instance knows within 5 seconds is tested beside [auth.Authenticator].)
func TestEndedSessionStays(t *testing.T) {
	s := start(t)
	token := s.MustCLI("token", "7")
	if status, body := s.Rest(servertest.WithToken(token), http.MethodDelete, "/session.json", nil); status != http.StatusOK {
		t.Fatalf("got status %d: %s", status, body)
	}
	if code := s.Stop(); code != 0 {
		t.Fatalf("the server ended with %d", code)
	}
	again := startAt(t, s.Store)
	if status, body := again.Rest(servertest.WithToken(token), http.MethodGet, "/session.json", nil); status != http.StatusUnauthorized {
		t.Errorf("after a restart: got status %d: %s", status, body)
	}
}

// TestQuickBloxPages calls as QuickBlox's library does on a page of another
// origin: its browser asks first.
func TestQuickBloxPages(t *testing.T) {
	s := start(t, "--allow-origins", "https://app.example")
	for _, test := range []struct {
		origin, method, headers string
		allowed                 bool
	}{
		{"https://app.example", "PUT", "content-type,qb-os,qb-sdk,qb-token", true},
		{"https://app.example", "DELETE", "authorization,on-behalf-of,qb-account-key", true},
		{"https://app.example", "PATCH", "qb-token", false},
		{"https://app.example", "PUT", "x-other", false},
		{"https://evil.example", "PUT", "qb-token", false},
	} {
		headers := s.Do(http.MethodOptions, "/chat/Dialog/5d75393ba28f9a17e1cb0f9e.json",
			servertest.Header{"Origin", test.origin, "Access-Control-Request-Method", test.method, "Access-Control-Request-Headers", test.headers}, nil).Header
		if got := headers.Get("Access-Control-Allow-Methods") != ""; got != test.allowed {
			t.Errorf("%+v: got %v", test, headers)
		}
	}
	token := s.MustCLI("token", "7")
	answer := s.Do(http.MethodPost, "/chat/Dialog.json",
		servertest.Header{"Origin", "https://app.example", "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8", "QB-Token", token}, []byte(`type=1&name=Square`))
	status, headers := answer.Status, answer.Header
	if status != http.StatusCreated || headers.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		!strings.Contains(headers.Get("Access-Control-Expose-Headers"), "Qb-Token-Expirationdate") || headers.Get("QB-Token-ExpirationDate") == "" {
		t.Errorf("got status %d and %v", status, headers)
	}
}

// TestQuickBloxTotals: total_entries is counted with the first page of a list, and
// is at most --limit-rows.
func TestQuickBloxTotals(t *testing.T) {
	s := start(t, "--limit-rows", "8")
	h := servertest.WithToken(s.MustCLI("token", "7"))
	create := func() {
		t.Helper()
		if status, body := s.Rest(h, http.MethodPost, "/chat/Dialog.json", map[string]any{"type": 2, "name": "x"}); status != http.StatusCreated {
			t.Fatalf("got status %d: %s", status, body)
		}
	}
	wantTotal := func(query string, want int, reason string) {
		t.Helper()
		status, body := s.Rest(h, http.MethodGet, "/chat/Dialog.json?limit=2"+query, nil)
		if prefix := fmt.Sprintf(`{"total_entries":%d,`, want); status != http.StatusOK || !strings.HasPrefix(body, prefix) {
			t.Errorf("%s: got status %d: %.100s, want %s", reason, status, body, prefix)
		}
	}
	for range 4 {
		create()
	}
	wantTotal("", 4, "the first page")
	create()
	wantTotal("&skip=2", 4, "a later page of the same list")
	wantTotal("&skip=2&type=2", 5, "a page of another list")
	wantTotal("", 5, "the first page again")
	for range 10 {
		create()
	}
	wantTotal("", 8, "a list that is too long to count")
	status, body := s.Rest(h, http.MethodGet, "/chat/Dialog.json?count=1", nil)
	if status != http.StatusOK || body != `{"items":{"count":8}}` {
		t.Errorf("a count: got status %d: %s", status, body)
	}
}
