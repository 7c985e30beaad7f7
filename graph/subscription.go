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
	return s.feed(ctx, func(c dialog.Caller) (*live.Watch, error) {
		var since dialog.Optional[int64]
		if sinceVersion != nil {
			since = dialog.Some(int64(*sinceVersion))
		}
		return s.hub.Dialog(ctx, c, id, since)
	})
}

func (s subscriptions) DialogsChanged(ctx context.Context, after *string) (<-chan model.DialogEvent, error) {
	return s.feed(ctx, func(c dialog.Caller) (*live.Watch, error) { return s.hub.Dialogs(ctx, c, given(after)) })
}

// feed passes the context's [feed] what to wait for, or returns its event.
func (s subscriptions) feed(ctx context.Context, open func(dialog.Caller) (*live.Watch, error)) (<-chan model.DialogEvent, error) {
	f, ok := ctx.Value(feedKey{}).(*feed)
	if !ok {
		return nil, &api.Refusal{Code: api.BadUserInput, Message: noSubscription}
	}
	f.field = graphql.GetFieldContext(ctx)
	events := make(chan model.DialogEvent, 1)
	if f.event != nil {
		events <- s.event(*f.event, s.caller(ctx))
		return events, nil
	}
	var err error
	f.watch, err = open(s.caller(ctx))
	return events, err
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

// A feed is how a subscription and its resolver meet. When the subscription is opened,
// the resolver returns what it waits for. The transport waits itself, and then executes
// the operation again for each event, which the resolver returns: while nothing
// happens, nothing of gqlgen has to be kept, and the transport learns how the watch ended,
// while gqlgen's channels can only be closed.
type feed struct {
	watch *live.Watch
	event *live.Event
	// field is the field of the subscription, which the paths of errors begin with.
	field *graphql.FieldContext
}

type feedKey struct{}

// withFeed returns a context in which a subscription is opened, or one of its events
// is rendered.
func withFeed(ctx context.Context, event *live.Event) (context.Context, *feed) {
	f := &feed{event: event}
	return context.WithValue(ctx, feedKey{}, f), f
}
