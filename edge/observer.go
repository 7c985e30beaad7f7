package edge

import (
	"context"
	"net/http"
	"time"

	"dialogs/api"
)

// An Observer is called about requests. Each function is optional.
type Observer struct {
	// Answered is called for each request that was answered, and for each stream that has
	// begun. The route is one of the server's routes; empty if there is none.
	Answered func(method, route string, status int, took time.Duration)
	// Refused is called with the name of the setting whose limit has refused a request.
	Refused func(setting string)
	// Trace starts a trace of a request. It returns a context that belongs to the trace.
	Trace func(*http.Request) (ctx context.Context, end func(route, requestID string, status int))
	// Continue moves the trace of one context to another, for operations on a WebSocket
	// that run after its request. It is required if Trace is set.
	Continue func(to, from context.Context) context.Context
}

type continueKey struct{}

// continued returns a context with the trace of another one, if that has one.
func continued(to, from context.Context) context.Context {
	if trace, ok := from.Value(continueKey{}).(func(to, from context.Context) context.Context); ok {
		return trace(to, from)
	}
	return to
}

func (o *Observer) answered(method string, status int, now func() time.Time, start time.Time, request *api.Request) {
	if o.Answered != nil {
		route, _ := request.Outcome()
		o.Answered(method, route, status, now().Sub(start))
	}
}

func (o *Observer) refused(request *api.Request) {
	if o.Refused == nil {
		return
	}
	if _, setting := request.Outcome(); setting != "" {
		o.Refused(setting)
	}
}

func untraced(int, *api.Request) {}

// begin starts a trace of a request, and returns a function that ends it.
func (o *Observer) begin(ctx context.Context, r *http.Request) (context.Context, func(status int, request *api.Request)) {
	if o.Trace == nil {
		return ctx, untraced
	}
	ctx, end := o.Trace(r.WithContext(ctx))
	ctx = context.WithValue(ctx, continueKey{}, o.Continue)
	return ctx, func(status int, request *api.Request) {
		route, _ := request.Outcome()
		end(route, request.ID, status)
	}
}
