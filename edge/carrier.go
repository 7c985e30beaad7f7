package edge

import (
	"context"
	"net/http"
)

// A carrier is the context of a request while it passes the guards. What they add to it
// is put into its place, so that not each of them has to copy the request. A context that
// is derived from a carrier sees what is added later; only the handler's are, because
// guards derive theirs from [contextOf].
type carrier struct{ context.Context }

// carried returns the request with a context that guards can add to.
func carried(r *http.Request, ctx context.Context) *http.Request {
	return r.WithContext(&carrier{ctx})
}

// contextOf is the context of a request as the guards before have left it.
func contextOf(r *http.Request) context.Context {
	if c, ok := r.Context().(*carrier); ok {
		return c.Context
	}
	return r.Context()
}

// with returns the request with a context that is derived from [contextOf].
func with(r *http.Request, ctx context.Context) *http.Request {
	if c, ok := r.Context().(*carrier); ok {
		c.Context = ctx
		return r
	}
	return r.WithContext(ctx)
}

// ownRequest returns a request that may be changed. net/http looks at the body of its own
// one when the answer comes before the body has: that must stay.
func ownRequest(r *http.Request) *http.Request {
	if _, ok := r.Context().(*carrier); ok { // it is a copy
		return r
	}
	own := *r
	return &own
}
