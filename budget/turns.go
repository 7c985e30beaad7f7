package budget

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"dialogs/api"
	"dialogs/dialog"
)

const (
	// LargeUnits is the size from which an operation is large, in units of
	// [api.Units]: 20 calls, or 2,000 values, or an answer of 20,000 fields.
	LargeUnits = 20
	// serverTurns is how many times as many turns a server has as a user.
	serverTurns = 8
	// waitingPerTurn is how many large operations may wait for each that runs.
	waitingPerTurn = 32
)

// Turns lets only a few large operations of one caller run at the same time; the rest
// of them wait in order. Large operations fill the CPUs: without turns, somebody who
// sends many at once has that many shares of them, and each request of other callers
// has one.
type Turns struct {
	perUser int

	mu sync.Mutex
	by map[dialog.Actor]*callersTurns
}

// A caller who has no operation that runs or waits is forgotten.
type callersTurns struct {
	running int
	waiting []chan struct{}
}

// NewTurns lets so many large operations of a user run at the same time, and eight
// times as many of a server; 0 for one less than there are CPUs, and at least one.
func NewTurns(perUser int) *Turns {
	if perUser <= 0 {
		perUser = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Turns{perUser: perUser, by: map[dialog.Actor]*callersTurns{}}
}

// Take waits for a turn of an operation of the given size until ctx ends, and returns a
// function that ends the turn. Operations that are not large never wait. Errors are
// [api.Refusal]s. Nil Turns are without a limit.
func (t *Turns) Take(ctx context.Context, c dialog.Caller, units int) (end func(), err error) {
	if t == nil || units < LargeUnits {
		return func() {}, nil
	}
	who, most := c.Actor().Identity(), t.perUser
	if c.Kind() == dialog.Server {
		most *= serverTurns
	}
	t.mu.Lock()
	of := t.by[who]
	if of == nil {
		of = &callersTurns{}
		t.by[who] = of
	}
	if of.running < most {
		of.running++
		t.mu.Unlock()
		return func() { t.end(who) }, nil
	}
	if len(of.waiting) >= most*waitingPerTurn {
		t.mu.Unlock()
		return nil, t.refusal(api.RateLimited, "are waiting", most)
	}
	granted := make(chan struct{})
	of.waiting = append(of.waiting, granted)
	t.mu.Unlock()
	select {
	case <-granted:
		return func() { t.end(who) }, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(of.waiting, granted)
	if i >= 0 {
		of.waiting = slices.Delete(of.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // granted at the last moment
		t.end(who)
	}
	return nil, t.refusal(api.Unavailable, "ran before this one, whose time is up", most)
}

// end gives the turn to the caller's next operation.
func (t *Turns) end(who dialog.Actor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.by[who]
	if len(of.waiting) > 0 {
		close(of.waiting[0])
		of.waiting = slices.Delete(of.waiting, 0, 1)
		return
	}
	if of.running--; of.running == 0 {
		delete(t.by, who)
	}
}

func (t *Turns) refusal(code api.Code, what string, most int) error {
	return &api.Refusal{
		Code: code, RetryAfter: retryAfter,
		Message: fmt.Sprintf("too many of your large operations %s (%d run at once, --limit-large-operations): send fewer at once", what, most),
	}
}
