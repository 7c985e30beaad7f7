package graph

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"dialogs/api"
)

// upkeep keeps all streams alive, and checks whether their callers' credentials are still
// valid. It uses one timer for all streams, which only runs while there are any.
type upkeep struct {
	callers  Callers
	interval time.Duration // between two signs of life of one stream

	mu       sync.Mutex
	streams  map[*tended]struct{}
	timer    *time.Timer // nil while there are no streams
	checking bool
	checked  time.Time
	stopping bool
	forget   func() bool // stops being told that the server is stopping
	// base ends when everything is cut off, and unbase stops waiting for that; nil without
	// streams that want to know it.
	base   <-chan struct{}
	unbase func() bool
}

// A tended stream is a stream that upkeep looks after.
type tended struct {
	stream tending
	// due is the time of the next sign of life, and skip is for how many checks of callers
	// this stream is left out. upkeep's mutex guards both.
	due  time.Time
	skip int
	// based means that it is cut off with the others, when base ends.
	based bool

	mu   sync.Mutex // held while a method of the stream is called
	gone bool
}

// tending are the methods of a stream that upkeep calls. No two calls for one stream run
// at the same time.
type tending interface {
	// signedIn returns the context of the caller, whose credentials are to be checked; nil
	// while the caller is unknown.
	signedIn() context.Context
	// keepAlive sends a sign of life to the client. It must not block.
	keepAlive()
	// revoke ends the stream because its caller's credentials are no longer valid.
	revoke(refused error)
	// stop ends the stream soon, because the server is stopping. It must not block.
	stop()
}

// A cuttable stream wants to know when everything is cut off.
type cuttable interface {
	// cutOff ends the stream now. It must not block.
	cutOff()
}

// tend looks after a stream until leave is called. After that, no method of the stream is
// called. ctx must be a context of the server.
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
	unbase := u.cutting(ctx, t)
	return func() {
		if unbase != nil {
			unbase()
		}
		u.mu.Lock()
		delete(u.streams, t)
		if len(u.streams) == 0 {
			u.timer.Stop()
			u.timer = nil
			u.forget()
			if u.base != nil {
				u.unbase()
				u.base = nil
			}
		}
		u.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.gone = true
	}
}

// cutting has a stream cut off when ctx ends. Almost all streams have the same context of
// the server, for which only one function waits. For another one, it returns how to stop
// waiting for it. The mutex must be held.
func (u *upkeep) cutting(ctx context.Context, t *tended) (unbase func() bool) {
	stream, ok := t.stream.(cuttable)
	if !ok {
		return nil
	}
	if u.base == nil {
		u.base = ctx.Done()
		u.unbase = context.AfterFunc(ctx, u.cutOff)
	}
	if t.based = u.base == ctx.Done() && ctx.Err() == nil; t.based {
		return nil
	}
	return context.AfterFunc(ctx, func() { t.do(stream.cutOff) })
}

// cutOff cuts off all streams that have the server's context.
func (u *upkeep) cutOff() {
	for _, t := range u.all() {
		if stream, ok := t.stream.(cuttable); ok && t.based {
			t.do(stream.cutOff)
		}
	}
}

func (u *upkeep) all() []*tended {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Collect(maps.Keys(u.streams))
}

// stop tells all current and future streams that the server is stopping.
func (u *upkeep) stop() {
	u.mu.Lock()
	u.stopping = true
	u.mu.Unlock()
	for _, t := range u.all() {
		t.do(t.stream.stop)
	}
}

// tick is how often upkeep looks for what is due.
func (u *upkeep) tick() time.Duration { return min(checkEvery, max(u.interval/4, time.Millisecond)) }

// look does everything that is due.
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

// check ends the streams of callers whose credentials are no longer valid.
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
