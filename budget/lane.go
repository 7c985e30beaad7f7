package budget

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"sync"

	"dialogs/api"
	"dialogs/dialog"
)

// SmallBytes is the size in bytes up to which a request, or its document, never waits for
// a turn: it takes little time to process.
const SmallBytes = 4 << 10

// A Lane lets a limited number of requests run at the same time. Callers take turns:
// however many requests one caller has waiting, the next one of another caller waits for
// only one of them.
type Lane struct {
	refusal string

	mu   sync.Mutex
	free int
	// waiting has the requests that wait, by caller, and turns has these callers in the
	// order of their turns.
	waiting map[dialog.Actor][]chan struct{}
	turns   []dialog.Actor
}

// NewLane makes a lane in which this many run at the same time. refusal is the message for
// a caller whose turn does not come in time.
func NewLane(most int, refusal string) *Lane {
	return &Lane{refusal: refusal, free: most, waiting: map[dialog.Actor][]chan struct{}{}}
}

// newReading makes the lane for large requests. It has one place less than there are CPUs,
// so that one CPU stays free for other requests.
func newReading() *Lane {
	return NewLane(max(1, runtime.GOMAXPROCS(0)-1), "too many large requests are being read at the same time (limit: --request-timeout): send fewer or smaller ones at once")
}

// Enter waits for the caller's turn until ctx ends. Call the returned function when the
// turn is over. The error is an [api.Refusal].
func (l *Lane) Enter(ctx context.Context, c dialog.Caller) (leave func(), err error) {
	who := c.Actor().Identity()
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return l.leave, nil
	}
	granted := make(chan struct{})
	if len(l.waiting[who]) == 0 {
		l.turns = append(l.turns, who)
	}
	l.waiting[who] = append(l.waiting[who], granted)
	l.mu.Unlock()
	select {
	case <-granted:
		return l.leave, nil
	case <-ctx.Done():
	}
	if !l.giveUp(who, granted) { // the turn came at the last moment
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
	if len(l.turns) == 0 {
		l.free++
		return
	}
	who := l.turns[0]
	l.turns = l.turns[1:]
	next := l.waiting[who]
	close(next[0])
	if next = next[1:]; len(next) == 0 {
		delete(l.waiting, who)
		return
	}
	l.waiting[who], l.turns = next, append(l.turns, who)
}

// giveUp stops waiting, and reports whether the request was still waiting.
func (l *Lane) giveUp(who dialog.Actor, granted chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting[who], granted)
	if i < 0 {
		return false
	}
	l.waiting[who] = slices.Delete(l.waiting[who], i, i+1)
	if len(l.waiting[who]) == 0 {
		delete(l.waiting, who)
		l.turns = slices.DeleteFunc(l.turns, func(a dialog.Actor) bool { return a == who })
	}
	return true
}
