// Package readonly keeps a store from being changed while it is maintained: copied,
// restored, or moved.
package readonly

import (
	"context"
	"time"

	"dialogs/dialog"
)

// New puts a barrier before a store: it refuses each change with [dialog.ErrReadOnly] and
// lets everything else through.
func New(s dialog.Store) dialog.Store { return store{s} }

type store struct{ dialog.Store }

func (store) Create(context.Context, dialog.CreatePlan) (dialog.CreateOutcome, error) {
	return dialog.CreateOutcome{}, dialog.ErrReadOnly()
}

func (store) Update(context.Context, dialog.Plan) (dialog.Outcome, error) {
	return dialog.Outcome{}, dialog.ErrReadOnly()
}

func (store) SaveClass(context.Context, dialog.Class) (bool, error) {
	return false, dialog.ErrReadOnly()
}

func (store) AddAPIKey(context.Context, dialog.APIKey) error { return dialog.ErrReadOnly() }

func (store) RemoveAPIKey(context.Context, string) error { return dialog.ErrReadOnly() }

func (store) EndSession(context.Context, dialog.EndedSession) error { return dialog.ErrReadOnly() }

func (store) UseAPIKey(context.Context, string, time.Time) error { return dialog.ErrReadOnly() }

func (store) SuspendUser(context.Context, dialog.UserID, bool, time.Time) error {
	return dialog.ErrReadOnly()
}

func (store) EndUserSessions(context.Context, dialog.UserID, time.Time) error {
	return dialog.ErrReadOnly()
}

func (store) SaveWebhook(context.Context, dialog.Webhook) (bool, error) {
	return false, dialog.ErrReadOnly()
}

func (store) RemoveWebhook(context.Context, dialog.ID) error { return dialog.ErrReadOnly() }

func (store) LeaseWebhook(context.Context, dialog.ID, dialog.Lease) (dialog.WebhookProgress, bool, error) {
	return dialog.WebhookProgress{}, false, dialog.ErrReadOnly()
}

func (store) SaveWebhookProgress(context.Context, dialog.ID, string, dialog.WebhookProgress) (bool, error) {
	return false, dialog.ErrReadOnly()
}

func (store) Restore(context.Context, []dialog.Dialog) error { return dialog.ErrReadOnly() }

func (store) StartErasure(context.Context, dialog.Erasure) (dialog.Erasure, error) {
	return dialog.Erasure{}, dialog.ErrReadOnly()
}

func (store) AdvanceErasure(context.Context, dialog.UserID, dialog.ID) (bool, error) {
	return false, dialog.ErrReadOnly()
}

func (store) FinishErasure(context.Context, dialog.UserID, time.Time) (bool, error) {
	return false, dialog.ErrReadOnly()
}

func (store) KeepErasedUser(context.Context, dialog.ErasedUser) error { return dialog.ErrReadOnly() }

func (store) Scrub(context.Context, dialog.UserID, []dialog.ID) error { return dialog.ErrReadOnly() }
