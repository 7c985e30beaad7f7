package graph

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/live"
)

// A subscription is an open subscription. It keeps little memory while it waits, so that
// there can be thousands of them: what gqlgen needs for a response is made for each event.
type subscription struct {
	*streamer
	runner    *runner
	watch     *live.Watch
	operation func() *execution
	send      send
	events    int
	shareable *shareable
	release   func() // frees its document and variables
	room      *room
	place     place
	// transport, began and reason (why it ended) are for the observer.
	transport, reason string
	began             time.Time
}

// subscribe opens a subscription. If it returns none, the errors end the operation.
func (s *streamer) subscribe(ctx context.Context, run *runner, op *execution, over string, send send) (*subscription, gqlerror.List, error) {
	who := s.caller(ctx).Actor()
	if err := s.quota.subscriptions.take(who, s.SubscriptionsPerCaller, "subscriptions", "--max-subscriptions-per-caller"); err != nil {
		return nil, s.refusal(ctx, err), nil
	}
	shareable := shareableOf(&op.OperationContext, s.caller(ctx))
	release, err := s.keeping.keep(s.caller(ctx).Actor().Credential(), &op.OperationContext, len(shareable.key.variables))
	if err != nil {
		s.quota.subscriptions.give(who)
		return nil, s.refusal(ctx, err), nil
	}
	field, newOp := op.roots[0].Name, again(op)
	opened, room := false, s.newRoom(s.caller(ctx), field)
	defer func() {
		if !opened {
			room.Keep(0)
			release()
			s.quota.subscriptions.give(who)
		}
	}()
	began := time.Now()
	var watch *live.Watch
	var errs gqlerror.List
	refused := s.patiently(ctx, s.openingFor(ctx), func() (again bool, wait func(context.Context) error) {
		watch, errs = s.open(dialog.WithRoom(ctx, room), run, op)
		if again = watch == nil && later(errs) != nil; again {
			op = newOp()
			room.Keep(0) // others need it while this one waits
		}
		if again && room.full {
			errs = nil // the error of waiting says more
			return true, room.wait
		}
		return again, nil
	})
	switch {
	case watch != nil:
		opened, room.opening = true, false
		room.Keep(watch.Held())
		s.observer.Operation(field, "")
		s.observer.Subscribed(over)
		return &subscription{
			transport: over, began: began, reason: "disconnected",
			streamer: s, runner: run, watch: watch, operation: newOp, send: send, shareable: shareable, release: release, room: room,
			place: place{caller: s.caller(ctx).Actor()},
		}, nil, nil
	case ctx.Err() != nil:
		return nil, nil, errCut
	case len(errs) == 0: // its turn did not come in time
		errs = s.refusal(ctx, refused)
	}
	s.observer.Operation(field, codeOf(errs[0]))
	noteErrors(ctx, errs)
	return nil, errs, later(errs)
}

// openingFor returns the caller's entry to the lane in which subscriptions start.
func (s *streamer) openingFor(ctx context.Context) enter {
	return func(within context.Context) (func(), error) { return s.opening.Enter(within, s.caller(ctx)) }
}

// open opens the watch of a subscription. If it returns none, the errors say why.
func (s *streamer) open(ctx context.Context, run *runner, op *execution) (*live.Watch, gqlerror.List) {
	within, cancel := limited(ctx)
	defer cancel()
	opening, feed := withFeed(within, nil)
	responses, inner := run.dispatch(opening, op)
	if feed.watch != nil {
		return feed.watch, nil
	}
	response := responses(inner)
	if response == nil || len(response.Errors) == 0 {
		return nil, s.refusal(ctx, stopped(op))
	}
	return nil, response.Errors
}

// later returns errLater if the errors say that the server or the store is overloaded.
func later(errs gqlerror.List) error {
	if codeOf(errs[0]) == string(api.Unavailable) {
		return errLater
	}
	return nil
}

// again returns a function that makes a new execution of an operation, without what an
// earlier execution has left in it.
func again(op *execution) func() *execution {
	doc, operation, variables := op.Doc, op.Operation, op.Variables
	onPanic, fields, rootFields := op.RecoverFunc, op.ResolverMiddleware, op.RootResolverMiddleware
	return func() *execution {
		return &execution{OperationContext: graphql.OperationContext{
			Doc: doc, Operation: operation, OperationName: operation.Name, Variables: variables,
			// Introspection was checked when the operation was created.
			DisableIntrospection: true,
			RecoverFunc:          onPanic, ResolverMiddleware: fields, RootResolverMiddleware: rootFields,
		}}
	}
}

