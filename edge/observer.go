package edge

import (
	"context"
	"net/http"
	"time"

	"dialogs/api"
)

// An Observer is told about requests. Each function may be nil.
type Observer struct {
	// Answered is told of each request that was answered, and of each stream that began.
	// The route is one of the server's own; empty for none.
	Answered func(method, route string, status int, took time.Duration)
	// Refused is told which limit refused a request, by the name of its setting.
	Refused func(setting string)
	// Trace begins to trace a request. The context that it returns belongs to the trace.
	Trace func(*http.Request) (ctx context.Context, end func(route, requestID string, status int))
	// Continue takes the trace of a context to another, for operations that run after
	// their request, over its WebSocket. It must be there if Trace is.
	Continue func(to, from context.Context) context.Context
}

type continueKey struct{}

// continued is a context in the trace of another, if there is one.
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

// begin begins to trace a request, and returns what ends that.
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
