package dialogjson

import (
	"encoding/json"
	"time"

	"dialogs/dialog"
)

// A Dialog has the fields of Dialog in the schema that do not depend on a caller, and
// the lengths of its lists. A list that is nil is left out.
type Dialog struct {
	ID              dialog.ID        `json:"id"`
	Type            string           `json:"type"`
	Name            *string          `json:"name"`
	Photo           *string          `json:"photo"`
	OwnerID         dialog.UserID    `json:"ownerId"`
	OccupantIDs     *[]dialog.UserID `json:"occupantIds,omitempty"`
	OccupantCount   int              `json:"occupantCount"`
	AdminIDs        *[]dialog.UserID `json:"adminIds,omitempty"`
	AdminCount      int              `json:"adminCount"`
	CustomData      *[]CustomData    `json:"customData,omitempty"`
	CustomDataCount int              `json:"customDataCount"`
	CreatedAt       string           `json:"createdAt"`
	UpdatedAt       string           `json:"updatedAt"`
	Version         int64            `json:"version"`
}

// CustomData is the custom data of one class.
type CustomData struct {
	ClassName string                     `json:"className"`
	Fields    map[string]json.RawMessage `json:"fields"`
}

// NewDialog is the JSON form of a dialog, with all lists.
func NewDialog(d *dialog.Dialog) *Dialog {
	data := []CustomData{}
	for _, class := range d.Custom.Classes() {
		fields := map[string]json.RawMessage{}
		for name, value := range d.Custom[class] {
			fields[name] = json.RawMessage(value)
		}
		data = append(data, CustomData{class, fields})
	}
	return &Dialog{
		ID: d.ID, Type: Types.Name(d.Type), Name: optional(d.Name), Photo: optional(d.Photo), OwnerID: d.Owner,
		OccupantIDs: list(d.Occupants), OccupantCount: len(d.Occupants), AdminIDs: list(d.Admins), AdminCount: len(d.Admins),
		CustomData: &data, CustomDataCount: len(data), CreatedAt: Instant(d.CreatedAt), UpdatedAt: Instant(d.UpdatedAt), Version: d.Version,
	}
}

// Instant is an instant as the schema's DateTime writes it.
func Instant(t time.Time) string { return t.UTC().Format(dialog.TimeFormat) }

// optionalInstant is null for a zero instant.
func optionalInstant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return optional(Instant(t))
}
