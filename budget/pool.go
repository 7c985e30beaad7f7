package budget

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dialogs/api"
	"dialogs/dialog"
	"dialogs/fair"
)

// A pool is a number of bytes that are lent to requests. A request that finds
// no room waits for it until its deadline: credentials take turns, as do the users
// of one API key.
type pool struct {
	// setting and limit name the size in errors.
	setting string
	limit   int64
	// size is what can be lent, share what one holder can have of it, and free
	// what each loan can have without being counted.
	size, share, free int64
	// reserve is lent whole, to one loan at a time, when the rest does not
	// suffice: a loan that has it never waits again. So requests that all hold
	// something and need more finish one after another. 0 for no reserve.
	reserve int64

	mu   sync.Mutex
	lent int64
	// byHolder is what is lent to each holder: an API key with all users on whose behalf it
	// acts, or the user of a session.
	byHolder map[dialog.Actor]int64
	waiting  *fair.Line[dialog.Actor, *waiter]
	// reserved tells that the reserve is lent.
	reserved bool
}

type entry = fair.Entry[dialog.Actor, *waiter]

// A waiter is a loan that waits to grow by some bytes.
type waiter struct {
	loan    *loan
	by      int64
	granted chan struct{}
}

// newPool makes a pool of a part of the limit. One holder can have half of it,
// without the reserve.
func newPool(setting string, limit, size, free, reserve int64) *pool {
	common := size - reserve
	return &pool{
		setting: setting, limit: limit, size: common, share: common / 2, free: free, reserve: reserve,
		byHolder: map[dialog.Actor]int64{}, waiting: fair.NewLine[dialog.Actor, *waiter](),
	}
}

// A loan is what one request has of a pool. It is not safe for concurrent use.
type loan struct {
	pool *pool
	// caller is whom the loan is for, and holder their credentials: all callers without
	// credentials are one.
	caller, holder dialog.Actor
	// bytes is its size, counted how much of that is lent by the pool.
	bytes, counted int64
	reserve        bool
}

func (p *pool) loan(caller dialog.Actor) *loan {
	return &loan{pool: p, caller: caller, holder: caller.Credential()}
}

// grow makes the loan larger. It waits for room until ctx ends, and then returns
// an [api.Refusal]. [Limits.Validate] makes sure that one loan never needs more
// than a holder's share, or than the reserve.
func (l *loan) grow(ctx context.Context, by int64) error {
	e := l.ask(by)
	if e == nil {
		return nil
	}
	select {
	case <-e.Item.granted:
		l.bytes += by
		return nil
	case <-ctx.Done():
	}
	if l.stillAsks(e, by) {
		return l.pool.refusal()
	}
	return nil
}

// tryGrow makes the loan larger if there is room now, and reports whether there was.
func (l *loan) tryGrow(by int64) bool {
	e := l.ask(by)
	return e == nil || !l.stillAsks(e, by)
}

// ask makes the loan larger and returns nil if it does not have to wait; otherwise it
// returns its entry in the line.
func (l *loan) ask(by int64) *entry {
	p := l.pool
	if l.counted == 0 && l.bytes+by <= p.free { // the pool does not know of it
		l.bytes += by
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	counted := int64(0)
	if l.bytes+by > p.free {
		counted = l.bytes + by
	}
	w := &waiter{loan: l, by: counted - l.counted, granted: make(chan struct{})}
	if l.reserve || w.by == 0 || p.waiting.Len() == 0 && p.fits(w) {
		if !l.reserve {
			p.lend(w)
		}
		l.bytes += by
		return nil
	}
	e := p.waiting.Push(l.holder, l.caller, w)
	p.settle()
	return e
}

// stillAsks stops waiting, and reports whether the loan was still waiting. Otherwise it
// has become larger.
func (l *loan) stillAsks(e *entry, by int64) bool {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting.Remove(e) {
		p.settle()
		return true
	}
	l.bytes += by // granted at the last moment
	return false
}

// retryAfter is how long a client should wait when the pool was full.
const retryAfter = time.Second

func (p *pool) refusal() error {
	return &api.Refusal{
		Code: api.Unavailable, RetryAfter: retryAfter,
		Message: fmt.Sprintf("too many large requests at the same time (limit %d bytes, --%s): try again", p.limit, p.setting),
	}
}

// shrink makes the loan smaller. If it has the reserve and the rest of the pool now has
// room for it, the reserve goes to the next.
func (l *loan) shrink(to int64) {
	if l.counted == 0 && !l.reserve {
		l.bytes = min(l.bytes, to)
		return
	}
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.reserve {
		l.bytes = min(l.bytes, to)
		l.leaveReserve()
		return
	}
	l.bytes = min(l.bytes, to)
	counted := min(l.counted, l.bytes)
	if l.bytes <= p.free {
		counted = 0
	}
	p.lent -= l.counted - counted
	if p.byHolder[l.holder] -= l.counted - counted; p.byHolder[l.holder] == 0 {
		delete(p.byHolder, l.holder)
	}
	l.counted = counted
	p.settle()
}

// leaveReserve gives the reserve back, if there is room for the loan without it. The mutex
// must be held.
func (l *loan) leaveReserve() {
	p, counted := l.pool, int64(0)
	if l.bytes > p.free {
		counted = l.bytes
	}
	w := &waiter{loan: l, by: counted - l.counted}
	if w.by > 0 && !p.fits(w) {
		return
	}
	p.lent += w.by
	if p.byHolder[l.holder] += w.by; p.byHolder[l.holder] == 0 {
		delete(p.byHolder, l.holder)
	}
	l.counted = counted
	l.reserve, p.reserved = false, false
	p.settle()
}

// release gives everything back.
func (l *loan) release() { l.shrink(0) }

// fits tells whether the waiter's holder may have more and there is room.
func (p *pool) fits(w *waiter) bool {
	return p.byHolder[w.loan.holder]+w.by <= p.share && p.lent+w.by <= p.size
}

func (p *pool) lend(w *waiter) {
	if w.by > 0 {
		p.lent += w.by
		p.byHolder[w.loan.holder] += w.by
		w.loan.counted += w.by
	}
}

// settle gives waiters what there is. A holder who has their share does not stop
// others; a waiter that only needs room does, or small loans would always pass it.
func (p *pool) settle() {
	if p.waiting.Len() == 0 {
		return
	}
	var granted []*entry
	for e := range p.waiting.All() {
		w := e.Item
		if p.fits(w) {
			p.lend(w)
			granted = append(granted, e)
		} else if p.reserve == 0 && p.byHolder[w.loan.holder]+w.by <= p.share {
			break
		}
	}
	for _, e := range granted {
		p.grant(e)
	}
	if p.reserve == 0 || p.reserved {
		return
	}
	for next := range p.waiting.All() {
		next.Item.loan.reserve, p.reserved = true, true
		p.grant(next)
		return
	}
}

func (p *pool) grant(e *entry) {
	close(e.Item.granted)
	p.waiting.Take(e)
}
