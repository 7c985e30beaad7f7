package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"dialogs/dialog"
)

// A webhook is a webhook with its progress and its lease.
type webhook struct {
	dialog.Webhook

	progress dialog.WebhookProgress
	holder   string
	until    time.Time
}

func (s *store) Webhooks(ctx context.Context) ([]dialog.Webhook, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []dialog.Webhook
	for _, w := range s.db.hooks {
		list = append(list, w.Webhook)
	}
	slices.SortFunc(list, func(a, b dialog.Webhook) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (s *store) SaveWebhook(ctx context.Context, w dialog.Webhook) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	stored, ok := s.db.hooks[w.ID]
	switch {
	case !ok && w.Revision == 1:
		s.db.hooks[w.ID] = &webhook{Webhook: w}
	case ok && w.Revision == stored.Revision+1:
		stored.Webhook = w
	default:
		return false, nil
	}
	return true, nil
}

func (s *store) RemoveWebhook(ctx context.Context, id dialog.ID) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.db.hooks[id] == nil {
		return dialog.ErrWebhookNotFound(id)
	}
	delete(s.db.hooks, id)
	return nil
}

func (s *store) LeaseWebhook(ctx context.Context, id dialog.ID, l dialog.Lease) (dialog.WebhookProgress, bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.WebhookProgress{}, false, err
	}
	defer end()
	w := s.db.hooks[id]
	if w == nil || w.holder != l.Holder && w.until.After(l.Now) {
		return dialog.WebhookProgress{}, false, nil
	}
	w.holder, w.until = l.Holder, l.Until
	return w.progress, true, nil
}

func (s *store) SaveWebhookProgress(ctx context.Context, id dialog.ID, holder string, p dialog.WebhookProgress) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	w := s.db.hooks[id]
	if w == nil || w.holder != holder {
		return false, nil
	}
	w.progress = p
	return true, nil
}

func (s *store) WebhookProgress(ctx context.Context, id dialog.ID) (dialog.WebhookProgress, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return dialog.WebhookProgress{}, err
	}
	defer end()
	w := s.db.hooks[id]
	if w == nil {
		return dialog.WebhookProgress{}, dialog.ErrWebhookNotFound(id)
	}
	return w.progress, nil
}
