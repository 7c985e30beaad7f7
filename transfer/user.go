package transfer

import (
	"context"
	"fmt"
	"io"

	"dialogs/dialog"
	"dialogs/dialogjson"
)

// A userLine is one line of the export of a user: first everything that is kept besides
// dialogs, then each dialog that names the user, and finally the end.
type userLine struct {
	User  *dialogjson.User  `json:"user,omitempty"`
	Trace *dialogjson.Trace `json:"trace,omitempty"`
	End   *exportEnd        `json:"end,omitempty"`
}

// ExportUser writes everything that is kept about a user as JSON Lines: the dialogs that
// they are part of, and, of all dialogs and tombstones, the change records that name them.
// It returns the number of dialogs.
func ExportUser(ctx context.Context, store dialog.Store, user dialog.UserID, w io.Writer) (dialogs int, err error) {
	access := dialog.UserAccess{User: user}
	stored, err := store.UserAccess(ctx, []dialog.UserID{user})
	if err != nil {
		return 0, fmt.Errorf("reading the access of the user: %w", err)
	}
	if len(stored) > 0 {
		access = stored[0]
	}
	if err := writeLine(w, userLine{User: dialogjson.NewUser(&access)}); err != nil {
		return 0, err
	}
	err = dialog.EachTrace(ctx, store, user, func(id dialog.ID) error {
		d, err := store.Look(ctx, id)
		if dialog.IsCode(err, dialog.NotFound) { // a tombstone that has just expired
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading dialog %s: %w", id, err)
		}
		dialogs++
		return writeLine(w, userLine{Trace: dialogjson.NewTrace(&d, user)})
	})
	if err != nil {
		return dialogs, err
	}
	return dialogs, writeLine(w, userLine{End: &exportEnd{dialogs}})
}
