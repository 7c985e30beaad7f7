package edge

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// seldomEvery is the shortest time between two of the lines that anyone can cause.
const seldomEvery = time.Minute

// A seldom lets one line pass per minute.
type seldom struct {
	passed  time.Time
	leftOut int
}

// pass reports whether a line passes, and how many did not since the last one that did.
func (s *seldom) pass(now time.Time) (leftOut int, ok bool) {
	if since := now.Sub(s.passed); !s.passed.IsZero() && since >= 0 && since < seldomEvery {
		s.leftOut++
		return 0, false
	}
	leftOut = s.leftOut
	s.passed, s.leftOut = now, 0
	return leftOut, true
}

// Seldom returns a log for warnings and errors that anyone can cause, with each request. One
// of them passes per minute, and says in left_out how many did not. Those get the level
// debug.
func Seldom(log *slog.Logger, now func() time.Time) *slog.Logger {
	return slog.New(seldomLog{log.Handler(), now, &guardedSeldom{}})
}

type guardedSeldom struct {
	mu sync.Mutex
	seldom
}

type seldomLog struct {
	slog.Handler
	now   func() time.Time
	state *guardedSeldom
}

// Handle passes the record on, perhaps with another level.
func (h seldomLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	h.state.mu.Lock()
	leftOut, ok := h.state.pass(h.now())
	h.state.mu.Unlock()
	switch {
	case ok && leftOut > 0:
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", leftOut))
	case !ok && !h.Enabled(ctx, slog.LevelDebug):
		return nil
	case !ok:
		r.Level = slog.LevelDebug
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a log with attributes. Its lines count together with those of this one.
func (h seldomLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return seldomLog{h.Handler.WithAttrs(attrs), h.now, h.state}
}

// WithGroup returns a log with a group. Its lines count together with those of this one.
func (h seldomLog) WithGroup(name string) slog.Handler {
	return seldomLog{h.Handler.WithGroup(name), h.now, h.state}
}
