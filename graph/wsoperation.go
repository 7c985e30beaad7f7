package graph

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/budget"
)

// An operation runs on a socket. A subscription that is waiting has no goroutine.
type operation struct {
	id       string
	idJSON   string // the id in messages
	socket   *socket
	ctx      context.Context // with the caller
	finished func(...slog.Attr)
	body     *budget.Body // the message that started it; nil once it is not needed
	sub      *subscription
	// following is the method follow, as a value that is made only once.
	following func() (risen bool)
	state     atomic.Int32 // one of the following
	// subscription means that the operation is a subscription. The socket's mutex guards
	// it.
	subscription bool

	sending sync.Mutex  // held while a message is sent
	dropped atomic.Bool // the client has completed it: it gets no more messages

	mu          sync.Mutex // guards what follows
	interrupted bool
	cancel      context.CancelFunc // stops what is running; nil if nothing is
}

const (
	running int32 = iota
	// runningAgain means that there may be more to do after the current run.
	runningAgain
	waiting
)

// subscribe starts an operation.
func (s *socket) subscribe(m *message) {
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
		return
	case m.ID == nil || *m.ID == "":
		s.invalid("subscribe needs an id")
		return
	case m.object(&p) != nil:
		s.invalid("the payload of subscribe must be an object: query is a string, variables and extensions are objects")
		return
	case p.Query == nil && p.DocumentID == nil && p.Extensions["persistedQuery"] == nil:
		s.invalid("the payload of subscribe needs query")
		return
	}
	idJSON := string(encode(*m.ID))
	op := &operation{id: idJSON[1 : len(idJSON)-1], idJSON: idJSON, socket: s, body: m.body}
	if op.id != *m.ID { // otherwise both have the same memory
		op.id = strings.Clone(*m.ID)
	}
	s.mu.Lock()
	running, ending := len(s.operations), s.leaving != nil || s.ended
	taken := s.running(op.id) != nil
	if begun = !taken && !ending && running < s.OperationsPerConnection; begun {
		s.operations = append(s.operations, op)
		s.work.Add(1) // until the operation has ended
	}
	s.mu.Unlock()
	switch {
	case begun:
		s.begun++
		go op.serve(&p)
	case taken:
		s.end(4409, "Subscriber for "+op.id+" already exists")
	case ending: // the client is about to connect again
	default:
		errs := s.refusal(s.ctx, tooMany("too many operations on one connection", s.OperationsPerConnection, "--max-operations-per-connection"))
		if s.counts() {
			_ = s.send(nil, reply("error", op.idJSON, encode(errs))...) // an error has ended the connection
		}
	}
}

// running returns the operation with this id; nil if there is none. The mutex must be held.
func (s *socket) running(id string) *operation {
	for _, op := range s.operations {
		if op.id == id {
			return op
		}
	}
	return nil
}

// forget removes an operation, if it is still there. The mutex must be held.
func (s *socket) forget(op *operation) {
	if i := slices.Index(s.operations, op); i >= 0 {
		s.operations = slices.Delete(s.operations, i, i+1)
	}
}

// drop ends an operation because the client has completed it, and reports whether it was
// running.
func (s *socket) drop(id string) bool {
	s.mu.Lock()
	op := s.running(id)
	s.forget(op)
	s.mu.Unlock()
	if op == nil {
		return false
	}
	op.dropped.Store(true)
	op.interrupt()
	op.sending.Lock() // a new operation with the same id must not get messages of this one
	defer op.sending.Unlock()
	return true
}

// interrupt stops the operation. It does not block.
func (op *operation) interrupt() {
	op.mu.Lock()
	op.interrupted = true
	if op.cancel != nil {
		op.cancel()
	}
	op.mu.Unlock()
	op.wake()
}

// step runs a part of the operation. Its context ends when the client completes the
// operation.
func (op *operation) step(run func(ctx context.Context) (over bool, errs gqlerror.List, err error)) (over bool, errs gqlerror.List, err error) {
	ctx, cancel := api.WithCancel(op.ctx)
	defer cancel()
	op.mu.Lock()
	op.cancel = cancel
	if op.interrupted {
		cancel()
	}
	op.mu.Unlock()
	defer func() {
		op.mu.Lock()
		defer op.mu.Unlock()
		op.cancel = nil
	}()
	defer func() {
		if v := recover(); v != nil { // the operation ends with an error
			over, errs, err = true, op.socket.refusal(op.ctx, api.Recovered(op.ctx, op.socket.log, v)), nil
		}
	}()
	return run(ctx)
}

