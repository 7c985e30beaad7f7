package graph

import (
	"context"
	"time"

	"dialogs/budget"
	"dialogs/dialog"
	"dialogs/live"
)

// A room is the memory for what a subscription has missed, from when it is loaded until it
// is sent. It implements [dialog.Room].
type room struct {
	*budget.Held
	// opening means that the subscription is being opened, in a lane in which it must not
	// wait for memory. full means that it would have to.
	opening, full bool
	// patience is how long it waits for the memory for the rest of a catch-up.
	patience time.Duration
}

// newRoom returns a room for what a subscription loads: a page of a catch-up, or one dialog
// with its history. That takes less, so more of these subscriptions can start at the same
// time.
func (s *streamer) newRoom(c dialog.Caller, field string) *room {
	l := s.service.Policy().Limits
	most := l.MostDialogMemory() + l.MostHistoryMemory()
	if field != "dialogChanged" {
		most = live.CatchUpPage * (l.MostDialogMemory() + l.MostRecordMemory())
	}
	return &room{Held: s.answers.Hold(c, most), opening: true, patience: s.Patience}
}

// Take waits for the memory, for as long as a client can stay connected while its
// subscription cannot continue.
func (r *room) Take(ctx context.Context) error {
	if r.opening {
		if r.full = !r.TryTake(); r.full {
			return r.Full()
		}
		return nil
	}
	within, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	return r.Held.Take(within)
}

// wait waits for the memory outside of the lane, and returns an error when ctx ends.
func (r *room) wait(ctx context.Context) error {
	r.full = false
	return r.Held.Take(ctx)
}
