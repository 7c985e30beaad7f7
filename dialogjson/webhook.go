package dialogjson

import (
	"time"

	"dialogs/dialog"
)

// Statuses are those of webhooks, as in the schema.
var Statuses = Names[dialog.WebhookStatus]{
	{dialog.WebhookActive, "ACTIVE"}, {dialog.WebhookPaused, "PAUSED"}, {dialog.WebhookDisabled, "DISABLED"},
}

// A Webhook has the fields of Webhook in the schema.
type Webhook struct {
	ID     dialog.ID `json:"id"`
	URL    string    `json:"url"`
	Status string    `json:"status"`
	// Kinds, Aspects, Types and CustomClasses are null for all.
	Kinds         []string `json:"kinds"`
	Aspects       []string `json:"aspects"`
	Types         []string `json:"types"`
	CustomClasses []string `json:"customClasses"`
	WithDialog    bool     `json:"withDialog"`
	// LastError and FailingSince are null if the last delivery succeeded.
	LastError    *string `json:"lastError"`
	FailingSince *string `json:"failingSince"`
	CreatedAt    string  `json:"createdAt"`
}

// NewWebhook is the JSON form of a webhook and the state of its deliveries.
func NewWebhook(w *dialog.Webhook, lastError string, failingSince time.Time) *Webhook {
	return &Webhook{
		ID: w.ID, URL: w.URL, Status: Statuses.Name(w.Status),
		Kinds: Kinds.texts(w.Filter.Kinds), Aspects: Aspects.texts(w.Filter.Aspects), Types: Types.texts(w.Filter.Types), CustomClasses: w.Filter.Classes,
		WithDialog: w.WithDialog, LastError: optional(lastError), FailingSince: optionalInstant(failingSince), CreatedAt: Instant(w.CreatedAt),
	}
}
