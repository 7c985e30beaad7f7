package api

import "context"

type stoppingKey struct{}

// WithStopping returns a context whose server begins to stop when stopping ends.
func WithStopping(ctx, stopping context.Context) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// Stopping is closed when the server begins to stop, so that a long request
// such as a stream can end in good order. Without a server it is nil.
func Stopping(ctx context.Context) <-chan struct{} {
	if stopping, ok := ctx.Value(stoppingKey{}).(context.Context); ok {
		return stopping.Done()
	}
	return nil
}

// IsStopping tells whether the server has begun to stop.
func IsStopping(ctx context.Context) bool {
	select {
	case <-Stopping(ctx):
		return true
	default:
		return false
	}
}

// OnStopping calls f in a goroutine of its own when the server begins to stop,
// unless the returned function was called before.
func OnStopping(ctx context.Context, f func()) (forget func() bool) {
	stopping, ok := ctx.Value(stoppingKey{}).(context.Context)
	if !ok {
		return func() bool { return true }
	}
	return context.AfterFunc(stopping, f)
}
