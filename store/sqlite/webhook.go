package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"dialogs/dialog"
)

// Webhooks lists all webhooks, by their creation.
func (s *Store) Webhooks(ctx context.Context) ([]dialog.Webhook, error) {
	var all []dialog.Webhook
	err := s.read(ctx, "reading the webhooks", func(ctx context.Context) error {
		rows, err := s.reads.query(ctx, "SELECT definition FROM webhook ORDER BY created_at, id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			var w dialog.Webhook
			if err := scan(rows, &text); err != nil {
				return err
			}
			if err := decodeJSON(text, &w); err != nil {
				return fmt.Errorf("decoding a webhook: %w", err)
			}
			all = append(all, w)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// SaveWebhook stores a webhook if the stored one has the revision before it.
func (s *Store) SaveWebhook(ctx context.Context, h dialog.Webhook) (bool, error) {
	key, err := encodeID(h.ID)
	if err != nil {
		return false, err
	}
	text, err := encodeJSON(h)
	if err != nil {
		return false, err
	}
	var rows int64
	err = s.write(ctx, "saving a webhook", func(w *writer) (err error) {
		if h.Revision == 1 {
			rows, err = w.affect("INSERT INTO webhook (id, created_at, revision, definition) VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING",
				key, millis(h.CreatedAt), text)
		} else {
			rows, err = w.affect("UPDATE webhook SET revision = ?, definition = ? WHERE id = ? AND revision = ?",
				h.Revision, text, key, h.Revision-1)
		}
		return err
	})
	return err == nil && rows == 1, err
}

// RemoveWebhook removes a webhook and its progress.
func (s *Store) RemoveWebhook(ctx context.Context, id dialog.ID) error {
	key, err := encodeID(id)
	if err != nil {
		return err
	}
	return s.write(ctx, "removing a webhook", func(w *writer) error {
		removed, err := w.affect("DELETE FROM webhook WHERE id = ?", key)
		if err == nil && removed == 0 {
			return dialog.ErrWebhookNotFound(id)
		}
		return err
	})
}

// LeaseWebhook lets one instance deliver until the end of the lease.
func (s *Store) LeaseWebhook(ctx context.Context, id dialog.ID, l dialog.Lease) (p dialog.WebhookProgress, leased bool, err error) {
	key, err := encodeID(id)
	if err != nil {
		return p, false, err
	}
	err = s.write(ctx, "leasing a webhook", func(w *writer) error {
		rows, err := w.affect("UPDATE webhook SET holder = ?1, held_until = ?2 WHERE id = ?3 AND (holder = ?1 OR held_until <= ?4)",
			l.Holder, millis(l.Until), key, millis(l.Now))
		if err != nil || rows == 0 {
			return err
		}
		leased = true
		var text string
		if _, err := w.row("SELECT progress FROM webhook WHERE id = ?", []any{key}, &text); err != nil {
			return err
		}
		return decodeJSON(text, &p)
	})
	if err != nil {
		return dialog.WebhookProgress{}, false, err
	}
	return p, leased, nil
}

// SaveWebhookProgress stores how far the holder of the lease has come.
func (s *Store) SaveWebhookProgress(ctx context.Context, id dialog.ID, holder string, p dialog.WebhookProgress) (bool, error) {
	key, err := encodeID(id)
	if err != nil {
		return false, err
	}
	text, err := encodeJSON(p)
	if err != nil {
		return false, err
	}
	var rows int64
	err = s.write(ctx, "saving the progress of a webhook", func(w *writer) (err error) {
		rows, err = w.affect("UPDATE webhook SET progress = ? WHERE id = ? AND holder = ?", text, key, holder)
		return err
	})
	return err == nil && rows == 1, err
}

// WebhookProgress returns how far the deliveries have come.
func (s *Store) WebhookProgress(ctx context.Context, id dialog.ID) (p dialog.WebhookProgress, err error) {
	key, err := encodeID(id)
	if err != nil {
		return p, err
	}
	err = s.read(ctx, "reading the progress of a webhook", func(ctx context.Context) error {
		var text []string
		rows, err := s.reads.query(ctx, "SELECT progress FROM webhook WHERE id = ?", key)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t string
			if err := scan(rows, &t); err != nil {
				return err
			}
			text = append(text, t)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if text == nil {
			return dialog.ErrWebhookNotFound(id)
		}
		return decodeJSON(text[0], &p)
	})
	if err != nil {
		return dialog.WebhookProgress{}, err
	}
	return p, nil
}

func decodeJSON(text string, to any) error {
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}
