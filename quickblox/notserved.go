package quickblox

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"dialogs/api"
)

// areas are what QuickBlox documents and this server does not have, by the
// first segment of their paths, with the answer for each. Everything that an
// answer recommends exists.
var areas = map[string]string{
	"address_book":  "address books are not available: this server stores dialogs, not users",
	"ai":            "AI features are not available",
	"blobs":         "files are not available: a dialog's photo can be a URL or any other text",
	"class":         "custom classes are defined through GraphQL, with the mutation defineCustomClass",
	"data":          "custom objects are only available as the custom data of dialogs",
	"events":        "push notifications are not available",
	"geodata":       "locations are not available",
	"login":         howToSignIn,
	"places":        "locations are not available",
	"push_tokens":   "push notifications are not available",
	"subscriptions": "push notifications are not available",
}

func notServedAreas() []string { return slices.Sorted(maps.Keys(areas)) }

// notServed answers for every path without an endpoint.
func notServed(w http.ResponseWriter, r *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	message, known := areas[strings.TrimSuffix(first, ".json")]
	switch {
	case known:
	case first == "chat" && strings.HasPrefix(rest, "Message"):
		message = "messages are not available: this server stores dialogs only"
	case first == "chat" && strings.HasSuffix(strings.TrimSuffix(rest, ".json"), "/notifications"):
		message = "push notifications are not available"
	case first == "users" || first == "users.json":
		message = "users are not available: they are managed by your own system. POST /users/{user_id}/tokens creates a session"
	default:
		message = "unknown path: dialogs are at /chat/Dialog.json"
	}
	Refuse(w, r, &api.Refusal{Code: api.NotFound, Message: message})
}
