package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/graph/model"
	"dialogs/live"
)

type subscriptions struct{ *resolver }

func (s subscriptions) DialogChanged(ctx context.Context, id string, sinceVersion *int) (<-chan model.DialogEvent, error) {
	var since dialog.Optional[int64]
	if sinceVersion != nil {
		since = dialog.Some(int64(*sinceVersion))
	}
	watch, err := s.hub.Dialog(ctx, s.caller(ctx), id, since)
	if err != nil {
		return nil, err
	}
	return s.feed(ctx, watch)
}

func (s subscriptions) DialogsChanged(ctx context.Context, after *string) (<-chan model.DialogEvent, error) {
	watch, err := s.hub.Dialogs(ctx, s.caller(ctx), given(after))
	if err != nil {
		return nil, err
	}
	return s.feed(ctx, watch)
}

// feed passes the watch to the context's [feed], which the transport continues
// with.
func (s subscriptions) feed(ctx context.Context, watch *live.Watch) (<-chan model.DialogEvent, error) {
	f, ok := ctx.Value(feedKey{}).(*feed)
	if !ok {
		watch.Close()
		return nil, &api.Refusal{Code: api.BadUserInput, Message: noSubscription}
	}
	f.watch, f.field = watch, graphql.GetFieldContext(ctx)
	f.event = func(e live.Event) model.DialogEvent { return s.event(e, s.caller(ctx)) }
	return f.events, nil
}

func (s subscriptions) event(e live.Event, c dialog.Caller) model.DialogEvent {
	event := model.DialogEvent{DialogID: string(e.ID), Change: model.NewChange(e.Change, c)}
	if e.Dialog != nil {
		event.Dialog = model.NewDialog(*e.Dialog, c, s.service.Policy())
	}
	if e.Cursor != "" {
		event.Cursor = &e.Cursor
	}
	return event
}

// A feed is what a subscription waits for. The transport waits itself, puts each event
// into events and then has gqlgen make the response: that needs no goroutine, and the
// transport learns how the watch ended, while gqlgen's channels can only be closed.
type feed struct {
	watch  *live.Watch
	event  func(live.Event) model.DialogEvent
	events chan model.DialogEvent
	// field is the field of the subscription, which the paths of errors begin with.
	field *graphql.FieldContext
}

type feedKey struct{}

// withFeed returns a context in which a subscription can be begun.
func withFeed(ctx context.Context) (context.Context, *feed) {
	f := &feed{events: make(chan model.DialogEvent, 1)}
	return context.WithValue(ctx, feedKey{}, f), f
}

// respond has an event's response made in the context that it returns.
func (f *feed) respond(ctx context.Context, e live.Event) context.Context {
	f.events <- f.event(e) // there is room: one response takes one event
	return graphql.WithFieldContext(ctx, f.field)
}

// close ends the watch, if there is one.
func (f *feed) close() {
	if f.watch != nil {
		f.watch.Close()
	}
}
