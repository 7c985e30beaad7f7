package budget

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/fair"
)

const (
	// LargeUnits is the size from which an operation counts as large, in units of
	// [api.Units]. 20 units are, for example, 20 calls, 2,000 values in the input, or an
	// answer of 20,000 fields.
	LargeUnits = 20
	// serverTurns is how many times more turns a server has than a user.
	serverTurns = 8
	// waitingPerTurn is how many large operations may wait for each one that may run.
	waitingPerTurn = 32
)

// Turns limits how many large operations of one caller run at the same time; further ones
// wait in order. Large operations use a CPU for a while: without turns, a caller that
// sends many at once would get many times the CPU time of other callers.
type Turns struct {
	perUser int

	mu sync.Mutex
	// by has the turns of each caller. Those of an API key are shared by all users on whose
	// behalf it acts, each of whom has turns, too.
	by map[dialog.Actor]*callersTurns
}

// callersTurns are those of one caller. A caller without running or waiting operations is
// removed.
type callersTurns struct {
	running int
	waiting *fair.Queue[dialog.Actor, chan struct{}]
}

// NewTurns lets each user run this many large operations at the same time, and each server
// eight times as many. 0 means one less than the number of CPUs, but at least 1.
func NewTurns(perUser int) *Turns {
	if perUser <= 0 {
		perUser = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Turns{perUser: perUser, by: map[dialog.Actor]*callersTurns{}}
}

// Take waits for a turn to run an operation of the given size, in [api.Units], until ctx
// ends. Call the returned function when the operation has ended. Operations of less than
// [LargeUnits] never wait. The errors are [api.Refusal]s. Nil Turns have no limit.
func (t *Turns) Take(ctx context.Context, c dialog.Caller, units int) (end func(), err error) {
	if t == nil || units < LargeUnits {
		return func() {}, nil
	}
	who, most := c.Actor(), t.perUser
	if c.Kind() == dialog.Server {
		most *= serverTurns
	}
	if err := t.take(ctx, who, who, most); err != nil {
		return nil, err
	}
	key := who.Credential()
	if key == who {
		return func() { t.end(who) }, nil
	}
	if err := t.take(ctx, key, who, t.perUser*serverTurns); err != nil {
		t.end(who)
		return nil, err
	}
	return func() { t.end(key); t.end(who) }, nil
}

// take waits for one of the turns of a caller, for one of its members.
func (t *Turns) take(ctx context.Context, of, member dialog.Actor, most int) error {
	t.mu.Lock()
	turns := t.by[of]
	if turns == nil {
		turns = &callersTurns{waiting: fair.New[dialog.Actor, chan struct{}](1)}
		t.by[of] = turns
	}
	if turns.running < most {
		turns.running++
		t.mu.Unlock()
		return nil
	}
	if turns.waiting.Len() >= most*waitingPerTurn {
		t.mu.Unlock()
		return t.refusal(api.RateLimited, "are waiting", most)
	}
	entry := turns.waiting.Push(of, member, 1, make(chan struct{}))
	t.mu.Unlock()
	select {
	case <-entry.Item:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	waited := turns.waiting.Remove(entry)
	t.mu.Unlock()
	if !waited { // the turn came at the last moment
		t.end(of)
	}
	return t.refusal(api.Unavailable, "ran before this one, whose time is up", most)
}

// end gives the turn to the caller's next operation.
func (t *Turns) end(who dialog.Actor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.by[who]
	if next, ok := of.waiting.Pop(); ok {
		close(next.Item)
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
