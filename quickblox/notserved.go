package quickblox

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"dialogs/api"
)

// areas are what QuickBlox documents and this server does not have, by the
// first segment of their paths, with what to say about each.
var areas = map[string]string{
	"address_book":  "address books are not served: this server keeps dialogs, and no users",
	"ai":            "AI features are not served",
	"blobs":         "files are not served: a dialog's photo is a link or any other text",
	"class":         "custom classes are defined by GraphQL, with defineCustomClass",
	"data":          "custom objects are served as the custom data of dialogs alone",
	"events":        "push notifications are not served",
	"geodata":       "locations are not served",
	"login":         howToSignIn + "; DELETE /session.json ends it",
	"places":        "locations are not served",
	"push_tokens":   "push notifications are not served",
	"subscriptions": "push notifications are not served; changes of dialogs are told by GraphQL subscriptions",
}

func notServedAreas() []string { return slices.Sorted(maps.Keys(areas)) }

// notServed answers for every path that is not served.
func notServed(w http.ResponseWriter, r *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	message, known := areas[strings.TrimSuffix(first, ".json")]
	switch {
	case known:
	case first == "chat" && strings.HasPrefix(rest, "Message"):
		message = "messages are not served: this server keeps dialogs, not what is said in them"
	case first == "chat" && strings.HasSuffix(strings.TrimSuffix(rest, ".json"), "/notifications"):
		message = "push notifications are not served"
	case first == "users" || first == "users.json":
		message = "users are not served: their ids come from your own user management; POST /users/{user_id}/tokens makes a session"
	default:
		message = "there is no such path here; dialogs are at /chat/Dialog.json"
	}
	Refuse(w, r, &api.Refusal{Code: api.NotFound, Message: message})
}
