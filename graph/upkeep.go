package graph

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"dialogs/api"
)

// upkeep keeps all streams alive, and checks whether their callers still may call:
// with one timer for all of them, which runs while there are any.
type upkeep struct {
	callers  Callers
	interval time.Duration // between two signs of life on one stream

	mu       sync.Mutex
	streams  map[*tended]struct{}
	timer    *time.Timer // nil while there are no streams
	checking bool
	checked  time.Time
	stopping bool
	forget   func() bool // what it is not told any more about the end of the server
}

// A tended stream is one that upkeep looks after.
type tended struct {
	stream tending
	// due is when the next sign of life is, and skip for how many checks it needs none:
	// upkeep's mutex guards both.
	due  time.Time
	skip int

	mu   sync.Mutex // held during each call of the stream
	gone bool
}

// tending is what upkeep does with a stream. No two calls overlap.
type tending interface {
	// signedIn is the context of the caller, to be checked; nil while they are
	// unknown.
	signedIn() context.Context
	// keepAlive gives the client a sign of life. It must not wait for the client.
	keepAlive()
	// revoke ends the stream: its caller may no longer call.
	revoke(refused error)
	// stop ends the stream soon, because the server stops. It must not wait.
	stop()
}

// tend looks after a stream until the returned function is called; no call of the
// stream runs after that. The context is one of the server.
func (u *upkeep) tend(ctx context.Context, stream tending) (leave func()) {
	t := &tended{stream: stream}
	u.mu.Lock()
	defer u.mu.Unlock()
	t.due = time.Now().Add(u.interval)
	if u.streams == nil {
		u.streams = map[*tended]struct{}{}
	}
	u.streams[t] = struct{}{}
	if u.timer == nil {
		u.timer = time.AfterFunc(u.tick(), u.look)
		u.forget = api.OnStopping(ctx, u.stop)
	}
	if u.stopping {
		stream.stop()
	}
	return func() {
		u.mu.Lock()
		delete(u.streams, t)
		if len(u.streams) == 0 {
			u.timer.Stop()
			u.timer = nil
			u.forget()
		}
		u.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.gone = true
	}
}

// stop tells all streams, and those to come, that the server stops.
func (u *upkeep) stop() {
	u.mu.Lock()
	u.stopping = true
	all := slices.Collect(maps.Keys(u.streams))
	u.mu.Unlock()
	for _, t := range all {
		t.do(t.stream.stop)
	}
}

// tick is how often upkeep looks for what is due.
func (u *upkeep) tick() time.Duration { return min(checkEvery, max(u.interval/4, time.Millisecond)) }

// look does what is due.
func (u *upkeep) look() {
	u.mu.Lock()
	if u.timer == nil {
		u.mu.Unlock()
		return
	}
	now := time.Now()
	check := !u.checking && now.Sub(u.checked) >= checkEvery
	var silent, unchecked []*tended
	for t := range u.streams {
		if !now.Before(t.due) {
			t.due = now.Add(u.interval)
			silent = append(silent, t)
		}
		switch {
		case !check:
		case t.skip > 0:
			t.skip--
		default:
			t.skip = checkTurns - 1
			unchecked = append(unchecked, t)
		}
	}
	if check {
		u.checking, u.checked = true, now
	}
	u.mu.Unlock()
	for _, t := range silent {
		t.do(t.stream.keepAlive)
	}
	if check {
		go u.check(unchecked) // it may have to wait for the store
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.timer != nil {
		u.timer.Reset(u.tick())
	}
}

// check ends the streams of callers who may no longer call.
func (u *upkeep) check(all []*tended) {
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.checking = false
	}()
	contexts := make([]context.Context, 0, len(all))
	known := all[:0]
	for _, t := range all {
		if ctx := t.stream.signedIn(); ctx != nil && ctx.Err() == nil {
			contexts, known = append(contexts, ctx), append(known, t)
		}
	}
	for i, refused := range u.callers.Check(contexts) {
		if refused != nil {
			known[i].do(func() { known[i].stream.revoke(refused) })
		}
	}
}

func (t *tended) do(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gone {
		f()
	}
}
