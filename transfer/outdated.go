package transfer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"dialogs/dialog"
)

// outdated is what an earlier run copied to the target, and the source has deleted or erased
// since then.
type outdated struct {
	// erased are the users whom the source has erased, by the hashes of their ids.
	erased map[[sha256.Size]byte]dialog.ErasedUser
	// users are those of them about whom the target has more than dialogs.
	users []dialog.UserID
	// deleted are the dialogs of the target that the source has deleted.
	deleted []dialog.ID
}

func newOutdated(ctx context.Context, from dialog.ErasureStore) (*outdated, error) {
	erased, err := from.ErasedUsers(ctx)
	o := &outdated{erased: map[[sha256.Size]byte]dialog.ErasedUser{}}
	for _, u := range erased {
		o.erased[u.Hash] = u
	}
	return o, err
}

// wasErased reports whether the source has erased a user, whose sessions in the target ended
// at that time.
func (o *outdated) wasErased(u dialog.UserID, ended time.Time) bool {
	erased, ok := o.erased[sha256.Sum256([]byte(u))]
	return ok && !erased.SessionsEndedAt.Before(ended)
}

func (o *outdated) forget(u dialog.UserID) {
	if !slices.Contains(o.users, u) {
		o.users = append(o.users, u)
	}
}

// equal reports whether a dialog of the target is the same in the source, except for users
// whom the source has erased.
func (o *outdated) equal(d, ours *dialog.Dialog) bool {
	scrubbed := *d
	for _, u := range o.erasedIn(d) {
		scrubbed.Scrub(u)
	}
	return scrubbed.Equal(ours)
}

// erasedIn returns the users in a dialog and its records whom the source has erased.
func (o *outdated) erasedIn(d *dialog.Dialog) (erased []dialog.UserID) {
	all := d.People(len(d.History))
	for i := range d.History {
		all = append(all, d.History[i].Actor.User)
	}
	for _, u := range all {
		if o.wasErased(u, time.Time{}) && !slices.Contains(erased, u) {
			erased = append(erased, u)
		}
	}
	return erased
}

// deleteDialogs deletes the dialogs that the source has deleted. What remains of them for a
// while may name users whom the source has erased: forgetUsers removes them there.
func (o *outdated) deleteDialogs(ctx context.Context, now time.Time, to dialog.Store) error {
	service := dialog.NewService(to, dialog.DefaultPolicy(dialog.DefaultLimits()), func() time.Time { return now }, nil)
	for _, id := range o.deleted {
		d, err := to.Look(ctx, id)
		if err != nil {
			return err
		}
		for _, u := range o.erasedIn(&d) {
			// If this run is killed, the next one knows the user by this job.
			if _, err := to.StartErasure(ctx, dialog.Erasure{User: u, By: deleter, StartedAt: now.UTC().Truncate(time.Millisecond)}); err != nil {
				return err
			}
			o.forget(u)
		}
		if _, err := service.Update(ctx, dialog.Caller{APIKey: deleter}, string(id), dialog.Change{Delete: true}); err != nil {
			return err
		}
	}
	return nil
}

// deleter is who deletes dialogs in the target.
const deleter = "migrate"

// forgetUsers removes what the target has about the users whom the source has erased, besides
// what it has copied from the source. The current dialogs must have been copied.
func (o *outdated) forgetUsers(ctx context.Context, to dialog.Store) error {
	for _, u := range o.users {
		err := dialog.EachTrace(ctx, to, u, func(id dialog.ID) error {
			d, err := to.Look(ctx, id)
			if err != nil || !d.Deleted {
				return err
			}
			return to.Scrub(ctx, u, []dialog.ID{id})
		})
		if err != nil {
			return err
		}
		finished, err := to.FinishErasure(ctx, u, o.erased[sha256.Sum256([]byte(u))].Until)
		if err != nil {
			return err
		}
		if !finished {
			return fmt.Errorf("%s is a member of a dialog again: empty the target, and run the command again", dialog.Quote(string(u)))
		}
	}
	return nil
}
