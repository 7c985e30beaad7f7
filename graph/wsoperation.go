package graph

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// An operation is one that runs on a socket.
type operation struct {
	id     string
	socket *socket
	cancel context.CancelFunc
	// subscription says that the operation is one; the socket's mutex guards it.
	subscription bool

	mu      sync.Mutex
	dropped bool // by the client: it gets no more messages
}

// subscribe begins an operation. It tells whether the connection continues.
func (s *socket) subscribe(m *message) bool {
	begun := false
	defer func() {
		if !begun {
			m.body.Close()
		}
	}()
	var p params
	switch {
	case !s.acknowledged:
		s.end(4401, "Unauthorized")
		return false
	case m.ID == nil || *m.ID == "":
		s.invalid("subscribe needs an id")
		return false
	case m.object(&p) != nil:
		s.invalid("the payload of subscribe must be an object: query is a string, variables and extensions are objects")
		return false
	case p.Query == nil && p.DocumentID == nil && p.Extensions["persistedQuery"] == nil:
		s.invalid("the payload of subscribe needs query")
		return false
	}
	ctx, cancel := context.WithCancel(s.ctx)
	op := &operation{id: *m.ID, socket: s, cancel: cancel}
	s.mu.Lock()
	running, stopping := len(s.operations), s.stopping
	taken := s.operations[op.id] != nil
	if begun = !taken && !stopping && running < s.OperationsPerConnection; begun {
		s.operations[op.id] = op
	}
	s.mu.Unlock()
	if begun {
		s.begun++
		s.work.Go(func() { op.serve(ctx, &p, m.body.Close) })
		return true
	}
	cancel()
	switch {
	case taken:
		s.end(4409, "Subscriber for "+op.id+" already exists")
		return false
	case stopping: // the connection is about to end, and the client to connect again
		return true
	}
	errs := s.refusal(s.ctx, tooMany("too many operations on one connection", s.OperationsPerConnection, "--max-operations-per-connection"))
	return s.counts() && s.send(reply("error", op.id, encode(errs))) == nil
}

// drop ends an operation that the client completes, if it runs.
func (s *socket) drop(id string) bool {
	s.mu.Lock()
	op := s.operations[id]
	delete(s.operations, id)
	s.mu.Unlock()
	if op == nil {
		return false
	}
	op.mu.Lock()
	op.dropped = true
	op.mu.Unlock()
	op.cancel()
	return true
}

// serve executes the operation and tells the client how it ended. A subscription
// waits in a goroutine of its own: the stack of this one has grown.
func (op *operation) serve(ctx context.Context, p *params, release func()) {
	ctx, finished := api.BeginOperation(ctx)
	sub, errs, err := op.execute(ctx, p)
	end := func(errs gqlerror.List, err error) {
		op.end(errs, err, finished)
		release()
	}
	if sub == nil {
		end(errs, err)
		return
	}
	op.socket.work.Go(func() { end(op.follow(sub)) })
}

// follow sends the events of a subscription.
func (op *operation) follow(sub *subscription) (errs gqlerror.List, err error) {
	defer op.recover(sub.ctx, &errs, &err)
	return sub.follow()
}

// recover turns a panic into an error of the operation.
func (op *operation) recover(ctx context.Context, errs *gqlerror.List, err *error) {
	if v := recover(); v != nil {
		*errs, *err = op.socket.refusal(ctx, api.Recovered(ctx, op.socket.log, v)), nil
	}
}

// end tells the client how the operation ended.
func (op *operation) end(errs gqlerror.List, err error, finished func(...slog.Attr)) {
	s := op.socket
	defer op.cancel()
	s.mu.Lock()
	if s.operations[op.id] == op { // first, so that the id can be used again
		delete(s.operations, op.id)
	}
	s.mu.Unlock()
	end := "complete"
	switch {
	case errors.Is(err, errCut):
		end = "cut off"
		if op.isDropped() {
			end = "completed by the client"
		}
	case len(errs) > 0:
		end = "error"
		err = op.send("error", encode(bounded(errs, requestErrorBytes)))
	default:
		err = op.send("complete", nil)
	}
	if err != nil && end != "completed by the client" {
		end = "cut off"
	}
	finished(slog.String("end", end))
	s.endIfStopped()
}

func (op *operation) execute(ctx context.Context, p *params) (sub *subscription, errs gqlerror.List, err error) {
	s := op.socket
	defer op.recover(ctx, &errs, &err)
	ctx, err = api.ChargeAhead(ctx)
	if err != nil {
		return nil, s.refusal(ctx, err), nil
	}
	raw, err := p.raw(nil)
	if err != nil {
		return nil, s.refusal(ctx, err), nil
	}
	created, errs := s.create(graphql.StartOperationTrace(ctx), s.exec, raw)
	if len(errs) > 0 {
		return nil, errs, nil
	}
	s.mu.Lock()
	op.subscription = created.Operation.Operation == ast.Subscription
	s.mu.Unlock()
	s.endIfStopped()
	if err := charge(ctx, created); err != nil {
		return nil, s.refusal(ctx, err), nil
	}
	return s.run(ctx, s.exec, created, func(payload []byte) error { return op.send("next", payload) })
}

// send sends a message about the operation, unless the client has completed it.
func (op *operation) send(kind string, payload []byte) error {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.dropped {
		return errCut
	}
	return op.socket.send(reply(kind, op.id, payload))
}

func (op *operation) isDropped() bool {
	op.mu.Lock()
	defer op.mu.Unlock()
	return op.dropped
}
