package dialog

import (
	"context"
	"errors"
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
	// User is who asks; empty for a server, which is part of every dialog
	// until it is deleted.
	User UserID
	// By is the caller, to share out the work fairly. Engines ignore it.
	By Actor
	// After is where the previous page ended. Empty asks for the mark of now,
	// or, with Since, for a mark before everything that happened after that
	// instant.
	After Mark
	Since time.Time
	// Limit is the maximum number of dialogs in a page.
	Limit int
	// Bytes is how much memory the dialogs of a page may take ([Dialog.Memory]); 0 for no
	// limit. A page ends at the latest with the dialog with which it reaches that.
	Bytes int64
	// WithHistory asks for whole dialogs and whole tombstones, with their
	// numbered History; with Latest, only with the latest record of it.
	WithHistory, Latest bool
	// Ahead skips what may have become visible late, for a reader that looks
	// for it apart, and less often.
	Ahead bool
	// Kept is how long this instance keeps what it deletes. Engines whose
	// instances can differ in this compare.
	Kept time.Duration
}

// IsFull reports whether a page whose dialogs take this much memory must end.
func (q *ChangesQuery) IsFull(memory int64) bool { return q.Bytes > 0 && memory >= q.Bytes }

// A ChangedDialog is a dialog that changed after a mark.
type ChangedDialog struct {
	// Dialog is the dialog as it is now, without its History unless that was
	// asked for. When Removed is set, it may have nothing but its ID.
	Dialog Dialog
	// Removed means that it was deleted, or that the user is no longer part of
	// it (as owner, admin or occupant).
	Removed bool
	// Recent means that a later page may have the same again.
	Recent bool
	// Mark is where a page starts that continues after this dialog; only with
	// WithHistory.
	Mark Mark
}

// A ChangesPage is what changed after a mark. No dialog is in it twice.
type ChangesPage struct {
	Dialogs []ChangedDialog
	// Next is where the next page starts.
	Next Mark
	// More means that there is more to read at once.
	More bool
	// Continued means that an earlier page began the round that this page is part of:
	// what has become visible behind that page since then comes only after the round.
	Continued bool
}

// A ChangeLog tells what changed.
type ChangeLog interface {
	// ChangesSince must return the dialogs that changed after the mark. A
	// client that reads page after page, and applies each, must end with
	// exactly the dialogs that the user is part of, whatever else happens at
	// the same time: nothing may be missed; what is Recent may be repeated.
	// Each page must make progress. Users who stopped being part of a dialog
	// must learn that.
	//
	// Without a mark it must return the mark of now, and nothing but Recent
	// dialogs; or, with Since, a mark from then, and no dialogs.
	//
	// The cost must be in the user's own dialogs or in the changes since the
	// mark, whichever is less, and never in all dialogs.
	//
	// It must return [ErrResync] for a mark that another store wrote, that is
	// ahead of this store, or after which something was forgotten.
	ChangesSince(ctx context.Context, q ChangesQuery) (ChangesPage, error)

	// Look must return the dialog or its tombstone, with its numbered History.
	// Without either it must return [ErrNotFound].
	Look(ctx context.Context, id ID) (Dialog, error)

	// Departed must return the users who stopped being part of the dialog after
	// the mark and before it was deleted, and are not part of it. Others may be
	// among them who are part of it, were when it was deleted, or stopped at most
	// a minute before the mark. Without the dialog there are none.
	Departed(ctx context.Context, id ID, after Mark) ([]UserID, error)

	// Follow must call wake soon after each change that any process makes,
	// until ctx ends; it may call it without a change, and must not wait for
	// it. It must return [ErrNoFeed] when the engine has no means to notice
	// changes as they happen: then they are looked for once a second.
	Follow(ctx context.Context, wake func()) error
}

// ErrNoFeed is the reason why [ChangeLog.Follow] does not follow.
var ErrNoFeed = errors.New("this store does not announce changes")

// ErrResync is the error for a position from which no client can catch up.
func ErrResync() error {
	return &Error{
		Code: ResyncRequired, Field: "after",
		Message: "the changes after this position are no longer available: read everything again and continue from a new position",
	}
}

// Changes is a page of [Service.Changes].
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
	limit := MaxPage
	if first.Given {
		limit = first.Value
	}
	if limit < 1 || limit > MaxPage {
		return Changes{}, invalidf("first", "first must be between 1 and %d", MaxPage)
	}
	cursor, err := s.SyncCursor(c, after)
	if err != nil {
		return Changes{}, err
	}
	page, err := s.ReadChanges(ctx, c, &cursor, limit)
	if err != nil {
		return Changes{}, err
	}
	changes := Changes{Cursor: cursor.Text(), HasMore: page.More}
	for _, d := range page.Dialogs {
		if d.Removed {
			changes.Removed = append(changes.Removed, d.Dialog.ID)
		} else {
			changes.Changed = append(changes.Changed, d.Dialog)
		}
	}
	return changes, nil
}

// SyncCursor reads a cursor of the caller. Without one, it is at no position yet:
// the first page takes it to the position of now.
func (s *Service) SyncCursor(c Caller, after Optional[string]) (SyncCursor, error) {
	if !after.Given {
		return SyncCursor{user: c.User}, nil
	}
	cursor, err := parseSyncCursor(after.Value)
	if err != nil {
		return SyncCursor{}, err
	}
	if cursor.user != c.User || s.now().Sub(cursor.at) >= s.policy.SyncKept {
		return SyncCursor{}, ErrResync()
	}
	return cursor, nil
}

// ReadChanges reads what changed after the cursor and moves the cursor on. It leaves
// out what the cursor remembers as sent.
func (s *Service) ReadChanges(ctx context.Context, c Caller, cursor *SyncCursor, limit int) (ChangesPage, error) {
	now, whole := s.now(), false
	for {
		starts := cursor.mark == ""
		page, err := s.store.ChangesSince(ctx, ChangesQuery{
			By: c.Actor(), User: c.User, After: cursor.mark, Limit: limit, Kept: s.policy.SyncKept,
		})
		if err != nil {
			return ChangesPage{}, err
		}
		fresh := page.Dialogs[:0:0]
		for _, d := range page.Dialogs {
			if !cursor.Knows(&d) {
				fresh = append(fresh, d)
			}
			cursor.Remember(&d)
		}
		whole = whole || !page.Continued
		if cursor.MoveTo(page.Next); !page.More {
			cursor.Complete(now)
			if whole {
				cursor.ForgetUnread(now)
			}
		}
		if starts {
			return ChangesPage{Next: page.Next}, nil
		}
		if len(fresh) > 0 || !page.More {
			return ChangesPage{Dialogs: fresh, Next: page.Next, More: page.More}, nil
		}
	}
}
