package model

import "dialogs/dialog"

// NewChange is the caller's view of a record; nil for no record.
func NewChange(r *dialog.Record, c dialog.Caller) *DialogChange {
	if r == nil {
		return nil
	}
	actor := Actor{UserID: optional(r.Actor.User)}
	if c.Kind() == dialog.Server {
		actor.APIKeyName = optional(r.Actor.APIKey)
	}
	return &DialogChange{
		Kind: r.Kind, Version: int(r.Version), Actor: actor, At: r.At,
		Changed:            append([]dialog.Aspect{}, r.Changed...),
		AddedOccupantIds:   Texts(r.Joined),
		RemovedOccupantIds: Texts(r.Left),
		AddedAdminIds:      Texts(r.NewAdmins),
		RemovedAdminIds:    Texts(r.LostAdmins),
		Name:               optional(r.Name),
		NewOwnerID:         optional(r.NewOwner),
	}
}

// NewHistory is the caller's view of the latest records, newest first: as many
// as first says, and none newer than the version.
func NewHistory(oldestFirst []dialog.Record, version int64, first int, c dialog.Caller) []DialogChange {
	history := []DialogChange{}
	for i := len(oldestFirst) - 1; i >= 0 && len(history) < first; i-- {
		if oldestFirst[i].Version <= version {
			history = append(history, *NewChange(&oldestFirst[i], c))
		}
	}
	return history
}

// Texts are ids as strings, never nil.
func Texts(ids []dialog.UserID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}

// optional is null for an empty string.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}
