package graph

import (
	"context"
	"errors"
	"io"

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
	return s.events(ctx, watch), nil
}

func (s subscriptions) DialogsChanged(ctx context.Context, after *string) (<-chan model.DialogEvent, error) {
	watch, err := s.hub.Dialogs(ctx, s.caller(ctx), given(after))
	if err != nil {
		return nil, err
	}
	return s.events(ctx, watch), nil
}

// events hands on what the watch tells until ctx ends or the watch does. How the
// watch ended is left in the context's [ending].
func (s subscriptions) events(ctx context.Context, watch *live.Watch) <-chan model.DialogEvent {
	c := s.caller(ctx)
	events := make(chan model.DialogEvent)
	go func() {
		defer close(events)
		defer watch.Close()
		for {
			e, err := watch.Next(ctx)
			if err != nil {
				endWith(ctx, err)
				return
			}
			select {
			case events <- s.event(e, c):
			case <-ctx.Done():
				return
			}
		}
	}()
	return events
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

// An ending is how a subscription ended, for the transport: gqlgen's channels can
// only be closed.
type ending struct{ err error }

type endingKey struct{}

// withEnding gives a subscription a place for how it ends. It may be read once the
// subscription's responses have ended.
//
//nolint:unused // for the transports that come next
func withEnding(ctx context.Context) (context.Context, *ending) {
	end := &ending{}
	return context.WithValue(ctx, endingKey{}, end), end
}

// endWith says how the subscription ended; nil when it is complete.
func endWith(ctx context.Context, err error) {
	end, ok := ctx.Value(endingKey{}).(*ending)
	if ok && !errors.Is(err, io.EOF) {
		end.err = err
	}
}
