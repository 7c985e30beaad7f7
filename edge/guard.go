package edge

import (
	"net/http"
	"slices"
)

// A Guard wraps a handler: it lets a request through, possibly with more in its
// context, or answers it itself.
type Guard func(http.Handler) http.Handler

// Behind puts guards before a handler. The first of the list acts first.
func Behind(guards []Guard, handler http.Handler) http.Handler {
	for _, guard := range slices.Backward(guards) {
		handler = guard(handler)
	}
	return handler
}