// close ends the subscription, and logs how many events it had.
func (s *subscription) close(ctx context.Context) {
	s.watch.Close()
	s.room.Keep(0)
	s.release()
	s.observer.Unsubscribed(s.transport, s.reason)
	s.quota.subscriptions.give(s.caller(ctx).Actor())
	api.Note(ctx, slog.Int("events", s.events))
}

// follow sends events until the subscription ends. It returns how the operation ends, like
// run.
func (s *subscription) follow(ctx context.Context) (gqlerror.List, error) {
	ready := make(chan struct{}, 1)
	s.watch.OnReady(func() {
		select {
		case ready <- struct{}{}:
		default: // it is about to look
		}
	})
	for {
		over, errs, err := s.catchUp(ctx)
		s.making.leave(&s.place)
		if over {
			return errs, err
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, errCut
		}
	}
}

// catchUp sends the events that are available. If the subscription is over, it returns how
// the operation ends.
func (s *subscription) catchUp(ctx context.Context) (over bool, errs gqlerror.List, err error) {
	for {
		event, ok, err := s.take(ctx)
		if err == nil && !ok {
			err = ctx.Err()
			return err != nil, nil, cut(err)
		}
		if over, errs, err := s.tell(ctx, event, err); over {
			return true, errs, err
		}
	}
}

// next takes the next event, and holds the memory of what was loaded for it and for those
// that follow. The previous event has been sent.
func (s *subscription) next(ctx context.Context) (e live.Event, ok bool, err error) {
	s.room.Keep(s.watch.Held())
	e, ok, err = s.watch.Take(dialog.WithRoom(ctx, s.room))
	s.room.Keep(s.watch.Held() + e.Bytes)
	return e, ok, err
}

// take takes the next event. While the store is unavailable, it tries again, for as long
// as Patience allows.
func (s *subscription) take(ctx context.Context) (e live.Event, ok bool, err error) {
	e, ok, err = s.next(ctx)
	if err == nil || !dialog.IsCode(err, dialog.Unavailable) {
		return e, ok, err
	}
	s.making.leave(&s.place)
	late := time.NewTimer(s.Patience)
	defer late.Stop()
	for pause := retryLeast; dialog.IsCode(err, dialog.Unavailable); pause = min(2*pause, retryMost) {
		select {
		case <-time.After(pause):
			e, ok, err = s.next(ctx)
		case <-late.C:
			return e, ok, err
		case <-ctx.Done():
			return e, ok, err
		}
	}
	return e, ok, err
}

// tell sends the response of an event. If taking the event has failed, it returns how the
// operation ends.
func (s *subscription) tell(ctx context.Context, e live.Event, err error) (over bool, errs gqlerror.List, end error) {
	if err == nil {
		err = s.respond(ctx, e)
	}
	switch {
	case err == nil:
		s.events++
		s.deliveredAfter(e)
		return false, nil, nil
	case errors.Is(err, live.ErrOver):
		s.reason = "completed"
		return true, nil, nil
	case errors.Is(err, live.ErrStopped):
		s.reason = "stopping"
		return true, nil, errCut
	case ctx.Err() != nil, errors.Is(err, errCut):
		return true, nil, errCut
	}
	if !errors.As(err, &errs) {
		errs = s.refusal(ctx, err)
	}
	s.reason = codeOf(errs[0])
	return true, errs, later(errs)
}

// respond sends the response of an event. If several subscribers get the same one, it is
// made only once.
func (s *subscription) respond(ctx context.Context, e live.Event) error {
	s.making.wait(&s.place)
	shared, keep := s.sharing.share(ctx, s.shareable, e)
	if shared != nil {
		return s.deliver(shared)
	}
	defer func() { keep(shared) }()
	op := s.operation()
	within, cancel := limited(ctx)
	defer cancel()
	answering, account := answeringIn(within, op, s.room.Begin())
	defer account.Close()
	answering, feed := withFeed(answering, &e)
	responses, inner := s.runner.dispatch(answering, op)
	if feed.field == nil { // it failed before it came to the event
		if response := responses(inner); response != nil && len(response.Errors) > 0 {
			return response.Errors
		}
		return stopped(op)
	}
	response := responses(graphql.WithFieldContext(inner, feed.field))
	if response == nil {
		if ctx.Err() != nil {
			return errCut
		}
		return stopped(op)
	}
	made := s.result(ctx, account, response)
	if len(response.Errors)+len(response.Extensions) == 0 {
		shared = made
	}
	keep(shared) // before it is sent, which may take long
	keep = func(result) {}
	return s.deliver(made)
}

// deliver sends a result. The subscription only keeps its place in the lane if sending
// cannot take long.
func (s *subscription) deliver(r result) error {
	return cut(s.send(r, func() { s.making.leave(&s.place) }))
}
