package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/live"
)

// A subscription is one that was opened. It keeps little while it waits, so that
// thousands of them can.
type subscription struct {
	*streamer
	ctx context.Context // of the operation
	// inner is the one that gqlgen makes responses in.
	inner     context.Context
	cancel    context.CancelFunc
	op        *graphql.OperationContext
	feed      *feed
	responses graphql.ResponseHandler
	send      send
	events    int
	shareable *shareable
}

// subscribe opens a subscription. Without one, the errors end the operation.
func (s *streamer) subscribe(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext, send send) (*subscription, gqlerror.List, error) {
	who := s.caller(ctx).Actor().Identity()
	if !s.quota.subscriptions.take(who, s.SubscriptionsPerCaller) {
		return nil, s.refusal(ctx, tooMany("too many subscriptions for one caller", s.SubscriptionsPerCaller, "--max-subscriptions-per-caller")), nil
	}
	opening, feed := withFeed(ctx)
	opening, cancel := context.WithCancel(opening)
	sub := &subscription{streamer: s, ctx: ctx, cancel: cancel, op: op, feed: feed, send: send, shareable: shareableOf(op, s.caller(ctx))}
	opened := false
	defer func() {
		if !opened {
			sub.close()
		}
	}()
	inTime := func() bool { return true }
	if limit := api.OperationLimit(ctx); limit > 0 {
		inTime = time.AfterFunc(limit, cancel).Stop
	}
	sub.responses, sub.inner = exec.DispatchOperation(opening, op)
	if feed.watch == nil {
		response := sub.responses(sub.inner)
		if ctx.Err() != nil {
			return nil, nil, errCut
		}
		if response == nil || len(response.Errors) == 0 {
			return nil, s.refusal(ctx, stoppedRefusal()), nil
		}
		noteErrors(ctx, response.Errors)
		return nil, response.Errors, nil
	}
	if !inTime() {
		return nil, s.refusal(ctx, stoppedRefusal()), nil
	}
	opened = true
	return sub, nil, nil
}

func stoppedRefusal() *api.Refusal {
	return &api.Refusal{Code: api.Unavailable, Message: stoppedMessage}
}

// close ends the subscription.
func (s *subscription) close() {
	s.cancel()
	s.feed.close()
	s.quota.subscriptions.give(s.caller(s.ctx).Actor().Identity())
}

// follow sends the events for as long as the subscription lasts, and closes it. It
// returns what ends the operation, as run does.
func (s *subscription) follow() (gqlerror.List, error) {
	defer s.close()
	defer func() { api.Note(s.ctx, slog.Int("events", s.events)) }()
	for {
		event, err := s.feed.watch.Next(s.inner)
		if err == nil {
			err = s.tell(event)
		}
		switch {
		case err == nil:
			s.events++
		case errors.Is(err, io.EOF):
			return nil, nil
		case s.ctx.Err() != nil, errors.Is(err, live.ErrStopped), errors.Is(err, errCut):
			return nil, errCut
		default:
			return s.refusal(s.ctx, err), nil
		}
	}
}

// tell sends the response of one event. If others get the same one, it is made once.
func (s *subscription) tell(e live.Event) error {
	data, keep := s.sharing.share(s.inner, s.shareable, e)
	if data != nil {
		_, account := s.answering(s.inner, s.op)
		defer account.Close()
		return s.emit(s.inner, account, &graphql.Response{Data: data}, s.send)
	}
	var shared json.RawMessage
	defer func() { keep(shared) }()
	ctx := s.feed.respond(s.inner, e)
	within, cancel := limited(dialog.WithRows(ctx, s.service.Policy().Limits.Rows))
	defer cancel()
	answering, account := s.answering(within, s.op)
	defer account.Close()
	response := s.responses(answering)
	if response == nil {
		if ctx.Err() != nil {
			return errCut
		}
		return stoppedRefusal()
	}
	if len(response.Errors)+len(response.Extensions) == 0 {
		shared = response.Data
	}
	keep(shared) // before sending, which may have to wait
	keep = func(json.RawMessage) {}
	return s.emit(ctx, account, response, s.send)
}
