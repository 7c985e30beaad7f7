package lanes

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"dialogs/dialog"
	"dialogs/fair"
)

const (
	// serverFactor is how many times more requests of a server may wait than of a user.
	serverFactor = 20
	// bytesMost limits the memory of the filters that wait, in bytes.
	bytesMost = 16 << 20
	// retryAfter is how long a refused caller should wait before trying again.
	retryAfter = time.Second
)

// A gate lets a limited number of requests in at the same time. Others wait, and
// credentials take turns, as do the users of one API key.
type gate struct {
	lanes, mostPerUser int

	mu    sync.Mutex
	free  int
	bytes int
	queue *fair.Queue[dialog.Actor, *waiter]
	// next are those that had a lane before, and left it to wait for memory. They come
	// before the others, because they hold memory that others need.
	next []*waiter
	// outside is how many of each caller, and of each credential, have left a lane to wait
	// for memory, and have no lane again yet.
	outside map[dialog.Actor]int
}

// A waiter is told once: nil when it may enter, or why it is refused.
type waiter struct {
	told  chan error
	bytes int
}

func newGate(lanes, mostPerUser int) *gate {
	return &gate{lanes: max(1, lanes), mostPerUser: mostPerUser, free: max(1, lanes), queue: fair.New[dialog.Actor, *waiter](1), outside: map[dialog.Actor]int{}}
}

// usage returns how many requests are in, and how many wait.
func (g *gate) usage() (in, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lanes - g.free, g.queue.Len() + len(g.next)
}

// turn waits for a lane until ctx ends, and then takes the memory for what is about to be
// read. While it waits for memory, others have the lane. The caller must call leave.
func (g *gate) turn(ctx context.Context, by dialog.Actor, bytes int) (leave func(), err error) {
	leave, err = g.enter(ctx, by, bytes)
	room := dialog.RoomOf(ctx)
	if err != nil || room.TryTake() {
		return leave, err
	}
	leave()
	if err := g.stepOut(by); err != nil {
		return nil, err
	}
	defer g.comeBack(by)
	if err := room.Take(ctx); err != nil {
		return nil, err
	}
	return g.enterNext(ctx)
}

// stepOut counts a request that waits for memory outside of the lanes, like those that wait
// for a lane.
func (g *gate) stepOut(by dialog.Actor) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.tooMany(by); err != nil {
		return err
	}
	for _, who := range countedFor(by) {
		g.outside[who]++
	}
	return nil
}

// comeBack stops counting a request that has waited for memory.
func (g *gate) comeBack(by dialog.Actor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, who := range countedFor(by) {
		if g.outside[who]--; g.outside[who] == 0 {
			delete(g.outside, who)
		}
	}
}

// countedFor returns the caller and, for a user on whose behalf an API key acts, also the
// key.
func countedFor(by dialog.Actor) []dialog.Actor {
	if key := by.Credential(); key != by {
		return []dialog.Actor{by, key}
	}
	return []dialog.Actor{by}
}

// enter waits for a lane until ctx ends. The caller must call leave.
func (g *gate) enter(ctx context.Context, by dialog.Actor, bytes int) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, dialog.ErrUnavailable(err)
	}
	entry, err := g.queued(by, bytes)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return g.leave, nil
	}
	select {
	case err := <-entry.Item.told:
		if err != nil {
			return nil, err
		}
		return g.leave, nil
	case <-ctx.Done():
		g.giveUp(entry)
		return nil, late(ctx)
	}
}

// enterNext is like enter, but comes before all that wait in the queue.
func (g *gate) enterNext(ctx context.Context) (leave func(), err error) {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return g.leave, nil
	}
	w := &waiter{told: make(chan error, 1)}
	g.next = append(g.next, w)
	g.mu.Unlock()
	select {
	case err := <-w.told:
		return g.leave, err
	case <-ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(g.next, w)
	if i >= 0 {
		g.next = slices.Delete(g.next, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 {
		g.leave()
	}
	return nil, late(ctx)
}

// late is the error of a request whose time ended before it had a lane.
func late(ctx context.Context) error {
	return dialog.ErrUnavailable(fmt.Errorf("waiting for a lane: %w", ctx.Err()))
}

// queued takes a lane and returns nil if one is free; otherwise it returns an entry in the
// queue.
func (g *gate) queued(by dialog.Actor, bytes int) (*fair.Entry[dialog.Actor, *waiter], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.free > 0 {
		g.free--
		return nil, nil //nolint:nilnil // no place in the queue is needed
	}
	if err := g.tooMany(by); err != nil {
		return nil, err
	}
	entry := g.queue.Push(by.Credential(), by, 1, &waiter{told: make(chan error, 1), bytes: bytes})
	for g.bytes += bytes; g.bytes > bytesMost; {
		last := g.queue.Heaviest(func(w *waiter) int { return w.bytes })
		g.queue.Remove(last)
		g.bytes -= last.Item.bytes
		last.Item.told <- refusal("too many lists and counts with large filters are waiting: try again in 1 s, or use smaller filters")
	}
	return entry, nil
}

// tooMany returns an error if no more requests of a caller may wait. A server counts
// together with all users on whose behalf it acts.
func (g *gate) tooMany(by dialog.Actor) error {
	key := by.Credential()
	if by.User != "" && g.queue.LenOfMember(key, by)+g.outside[by] >= g.mostPerUser {
		return refusal(fmt.Sprintf("too many of your lists and counts are waiting (limit %d, --limit-scans): send fewer at once", g.mostPerUser))
	}
	if most := g.mostPerUser * serverFactor; key.User == "" && g.queue.LenOf(key)+g.outside[key] >= most {
		return refusal(fmt.Sprintf(
			"too many lists and counts of this API key and all users it acts for are waiting (limit %d, %d times --limit-scans): try again in 1 s", most, serverFactor))
	}
	return nil
}

// leave gives the lane to the next request, or frees it.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.next) > 0 {
		g.next[0].told <- nil
		g.next = slices.Delete(g.next, 0, 1)
		return
	}
	next, ok := g.queue.Pop()
	if !ok {
		g.free++
		return
	}
	g.bytes -= next.Item.bytes
	next.Item.told <- nil
}

// giveUp removes an entry from the queue. If it got a lane in the meantime, the lane is
// left.
func (g *gate) giveUp(entry *fair.Entry[dialog.Actor, *waiter]) {
	g.mu.Lock()
	waited := g.queue.Remove(entry)
	if waited {
		g.bytes -= entry.Item.bytes
	}
	g.mu.Unlock()
	if !waited && <-entry.Item.told == nil {
		g.leave()
	}
}

func refusal(message string) error {
	return &dialog.Error{Code: dialog.RateLimited, Message: message, RetryAfter: retryAfter}
}
