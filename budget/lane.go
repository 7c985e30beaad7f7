package budget

import (
	"context"
	"net/http"
	"runtime"
	"sync"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/fair"
)

// SmallBytes is the size in bytes up to which a request, or its document, never waits for
// a turn: it takes little time to process.
const SmallBytes = 4 << 10

// A Lane lets a limited number of requests run at the same time. Callers take turns:
// however many requests one caller has waiting, the next one of another caller waits for
// only one of them. An API key is one caller with all users on whose behalf it acts.
type Lane struct {
	refusal string

	mu    sync.Mutex
	free  int
	queue *fair.Queue[any, chan struct{}]
}

// NewLane makes a lane in which this many run at the same time. refusal is the message for
// a caller whose turn does not come in time.
func NewLane(most int, refusal string) *Lane {
	return &Lane{refusal: refusal, free: most, queue: fair.New[any, chan struct{}](1)}
}

// newReading makes the lane for large requests. It has one place less than there are CPUs,
// so that one CPU stays free for other requests.
func newReading() *Lane {
	return NewLane(max(1, runtime.GOMAXPROCS(0)-1), "too many large requests are being read at the same time (limit: --request-timeout): send fewer or smaller ones at once")
}

// Enter waits for the caller's turn until ctx ends. Call the returned function when the
// turn is over. The error is an [api.Refusal].
func (l *Lane) Enter(ctx context.Context, c dialog.Caller) (leave func(), err error) {
	return l.enter(ctx, c.Actor().Credential(), c.Actor())
}

// EnterUnknown is like Enter, for a caller who is not known yet. from is where they come
// from: those from the same place take turns as one caller.
func (l *Lane) EnterUnknown(ctx context.Context, from string) (leave func(), err error) {
	return l.enter(ctx, from, from)
}

func (l *Lane) enter(ctx context.Context, caller, member any) (leave func(), err error) {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return l.leave, nil
	}
	entry := l.queue.Push(caller, member, 1, make(chan struct{}))
	l.mu.Unlock()
	select {
	case <-entry.Item:
		return l.leave, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	waited := l.queue.Remove(entry)
	l.mu.Unlock()
	if !waited { // the turn came at the last moment
		l.leave()
	}
	return nil, &api.Refusal{
		Code: api.Unavailable, Status: http.StatusServiceUnavailable, RetryAfter: retryAfter, Message: l.refusal,
	}
}

// leave gives the place to the next request.
func (l *Lane) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, ok := l.queue.Pop()
	if !ok {
		l.free++
		return
	}
	close(next.Item)
}
