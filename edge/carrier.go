package edge

import (
	"context"
	"net/http"
)

// A carrier is the context of a request while it passes through the guards. A guard that
// adds to the context replaces it inside the carrier, so that the request does not have to
// be copied each time. A context that is derived from the carrier itself would change when
// later guards add to it: so only the handler derives from it, and guards use [contextOf].
type carrier struct{ context.Context }

// carried returns the request with a context that guards can add to.
func carried(r *http.Request, ctx context.Context) *http.Request {
	return r.WithContext(&carrier{ctx})
}

// contextOf returns the context of a request as the previous guards have left it.
func contextOf(r *http.Request) context.Context {
	if c, ok := r.Context().(*carrier); ok {
		return c.Context
	}
	return r.Context()
}

// with returns the request with this context, which must be derived from [contextOf].
func with(r *http.Request, ctx context.Context) *http.Request {
	if c, ok := r.Context().(*carrier); ok {
		c.Context = ctx
		return r
	}
	return r.WithContext(ctx)
}

// ownRequest returns a request that may be changed. net/http's own request must stay as it
// is: net/http still uses its body if the answer was sent before the body was read.
func ownRequest(r *http.Request) *http.Request {
	if _, ok := r.Context().(*carrier); ok { // this is already a copy
		return r
	}
	own := *r
	return &own
}
