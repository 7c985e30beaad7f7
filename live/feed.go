package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dialogs/dialog"
)

const (
	// silentMost is after how many looks in a row with unannounced changes the store
	// counts as silent. One announcement can come later than the look; so many in a row
	// cannot.
	silentMost = 3
	// retryMost is the longest pause before following the store is tried again.
	retryMost = time.Minute
)

// errSilent ends following a store that has stopped announcing changes. A change stream
// can become silent without an error, for example if a majority of its servers is away.
var errSilent = errors.New("the store has stopped announcing changes")

// A feed is the state of following a store, which announces its changes.
type feed struct {
	mu sync.Mutex
	// end stops following; nil if the store is not followed.
	end context.CancelCauseFunc
	// heard is the number of announcements since following began; the first one only says
	// that it has begun. silent is how many looks have found unannounced changes since the
	// latest announcement.
	heard, silent int
	// failed says that the failure was logged.
	failed bool
}

// missed notes that a look has found changes that were not announced.
func (f *feed) missed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.silent++; f.silent >= silentMost && f.end != nil {
		f.end(errSilent)
	}
}

// follow has the store announce changes, if it can. It logs the first failure, and when
// announcements resume.
func (h *Hub) follow(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, retryMost) {
		began := time.Now()
		err := h.followOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, dialog.ErrNoFeed):
			level := slog.LevelDebug
			if err != dialog.ErrNoFeed { //nolint:errorlint // with a reason, it is something that an operator can change
				level = slog.LevelInfo
			}
			h.Log.Log(ctx, level, "the store cannot announce changes of other processes; polling every second", "reason", err)
			return
		case time.Since(began) > retryMost: // following worked for a while
			wait = time.Second
		}
		level := slog.LevelWarn
		if h.feed.fail() {
			level = slog.LevelDebug
		}
		h.Log.Log(ctx, level, "following the changes was interrupted, will retry; polling every second", "retry_in_ms", wait.Milliseconds(), "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// followOnce follows the store until that fails.
func (h *Hub) followOnce(ctx context.Context) error {
	following, end := context.WithCancelCause(ctx)
	defer end(nil)
	h.feed.begin(end)
	err := h.Store.Follow(following, func() {
		if h.feed.hear() {
			h.Log.InfoContext(ctx, "following the changes resumed")
		}
		h.announced()
	})
	if following.Err() != nil {
		return context.Cause(following)
	}
	return err
}

func (f *feed) begin(end context.CancelCauseFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end, f.heard, f.silent = end, 0, 0
}

// hear notes an announcement, and reports whether announcements have resumed after a
// failure.
func (f *feed) hear() (resumed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard++
	f.silent = 0
	if resumed = f.failed && f.heard > 1; resumed {
		f.failed = false
	}
	return resumed
}

// fail notes that the store is no longer followed, and reports whether that was noted
// before.
func (f *feed) fail() (known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, f.failed, f.end = f.failed, true, nil
	return known
}

func (h *Hub) announced() {
	h.Wake()
	if h.Announced != nil {
		h.Announced()
	}
}
