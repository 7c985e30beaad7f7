package quickblox_test

import (
	"net/http"
	"testing"

	"dialogs/dialog"
	"dialogs/quickblox"
)

// TestNotServed asks for what QuickBlox documents and this door does not have.
func TestNotServed(t *testing.T) {
	d := open(t)
	for path, text := range map[string]string{
		"/chat/Message.json":                                       "messages are not served",
		"/chat/Message/unread.json":                                "messages are not served",
		"/chat/Message/5d76b949a0eb4721f80b72ab.json":              "messages are not served",
		"/chat/Dialog/5d75626ea28f9a1490cb0f98/notifications.json": "push notifications are not served",
		"/chat/Dialog/5d75626ea28f9a1490cb0f98/subscribe.json":     "there is no such path",
		"/chat/Dialog.xml":                                         "there is no such path",
		"/users.json":                                              "users are not served",
		"/users/by_login.json?login=x":                             "users are not served",
		"/users/7":                                                 "users are not served",
		"/login.json":                                              "your back end makes a session",
		"/blobs.json":                                              "files are not served",
		"/blobs/5/complete.json":                                   "files are not served",
		"/data/Card.json":                                          "custom data of dialogs",
		"/class.json":                                              "defineCustomClass",
		"/events.json":                                             "push notifications are not served",
		"/push_tokens.json":                                        "push notifications are not served",
		"/subscriptions.json":                                      "push notifications are not served",
		"/address_book.json":                                       "address books are not served",
		"/address_book/registered_users":                           "address books are not served",
		"/geodata.json":                                            "locations are not served",
		"/ai/answer_assist":                                        "AI features are not served",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			d.send(user("1"), method, path, "", "").refused(http.StatusNotFound, text)
			d.send(dialog.Caller{}, method, path, "", "").refused(http.StatusNotFound, text)
		}
	}
}

func TestWrongMethods(t *testing.T) {
	d := open(t)
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodDelete, "/chat/Dialog.json", "GET, POST"},
		{http.MethodPost, "/chat/Dialog/65ba1b4a0000000000000001.json", "DELETE, GET, PUT"},
		{http.MethodPatch, "/chat/Dialog/65ba1b4a0000000000000001.json", "DELETE, GET, PUT"},
		{http.MethodPut, "/session.json", "DELETE, GET, POST"},
		{http.MethodPost, "/account_settings.json", "GET"},
		{http.MethodGet, "/users/7/tokens", "POST"},
	} {
		a := d.send(user("1"), tt.method, tt.path, "", "")
		a.refused(http.StatusMethodNotAllowed, tt.method)
		if got := a.Header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: got Allow %q, want %q", tt.method, tt.path, got, tt.allow)
		}
	}
}

// TestPatterns asks a mux that has nothing but the door's patterns.
func TestPatterns(t *testing.T) {
	d := open(t)
	mux := http.NewServeMux()
	for _, pattern := range quickblox.Patterns() {
		mux.Handle(pattern, d.handler)
	}
	d.handler = mux
	for _, path := range []string{"/chat/Dialog.json", "/chat/Dialog", "/session.json", "/session", "/account_settings.json"} {
		d.get(user("1"), path).want(http.StatusOK, "")
	}
	for _, path := range []string{"/login.json", "/login", "/users.json", "/users/7", "/chat/Message.json", "/data/Card.json"} {
		d.get(user("1"), path).refused(http.StatusNotFound, "")
	}
}
