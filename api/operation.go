package api

import (
	"context"
	"log/slog"
)

// An OperationLog begins an operation of a stream: it returns a context with a
// [Request] of its own, and a function that logs the operation when it is finished.
type OperationLog func(context.Context) (operation context.Context, finished func(...slog.Attr))

type operationLogKey struct{}

// WithOperationLog returns a context whose operations are logged by begin.
func WithOperationLog(ctx context.Context, begin OperationLog) context.Context {
	return context.WithValue(ctx, operationLogKey{}, begin)
}

// BeginOperation begins an operation of a stream that has several: each has its own
// line in the log, as a request has. Without a log it does nothing.
func BeginOperation(ctx context.Context) (operation context.Context, finished func(...slog.Attr)) {
	begin, ok := ctx.Value(operationLogKey{}).(OperationLog)
	if !ok {
		return ctx, func(...slog.Attr) {}
	}
	return begin(ctx)
}
