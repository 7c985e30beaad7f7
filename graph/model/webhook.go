package model

import (
	"time"

	"dialogs/dialog"
	"dialogs/webhook"
)

// A Webhook is a webhook as servers see it.
type Webhook struct{ webhook.Listed }

// The fields of Webhook, as described in the schema.

func (w Webhook) ID() string                   { return string(w.Listed.ID) }
func (w Webhook) URL() string                  { return w.Listed.URL }
func (w Webhook) Status() dialog.WebhookStatus { return w.Listed.Status }
func (w Webhook) Kinds() []dialog.RecordKind   { return w.Filter.Kinds }
func (w Webhook) Aspects() []dialog.Aspect     { return w.Filter.Aspects }
func (w Webhook) Types() []dialog.Type         { return w.Filter.Types }
func (w Webhook) CustomClasses() []string      { return w.Filter.Classes }
func (w Webhook) WithDialog() bool             { return w.Listed.WithDialog }
func (w Webhook) LastError() *string           { return optional(w.Listed.LastError) }
func (w Webhook) CreatedAt() time.Time         { return w.Listed.CreatedAt }

func (w Webhook) FailingSince() *time.Time {
	if w.Listed.FailingSince.IsZero() {
		return nil
	}
	return &w.Listed.FailingSince
}
