package graph

import (
	"context"
	"runtime"
	"time"

	"dialogs/api"
	"dialogs/budget"
)

const (
	// retryLeast and retryMost are the shortest and the longest pause before the store is
	// tried again for a client that is waiting.
	retryLeast = 100 * time.Millisecond
	retryMost  = time.Second
)

// newStarting makes a lane in which streams start. After a network failure, thousands of
// clients connect again at the same time: as many reads at once would delay those of
// everyone else, until the store no longer answers in time. One CPU stays free for them.
func (s Streams) newStarting() *budget.Lane {
	most := s.Starting
	if most <= 0 {
		most = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return budget.NewLane(most, "too many clients are connecting at the same time: try again")
}

// enter waits for a turn in a lane.
type enter func(context.Context) (leave func(), err error)

// patiently calls run, which needs the store, when it is the caller's turn in the lane. If
// run has to be called again because the store is unavailable, it waits for a moment, or
// for what run has returned, and for another turn, for at most Patience. Without that,
// refused clients would wait longer and longer before they connect again, and notice late
// that the store is back.
func (s *streamer) patiently(ctx context.Context, in enter, run func() (again bool, wait func(context.Context) error)) error {
	within, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	for pause := retryLeast; ; pause = min(2*pause, retryMost) {
		leave, err := in(within)
		if err != nil {
			return err
		}
		forget := api.Tentative(ctx)
		again, wait := inTurn(leave, run)
		if !again {
			return nil
		}
		if wait != nil {
			forget()
			if err := wait(within); err != nil {
				return err
			}
			continue
		}
		select {
		case <-time.After(pause):
		case <-within.Done():
			if ctx.Err() == nil {
				return nil
			}
		}
		forget()
		if ctx.Err() != nil { // the client has gone, and the log should say that
			return nil
		}
	}
}

// inTurn calls run and then leaves the lane, even if run panics.
func inTurn(leave func(), run func() (bool, func(context.Context) error)) (again bool, wait func(context.Context) error) {
	defer leave()
	return run()
}
