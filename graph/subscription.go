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

// feed sets what to wait for in the context's [feed], or returns the event from there.
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

// A feed connects a subscription with its resolver. When the subscription is opened, the
// resolver sets the watch. The transport waits for its events itself. For each event, it
// executes the operation again, and the resolver returns the event. So nothing of gqlgen
// has to be kept while nothing happens, and the transport learns why the watch has ended:
// gqlgen's channels can only be closed, without a reason.
type feed struct {
	watch *live.Watch
	event *live.Event
	// field is the field of the subscription, with which the paths of errors begin.
	field *graphql.FieldContext
}

type feedKey struct{}

// withFeed returns a context in which a subscription is opened, or one of its events
// is rendered.
func withFeed(ctx context.Context, event *live.Event) (context.Context, *feed) {
	f := &feed{event: event}
	return context.WithValue(ctx, feedKey{}, f), f
}
