package dialog

import "context"

// A Room is the memory for a list that is about to be loaded. Whoever waits for a turn to
// read the store takes it afterwards, so that nothing that waits for a turn holds memory
// that others need.
type Room interface {
	// TryTake must take the memory if it is free, without waiting, and report whether it
	// was taken now or before.
	TryTake() bool
	// Take must wait for the memory until ctx ends.
	Take(ctx context.Context) error
}

type roomKey struct{}

// WithRoom returns a context in which lists are loaded into this memory.
func WithRoom(ctx context.Context, r Room) context.Context {
	return context.WithValue(ctx, roomKey{}, r)
}

// RoomOf returns the memory for the lists of the context; without one, it is never full.
func RoomOf(ctx context.Context) Room {
	if r, ok := ctx.Value(roomKey{}).(Room); ok {
		return r
	}
	return endless{}
}

type endless struct{}

func (endless) TryTake() bool              { return true }
func (endless) Take(context.Context) error { return nil }
