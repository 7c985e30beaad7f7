package graph

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
)

// overEvents serves operations as streams of server-sent events, one stream for each
// request ("distinct connections mode"):
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
type overEvents struct {
	*streamer
	requests *budget.Requests
}

// Supports reports whether the client asks for a stream of events.
func (overEvents) Supports(r *http.Request) bool {
	wanted, _ := negotiate(r.Header.Values("Accept"), typeEvents)
	switch r.Method {
	case http.MethodGet:
		return wanted == typeEvents && r.Header.Get("Upgrade") == ""
	case http.MethodPost:
		return wanted == typeEvents && isPlainJSON(r.Header)
	}
	return false
}

// Do serves one request.
func (t overEvents) Do(w http.ResponseWriter, r *http.Request, run *runner) {
	defer t.recover(w, r)
	if api.IsStopping(r.Context()) {
		Refuse(w, r, stoppingRefusal())
		return
	}
	raw, release, err := t.read(w, r)
	defer release()
	if err != nil {
		t.refuse(w, r, err)
		return
	}
	op, errs := t.create(r.Context(), run, raw)
	if len(errs) == 0 {
		if err := t.mayRun(w, r, op); err != nil {
			t.refuse(w, r, err)
			return
		}
	}
	ctx, cancel := api.Lasting(r.Context())
	defer cancel()
	stream := &eventStream{overEvents: t, w: w, control: http.NewResponseController(w), ctx: ctx, cancel: cancel}
	if op != nil && op.Operation.Operation == ast.Subscription {
		who := t.caller(ctx).Actor()
		if err := t.quota.connections.take(who, t.ConnectionsPerCaller, "streams", "--max-streams-per-caller"); err != nil {
			t.refuse(w, r, err)
			return
		}
		defer t.quota.connections.give(who)
		stream.lasting = true
	}
	stream.serve(func() (gqlerror.List, error) {
		if len(errs) > 0 {
			return errs, nil
		}
		sub, errs, err := t.run(ctx, run, op, "sse", stream.next)
		if sub != nil {
			defer sub.close(ctx)
			release() // the subscription keeps what it needs of the request
			return sub.follow(ctx)
		}
		return errs, err
	})
}

// read reads the request, like the transports without streams.
func (t overEvents) read(w http.ResponseWriter, r *http.Request) (raw *graphql.RawParams, release func(), err error) {
	if r.Method == http.MethodGet {
		if !preflighted(r.Header) {
			return nil, func() {}, badRequest(noPreflight)
		}
		raw, err := readURL(r, t.requests)
		return raw, func() {}, err
	}
	body, err := t.requests.Read(w, r, t.caller(r.Context()))
	if err != nil {
		return nil, func() {}, err
	}
	raw, err = readBody(r, body)
	return raw, body.Close, err
}

// mayRun refuses operations that are not allowed in a GET request, and charges the
// operation.
func (t overEvents) mayRun(w http.ResponseWriter, r *http.Request, op *execution) error {
	if r.Method == http.MethodGet && op.Operation.Operation == ast.Mutation {
		return unservedKind(w, r, op.Operation.Operation)
	}
	return charge(r.Context(), op)
}
