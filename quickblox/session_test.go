package quickblox_test

import (
	"net/http"
	"testing"

	"dialogs/dialog"
)

func TestSessions(t *testing.T) {
	d := open(t)
	d.send(server(), http.MethodPost, "/session.json", asJSON, `{"user_id": 7}`).want(http.StatusCreated, `{"session": {
		"_id": "", "application_id": 0, "created_at": "2026-01-31T09:30:00Z", "id": 0, "nonce": 0,
		"token": "token of 7", "ts": 1769851800, "updated_at": "2026-01-31T09:30:00Z", "user_id": 7
	}}`)
	d.send(server(), http.MethodPost, "/session", asForm, `user_id=alice`).want(http.StatusCreated, `{"session": {
		"_id": "", "application_id": 0, "created_at": "2026-01-31T09:30:00Z", "id": 0, "nonce": 0,
		"token": "token of alice", "ts": 1769851800, "updated_at": "2026-01-31T09:30:00Z", "user_id": "alice"
	}}`)
	for _, path := range []string{"/users/7/tokens", "/users/7/tokens.json"} {
		d.send(server(), http.MethodPost, path, "", "").want(http.StatusOK, `{"token": "token of 7", "expires_at": "2026-01-31T11:30:00Z"}`)
	}
	d.send(server(), http.MethodPost, "/users/a%2Fb/tokens", "", "").want(http.StatusOK, `{"token": "token of a/b", "expires_at": "2026-01-31T11:30:00Z"}`)

	a := d.get(user("7"), "/session.json")
	a.want(http.StatusOK, `{"session": {
		"_id": "session of 7", "application_id": 0, "created_at": "2026-01-31T09:30:00Z", "id": 0, "nonce": 0,
		"token": "", "ts": 1769851800, "updated_at": "2026-01-31T09:30:00Z", "user_id": 7
	}}`)
	if got := a.Header.Get("QB-Token-ExpirationDate"); got != "2026-01-31 10:30:00 UTC" {
		t.Errorf("the token expires at %q", got)
	}
	if a := d.send(user("7"), http.MethodDelete, "/session.json", "", ""); a.Status != http.StatusOK || a.Body != "" || len(d.sessions.ended) != 1 || d.sessions.ended[0] != "7" {
		t.Errorf("got status %d and %q, and ended are the sessions of %v", a.Status, a.Body, d.sessions.ended)
	}
}

func TestWrongSessions(t *testing.T) {
	d := open(t)
	signed := `{"application_id": 76730, "auth_key": "7quWEh-k6TqghXe", "timestamp": 1567349756, "nonce": 7334, "signature": "e6e603c2", "user": {"login": "x", "password": "y"}}`
	post := func(c dialog.Caller, body string) answer {
		t.Helper()
		return d.send(c, http.MethodPost, "/session.json", asJSON, body)
	}
	post(dialog.Caller{}, signed).refused(http.StatusUnauthorized, "your back end creates sessions")
	post(dialog.Caller{}, `{}`).refused(http.StatusUnauthorized, "your back end creates sessions")
	post(server(), signed).refused(http.StatusBadRequest, "your back end creates sessions")
	post(server(), `{}`).refused(http.StatusBadRequest, "user_id: ")
	post(server(), `{"user_id": ""}`).refused(http.StatusBadRequest, "user_id: ")
	post(server(), `{"user_id": [7]}`).refused(http.StatusBadRequest, "user_id: ")
	post(user("7"), `{"user_id": 8}`).refused(http.StatusForbidden, "requires an API key without On-Behalf-Of")
	post(onBehalf("7"), `{"user_id": 7}`).refused(http.StatusForbidden, "requires an API key without On-Behalf-Of")
	d.send(user("7"), http.MethodPost, "/users/8/tokens", "", "").refused(http.StatusForbidden, "requires an API key without On-Behalf-Of")
	d.send(dialog.Caller{}, http.MethodPost, "/users/8/tokens", "", "").refused(http.StatusUnauthorized, "authentication required")
	d.get(server(), "/session.json").refused(http.StatusNotFound, "an API key has no session")
	d.send(onBehalf("7"), http.MethodDelete, "/session.json", "", "").refused(http.StatusNotFound, "an API key has no session")
	a := d.get(dialog.Caller{}, "/session.json")
	a.refused(http.StatusUnauthorized, "authentication required")
	if got := a.Header.Get("WWW-Authenticate"); got != "Test" {
		t.Errorf("got the challenge %q", got)
	}
	if len(d.sessions.ended) > 0 {
		t.Errorf("ended are the sessions of %v", d.sessions.ended)
	}
}

func TestAccountSettings(t *testing.T) {
	d := open(t)
	for _, path := range []string{"/account_settings.json", "/account_settings"} {
		d.get(dialog.Caller{}, path).want(http.StatusOK, `{
			"account_id": 0, "api_endpoint": "http://example.com", "chat_endpoint": "example.com",
			"turnserver_endpoint": "example.com", "s3_bucket_name": ""
		}`)
	}
}
