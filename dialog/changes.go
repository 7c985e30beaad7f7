package dialog

import (
	"context"
	"time"
)

// DefaultSyncKept is how long a store remembers which dialogs were deleted, and
// who stopped being part of one, unless a setting says otherwise.
const DefaultSyncKept = 7 * 24 * time.Hour

// MaxSyncKept is the longest time that a setting may ask for.
const MaxSyncKept = 90 * 24 * time.Hour

// A Mark is a place in the order of all changes of one store, in the engine's own
// form. Only the engine that wrote it can read it.
type Mark string

// A ChangesQuery asks an engine what changed after a mark.
type ChangesQuery struct {
	// User is who asks; empty for a server, which is part of every dialog.
	User UserID
	// After is where the previous page ended. Empty asks for the mark of now
	// and nothing else.
	After Mark
	// Limit is the maximum number of dialogs in a page, changed and removed
	// together.
	Limit int
	// Kept is how long this instance keeps what it deletes. Engines whose
	// instances can differ in this compare.
	Kept time.Duration
}

// A ChangesPage is what changed after a mark. No dialog is in it twice.
type ChangesPage struct {
	// Changed are dialogs that the user is part of (owner, admin or occupant),
	// as they are now, without their History.
	Changed []Dialog
	// Removed are dialogs that were deleted, or that the user is no longer part
	// of.
	Removed []ID
	// Next is where the next page starts.
	Next Mark
	// More means that there is more to read at once.
	More bool
}

// A ChangeLog tells what changed.
type ChangeLog interface {
	// ChangesSince must return the dialogs that changed after the mark. A
	// client that reads page after page, and applies each, must end with
	// exactly the dialogs that the user is part of, whatever else happens at
	// the same time: nothing may be missed; what is reported twice is
	// harmless. Each page must make progress. Whoever stopped being part of a
	// dialog must learn that, and nothing that happens to it later.
	//
	// The cost must be in the user's own dialogs or in the changes since the
	// mark, whichever is less, and never in all dialogs.
	//
	// It must return [ErrResync] for a mark that another store wrote, that is
	// ahead of this store, or after which something was forgotten.
	ChangesSince(ctx context.Context, q ChangesQuery) (ChangesPage, error)
}

// ErrResync is the error for a mark or cursor from which no client can catch up.
func ErrResync() error {
	return &Error{
		Code: ResyncRequired, Field: "after",
		Message: "the changes after this position are no longer available: read everything again and continue from a new position",
	}
}

// A Changes is a page of [Service.Changes].
type Changes struct {
	Changed []Dialog
	Removed []ID
	// Cursor continues after this page.
	Cursor string
	// HasMore means that there is more to read at once.
	HasMore bool
}

// Changes returns what changed in the caller's dialogs after a cursor. Without one
// it returns the cursor of now, and nothing else.
func (s *Service) Changes(ctx context.Context, c Caller, after Optional[string], first Optional[int]) (Changes, error) {
	if err := signedIn(c); err != nil {
		return Changes{}, err
	}
	q := ChangesQuery{User: c.User, Limit: MaxPage, Kept: s.policy.SyncKept}
	if first.Given {
		q.Limit = first.Value
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return Changes{}, invalidf("first", "first must be between 1 and %d", MaxPage)
	}
	now := s.now()
	cursor := syncCursor{User: c.User, At: now.UnixMilli()}
	if after.Given {
		there, err := parseSyncCursor(after.Value)
		if err != nil {
			return Changes{}, err
		}
		if there.User != c.User || now.Sub(time.UnixMilli(there.At)) >= s.policy.SyncKept {
			return Changes{}, ErrResync()
		}
		q.After, cursor.At = there.Mark, there.At
	}
	page, err := s.store.ChangesSince(ctx, q)
	if err != nil {
		return Changes{}, err
	}
	if !page.More {
		cursor.At = now.UnixMilli()
	}
	cursor.Mark = page.Next
	return Changes{Changed: page.Changed, Removed: page.Removed, Cursor: cursor.text(), HasMore: page.More}, nil
}
