package dialogjson

import (
	"fmt"
	"time"

	"dialogs/dialog"
)

// An Exported is a dialog with everything that a store keeps of it.
type Exported struct {
	Dialog
	History []Kept `json:"history"`
}

// A Kept is a change with what only a store needs to know.
type Kept struct {
	Change
	OldOwnerID     *string `json:"oldOwnerId,omitempty"`
	IdempotencyKey string  `json:"idempotencyKey,omitempty"`
	InputHash      string  `json:"inputHash,omitempty"`
}

// NewExported is the JSON form of a dialog with its history.
func NewExported(d *dialog.Dialog) *Exported {
	e := &Exported{Dialog: *NewDialog(d), History: []Kept{}}
	for i := range d.History {
		e.History = append(e.History, newKept(&d.History[i]))
	}
	return e
}

func newKept(r *dialog.Record) Kept {
	return Kept{NewChange(r), optional(r.OldOwner), r.Key, r.InputHash}
}

// Foreign is the dialog to import that the JSON form describes. What can't be read is
// [dialog.Invalid].
func (e *Exported) Foreign() (f dialog.Foreign, err error) {
	f.ID = dialog.Some(string(e.ID))
	types, err := Types.Parse([]string{e.Type})
	if err != nil {
		return f, invalid("type", err)
	}
	f.Type, f.Owner = types[0], dialog.Some(e.OwnerID)
	f.Name, f.Photo = given(e.Name), given(e.Photo)
	f.Occupants, f.Admins = all(e.OccupantIDs), all(e.AdminIDs)
	if e.CustomData != nil {
		for _, data := range *e.CustomData {
			input := dialog.CustomInput{Class: data.ClassName, Fields: map[string]any{}}
			for name, value := range data.Fields {
				if input.Fields[name], err = dialog.Value(value).Decode(); err != nil {
					return f, invalid("customData", err)
				}
			}
			f.Custom = append(f.Custom, input)
		}
	}
	if f.CreatedAt, err = instant("createdAt", e.CreatedAt); err != nil {
		return f, err
	}
	if f.UpdatedAt, err = instant("updatedAt", e.UpdatedAt); err != nil {
		return f, err
	}
	f.Version = e.Version
	for i := range e.History {
		r, err := e.History[i].record()
		if err != nil {
			return f, err
		}
		f.History = append(f.History, r)
	}
	return f, nil
}

func (k *Kept) record() (r dialog.Record, err error) {
	kinds, err := Kinds.Parse([]string{k.Kind})
	if err != nil {
		return r, invalid("history.kind", err)
	}
	r.Kind, r.Version = kinds[0], k.Version
	if r.Changed, err = Aspects.Parse(k.Changed); err != nil {
		return r, invalid("history.changed", err)
	}
	if r.At, err = instant("history.at", k.At); err != nil {
		return r, err
	}
	r.Actor = dialog.Actor{User: dialog.UserID(text(k.Actor.UserID)), APIKey: text(k.Actor.APIKeyName)}
	r.Joined, r.Left = all(k.AddedOccupantIDs), all(k.RemovedOccupantIDs)
	r.NewAdmins, r.LostAdmins = all(k.AddedAdminIDs), all(k.RemovedAdminIDs)
	r.Name = text(k.Name)
	r.NewOwner, r.OldOwner = dialog.UserID(text(k.NewOwnerID)), dialog.UserID(text(k.OldOwnerID))
	r.Key, r.InputHash = k.IdempotencyKey, k.InputHash
	return r, nil
}

func invalid(name string, err error) error {
	return dialog.InvalidInput("", fmt.Sprintf("%s: %s", name, err))
}

func instant(name, at string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return t, invalid(name, fmt.Errorf("invalid time %s: use the form 2026-01-31T14:00:00Z", dialog.Quote(at)))
	}
	return t.UTC(), nil
}

func all(ids *[]dialog.UserID) []dialog.UserID {
	if ids == nil || len(*ids) == 0 {
		return nil
	}
	return *ids
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func given(s *string) (o dialog.Optional[string]) {
	if s == nil {
		return o
	}
	return dialog.Some(*s)
}
