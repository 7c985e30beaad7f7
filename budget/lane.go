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

// SmallBytes is the size up to which reading a request, or its document, is so quick that
// it never waits for others.
const SmallBytes = 4 << 10

// A Lane lets a few run at the same time. Callers take turns: however many requests one
// of them sends, the next one of another caller waits for one of theirs.
type Lane struct {
	refusal string

	mu   sync.Mutex
	free int
	// waiting are those who wait, by caller, and turns the callers in their order. A
	// caller is in both or in none.
	waiting map[dialog.Actor][]chan struct{}
	turns   []dialog.Actor
}

// NewLane lets so many run at the same time. The refusal is the message for callers whose
// turn does not come in time.
func NewLane(most int, refusal string) *Lane {
	return &Lane{refusal: refusal, free: most, waiting: map[dialog.Actor][]chan struct{}{}}
}

// newReading is the lane of large requests, one less than there are CPUs. What is not
// large does not use it, and has at least one CPU.
func newReading() *Lane {
	return NewLane(max(1, runtime.GOMAXPROCS(0)-1), "too many large requests are being read at the same time (limit: --request-timeout): send fewer or smaller ones at once")
}

// Enter waits for the caller's turn until ctx ends. What it returns ends the turn. Its
// error is an [api.Refusal].
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
	if !l.giveUp(who, granted) { // granted at the last moment
		l.leave()
	}
	return nil, &api.Refusal{
		Code: api.Unavailable, Status: http.StatusServiceUnavailable, RetryAfter: retryAfter, Message: l.refusal,
	}
}

// leave hands the lane to the next.
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

// giveUp reports whether the caller still waited, and lets the others pass.
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
