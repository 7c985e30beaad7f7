package graph

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
)

// An operation is one that runs on a socket. While it is a subscription that waits, it
// has no goroutine.
type operation struct {
	id       string
	socket   *socket
	ctx      context.Context // has the caller, and ends with the connection
	finished func(...slog.Attr)
	release  func() // lets go of the message that began it
	sub      *subscription
	state    atomic.Int32 // one of the following
	// subscription says that the operation is one; the socket's mutex guards it.
	subscription bool

	mu      sync.Mutex
	dropped bool               // by the client: it gets no more messages
	cancel  context.CancelFunc // ends what is running; nil if nothing is
}

const (
	running int32 = iota
	// again means that there may be something to do after what is running.
	runningAgain
	waiting
)

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
	op := &operation{id: *m.ID, socket: s, release: m.body.Close}
	s.mu.Lock()
	running, stopping := len(s.operations), s.stopping
	taken := s.operations[op.id] != nil
	if begun = !taken && !stopping && running < s.OperationsPerConnection; begun {
		s.operations[op.id] = op
	}
	s.mu.Unlock()
	if begun {
		s.begun++
		s.work.Add(1) // until the operation has ended
		go op.serve(&p)
		return true
	}
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
	if op.cancel != nil {
		op.cancel()
	}
	op.mu.Unlock()
	op.wake()
	return true
}

// step runs a part of the operation in a context that ends when the client completes it.
func (op *operation) step(run func(ctx context.Context) (over bool, errs gqlerror.List, err error)) (over bool, errs gqlerror.List, err error) {
	ctx, cancel := context.WithCancel(op.ctx)
	defer cancel()
	op.mu.Lock()
	op.cancel = cancel
	if op.dropped {
		cancel()
	}
	op.mu.Unlock()
	defer func() {
		op.mu.Lock()
		defer op.mu.Unlock()
		op.cancel = nil
	}()
	defer func() {
		if v := recover(); v != nil { // an error of the operation
			over, errs, err = true, op.socket.refusal(op.ctx, api.Recovered(op.ctx, op.socket.log, v)), nil
		}
	}()
	return run(ctx)
}

// serve begins to execute the operation. It ends the operation, unless that is a
// subscription that waits.
func (op *operation) serve(p *params) {
	op.ctx, op.finished = api.BeginOperation(op.socket.ctx)
	over, errs, err := op.step(func(ctx context.Context) (over bool, errs gqlerror.List, err error) {
		op.sub, errs, err = op.execute(ctx, p)
		return op.sub == nil, errs, err
	})
	if over {
		op.end(errs, err)
		return
	}
	op.sub.watch.OnReady(op.wake)
	go op.follow() // with a stack that has not grown
}

// wake has a subscription look for events, if it waits. It never waits itself.
func (op *operation) wake() {
	for {
		switch {
		case op.state.CompareAndSwap(waiting, running):
			go op.follow()
			return
		case op.state.CompareAndSwap(running, runningAgain), op.state.Load() == runningAgain:
			return
		}
	}
}

// follow sends the events of a subscription that there are, and ends the operation when
// there will be no more.
func (op *operation) follow() {
	for {
		op.state.Store(running)
		if over, errs, err := op.step(op.sub.catchUp); over {
			op.end(errs, err)
			return
		}
		if op.state.CompareAndSwap(running, waiting) {
			return
		}
	}
}

// end tells the client how the operation ended.
func (op *operation) end(errs gqlerror.List, err error) {
	s := op.socket
	defer s.work.Done()
	defer op.release()
	if op.sub != nil {
		op.sub.close(op.ctx)
	}
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
	op.finished(slog.String("end", end))
	s.endIfStopped()
}

func (op *operation) execute(ctx context.Context, p *params) (sub *subscription, errs gqlerror.List, err error) {
	s := op.socket
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
