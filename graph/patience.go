package graph

import (
	"context"
	"runtime"
	"time"

	"dialogs/api"
	"dialogs/budget"
	"dialogs/dialog"
)

const (
	// retryLeast and retryMost are the pauses before the store is asked again for a client
	// that waits for it.
	retryLeast = 100 * time.Millisecond
	retryMost  = time.Second
)

// newStarting is a lane in which streams start. After a network has failed, thousands of
// clients connect again at once: as many look-ups at the same time would delay those of
// everyone else, until the store does not answer in time.
func (s Streams) newStarting() *budget.Lane {
	most := s.Starting
	if most <= 0 {
		most = runtime.GOMAXPROCS(0)
	}
	return budget.NewLane(most, "too many clients are connecting at the same time: try again")
}

// patiently runs something that needs the store when it is the caller's turn in the lane,
// and again while it fails because of the store, as long as a client waits for that. A
// client that is refused waits longer and longer before it connects again, and would notice
// late that the store is back.
func (s *streamer) patiently(ctx context.Context, in *budget.Lane, c dialog.Caller, run func() (again bool)) error {
	within, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	for pause := retryLeast; ; pause = min(2*pause, retryMost) {
		leave, err := in.Enter(within, c)
		if err != nil {
			return err
		}
		forget := api.Tentative(ctx)
		again := run()
		leave()
		if !again {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-within.Done():
			if ctx.Err() == nil {
				return nil
			}
		}
		forget()
		if ctx.Err() != nil { // the client has gone, which is what the log should say
			return nil
		}
	}
}
