package transfer

import (
	"context"
	"fmt"

	"dialogs/dialog"
)

// A creation is the new dialogs of a batch that are being stored, while the next batch is
// looked up. Its result may be read once it is done.
type creation struct {
	batch int // how many dialogs the batch has
	// ids and pairs are those of the dialogs.
	ids   map[dialog.ID]bool
	pairs map[[2]dialog.UserID]bool
	done  chan struct{}

	created int
	refused []invalid
	err     error
}

func newCreation(batch int, missing []dialog.Dialog) *creation {
	c := &creation{batch: batch, ids: make(map[dialog.ID]bool, len(missing)), pairs: map[[2]dialog.UserID]bool{}, done: make(chan struct{})}
	for i := range missing {
		c.ids[missing[i].ID] = true
		if a, b, ok := missing[i].Pair(); ok {
			c.pairs[[2]dialog.UserID{a, b}] = true
		}
	}
	return c
}

// concerns reports whether one of these dialogs, or another one of the same two users, is
// among those that are being stored.
func (c *creation) concerns(dialogs []dialog.Dialog) bool {
	for i := range dialogs {
		a, b, private := dialogs[i].Pair()
		if c.ids[dialogs[i].ID] || private && c.pairs[[2]dialog.UserID{a, b}] {
			return true
		}
	}
	return false
}

func (c *creation) run(ctx context.Context, i Importer, missing []dialog.Dialog) {
	defer close(c.done)
	if i.DryRun {
		c.err = c.would(ctx, i.Store, missing)
	} else {
		c.err = c.create(ctx, i.Store, missing)
	}
}

// create stores dialogs that do not exist yet.
func (c *creation) create(ctx context.Context, store dialog.Store, missing []dialog.Dialog) error {
	if len(missing) == 0 {
		return nil
	}
	err := store.Restore(ctx, missing)
	switch {
	case err == nil:
		c.created += len(missing)
		return nil
	case !dialog.IsCode(err, dialog.Conflict):
		return fmt.Errorf("storing dialogs: %w", err)
	case len(missing) == 1:
		c.refused = append(c.refused, invalid{string(missing[0].ID), errPairTaken()})
		return nil
	}
	half := len(missing) / 2 // whose pair is taken shows when it is alone
	if err := c.create(ctx, store, missing[:half]); err != nil {
		return err
	}
	return c.create(ctx, store, missing[half:])
}

// would reports what create would do.
func (c *creation) would(ctx context.Context, store dialog.Store, missing []dialog.Dialog) error {
	for i := range missing {
		a, b, private := missing[i].Pair()
		if private {
			n, err := store.Count(ctx, dialog.Query{Scope: dialog.Mine, Filter: dialog.Filter{
				Types: []dialog.Type{dialog.Private}, Occupants: []dialog.UserID{a, b},
			}})
			if err != nil {
				return fmt.Errorf("looking for a private dialog: %w", err)
			}
			if n > 0 {
				c.refused = append(c.refused, invalid{string(missing[i].ID), errPairTaken()})
				continue
			}
		}
		c.created++
	}
	return nil
}
