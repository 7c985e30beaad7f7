package dialogjson

import "dialogs/dialog"

// A Change has the fields of DialogChange in the schema, and the lengths of its lists. A list that
// is nil is left out.
type Change struct {
	Kind    string   `json:"kind"`
	Version int64    `json:"version"`
	Actor   Actor    `json:"actor"`
	At      string   `json:"at"`
	Changed []string `json:"changed"`
	People
	Name       *string `json:"name"`
	NewOwnerID *string `json:"newOwnerId"`
}

// An Actor is who made a change: a user, an API key, or both.
type Actor struct {
	UserID     *string `json:"userId"`
	APIKeyName *string `json:"apiKeyName"`
}

// People are the users that a change concerns.
type People struct {
	AddedOccupantIDs     *[]dialog.UserID `json:"addedOccupantIds,omitempty"`
	AddedOccupantCount   int              `json:"addedOccupantCount"`
	RemovedOccupantIDs   *[]dialog.UserID `json:"removedOccupantIds,omitempty"`
	RemovedOccupantCount int              `json:"removedOccupantCount"`
	AddedAdminIDs        *[]dialog.UserID `json:"addedAdminIds,omitempty"`
	AddedAdminCount      int              `json:"addedAdminCount"`
	RemovedAdminIDs      *[]dialog.UserID `json:"removedAdminIds,omitempty"`
	RemovedAdminCount    int              `json:"removedAdminCount"`
}

// NewChange is the JSON form of a record, with all lists.
func NewChange(r *dialog.Record) Change {
	changed := []string{}
	for _, a := range r.Changed {
		changed = append(changed, Aspects.Name(a))
	}
	return Change{
		Kind: Kinds.Name(r.Kind), Version: r.Version, At: Instant(r.At), Changed: changed,
		Actor: Actor{optional(r.Actor.User), optional(r.Actor.APIKey)},
		People: People{
			list(r.Joined), len(r.Joined), list(r.Left), len(r.Left),
			list(r.NewAdmins), len(r.NewAdmins), list(r.LostAdmins), len(r.LostAdmins),
		},
		Name: optional(r.Name), NewOwnerID: optional(r.NewOwner),
	}
}

// list is a list of ids that is never null.
func list(ids []dialog.UserID) *[]dialog.UserID {
	all := append([]dialog.UserID{}, ids...)
	return &all
}

// optional is null for an empty string.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}
