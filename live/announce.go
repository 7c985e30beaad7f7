package live

import (
	"context"

	"dialogs/dialog"
)

// Announce returns a store that calls wake, usually [Hub.Wake], after every change that is
// made through it.
func Announce(store dialog.Store, wake func()) dialog.Store { return announcer{store, wake} }

type announcer struct {
	dialog.Store
	wake func()
}

func (a announcer) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	out, err := a.Store.Create(ctx, p)
	if err == nil && out.Created {
		a.wake()
	}
	return out, err
}

func (a announcer) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	out, err := a.Store.Update(ctx, p)
	if err == nil && out.Change != nil && !out.Replayed {
		a.wake()
	}
	return out, err
}

func (a announcer) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	err := a.Store.Restore(ctx, dialogs)
	if err == nil {
		a.wake()
	}
	return err
}
