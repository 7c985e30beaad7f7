package quickblox_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/quickblox"
)

// TestNotServed asks for what QuickBlox documents and this API does not have.
func TestNotServed(t *testing.T) {
	d := open(t)
	for path, text := range map[string]string{
		"/chat/Message.json":                                       "messages are not available",
		"/chat/Message/unread.json":                                "messages are not available",
		"/chat/Message/5d76b949a0eb4721f80b72ab.json":              "messages are not available",
		"/chat/Dialog/5d75626ea28f9a1490cb0f98/notifications.json": "push notifications are not available",
		"/chat/Dialog/5d75626ea28f9a1490cb0f98/subscribe.json":     "unknown path",
		"/chat/Dialog.xml":                                         "unknown path",
		"/users.json":                                              "users are not available",
		"/users/by_login.json?login=x":                             "users are not available",
		"/users/7":                                                 "users are not available",
		"/login.json":                                              "your back end creates sessions",
		"/blobs.json":                                              "files are not available",
		"/blobs/5/complete.json":                                   "files are not available",
		"/data/Card.json":                                          "custom data of dialogs",
		"/class.json":                                              "defineCustomClass",
		"/events.json":                                             "push notifications are not available",
		"/push_tokens.json":                                        "push notifications are not available",
		"/subscriptions.json":                                      "push notifications are not available",
		"/address_book.json":                                       "address books are not available",
		"/address_book/registered_users":                           "address books are not available",
		"/geodata.json":                                            "locations are not available",
		"/ai/answer_assist":                                        "AI features are not available",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			d.send(user("1"), method, path, "", "").refused(http.StatusNotFound, text)
			d.send(dialog.Caller{}, method, path, "", "").refused(http.StatusNotFound, text)
		}
	}
}

// TestRecommendations asks for whatever the answers about missing things
// recommend: it exists.
func TestRecommendations(t *testing.T) {
	schema, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	recommended := regexp.MustCompile(`(GET|POST|PUT|DELETE) (/[^ .]*(?:\.json)?)| at (/[^ ".]*(?:\.json)?)|mutation (\w+)|subscription`)
	d := open(t)
	found := 0
	for _, pattern := range quickblox.Patterns() {
		said := d.get(dialog.Caller{}, strings.TrimSuffix(pattern, "/")+"/nothing.json").Body
		for _, match := range recommended.FindAllStringSubmatch(said, -1) {
			found++
			switch method, path := match[1], match[2]+match[3]; {
			case path != "":
				if method == "" {
					method = http.MethodGet
				}
				path = strings.ReplaceAll(path, "{user_id}", "7")
				if a := d.send(server(), method, path, "", ""); a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed {
					t.Errorf("%s recommends %s %s, which answers %d", pattern, method, path, a.Status)
				}
			case match[4] == "" || !strings.Contains(string(schema), "\n  "+match[4]+"("):
				t.Errorf("%s recommends what does not exist: %s", pattern, said)
			}
		}
	}
	if found < 5 {
		t.Errorf("found %d recommendations: they are written in another way now", found)
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

// TestPatterns asks a mux that has only the patterns of this API.
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