// serve starts executing the operation. A query or mutation has ended when it returns; a
// subscription may be waiting.
func (op *operation) serve(p *params) {
	op.ctx, op.finished = api.BeginOperation(op.socket.context())
	over, errs, err := op.step(func(ctx context.Context) (over bool, errs gqlerror.List, err error) {
		op.sub, errs, err = op.execute(ctx, p)
		return op.sub == nil, errs, err
	})
	if over {
		op.end(errs, err)
		return
	}
	op.freeMessage() // the subscription keeps what it needs of it
	op.following = op.follow
	op.sub.watch.OnReady(op.wake)
	go op.begin() // in a new goroutine, whose stack is small
}

// wake makes a waiting subscription look for events. It does not block.
func (op *operation) wake() {
	for {
		switch {
		case op.state.CompareAndSwap(waiting, running):
			op.socket.making.enter(&op.sub.place, op.following)
			return
		case op.state.CompareAndSwap(running, runningAgain), op.state.Load() == runningAgain:
			return
		}
	}
}

// begin is follow for the first time, without a place.
func (op *operation) begin() {
	if op.follow() {
		op.socket.making.pass()
	}
}

// follow sends the available events of a subscription, and ends the operation if the
// subscription is over. It reports whether the subscription has risen from a place.
func (op *operation) follow() (risen bool) {
	making, place := op.socket.making, &op.sub.place
	for {
		op.state.Store(running)
		if over, errs, err := op.step(op.sub.catchUp); over {
			op.end(errs, err)
			return false
		}
		risen = making.rise(place) // first, because the next one to wake it takes another place
		if op.state.CompareAndSwap(running, waiting) {
			return risen
		}
		if risen {
			making.resume(place)
		}
	}
}

// end tells the client how the operation ended.
func (op *operation) end(errs gqlerror.List, err error) {
	s := op.socket
	defer s.work.Done()
	defer op.freeMessage()
	if op.sub != nil {
		op.socket.making.leave(&op.sub.place)
		op.sub.close(op.ctx)
	}
	s.mu.Lock()
	s.forget(op) // first of all, so that the client can use the id again
	s.mu.Unlock()
	end := "complete"
	switch {
	case errors.Is(err, errCut):
		end = "cut off"
		if op.dropped.Load() {
			end = "completed by the client"
		}
	case errors.Is(err, errLater):
		end = "error"
		err = nil
		s.endSoon(statusTryAgainLater, "Try again later: "+errs[0].Message)
	case len(errs) > 0:
		end = "error"
		err = op.send("error", encode(bounded(errs, requestErrorBytes)), nil)
	default:
		err = op.send("complete", nil, nil)
	}
	if err != nil && end != "completed by the client" {
		end = "cut off"
	}
	op.finished(slog.String("end", end))
	s.endIfIdle()
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
	created, errs := s.create(ctx, s.runner, raw)
	if len(errs) > 0 {
		return nil, errs, nil
	}
	s.mu.Lock()
	op.subscription = created.Operation.Operation == ast.Subscription
	s.mu.Unlock()
	s.endIfIdle()
	if err := charge(ctx, created); err != nil {
		return nil, s.refusal(ctx, err), nil
	}
	return s.run(ctx, s.runner, created, "websocket", func(r result, waits func()) error { return op.send("next", r.payload(), waits) })
}

// freeMessage frees the memory of the message that started the operation.
func (op *operation) freeMessage() {
	op.body.Close()
	op.body = nil
}

// send sends a message about the operation, unless the client has completed it.
func (op *operation) send(kind string, payload []byte, waits func()) error {
	op.sending.Lock()
	defer op.sending.Unlock()
	if op.dropped.Load() {
		return errCut
	}
	return op.socket.send(waits, reply(kind, op.idJSON, payload)...)
}
