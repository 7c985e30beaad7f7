package dialogjson

import (
	"time"

	"dialogs/dialog"
)

// A Key is an API key, without its secret.
type Key struct {
	Name      string `json:"name"`
	CreatedAt string `json:"createdAt"`
	// ExpiresAt is null for a key that never expires.
	ExpiresAt *string `json:"expiresAt"`
	// LastUsedOn is a day; null for a key that was never used.
	LastUsedOn *string `json:"lastUsedOn"`
	// Scopes is null for a key that may do everything.
	Scopes []string `json:"scopes"`
	Note   string   `json:"note"`
}

// NewKey is the JSON form of a key.
func NewKey(k *dialog.APIKey) *Key {
	key := &Key{Name: k.Name, CreatedAt: Instant(k.CreatedAt), ExpiresAt: optionalInstant(k.ExpiresAt), Scopes: k.Scopes.Names(), Note: k.Note}
	if !k.UsedOn.IsZero() {
		key.LastUsedOn = optional(k.UsedOn.UTC().Format(time.DateOnly))
	}
	return key
}
