package dialog_test

import (
	"testing"
	"time"

	"dialogs/dialog"
)

func foreign(change func(*dialog.Foreign)) dialog.Foreign {
	f := dialog.Foreign{
		Creation: dialog.Creation{
			Type: dialog.Group, ID: dialog.Some(dialogID), Name: dialog.Some("Lunch"), Owner: dialog.Some(dialog.UserID("b")),
			Occupants: []dialog.UserID{"a", "b", "c"}, Admins: []dialog.UserID{"c"},
			Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"note": "x"}}},
		},
		CreatedAt: noon().Add(-time.Hour), UpdatedAt: noon().Add(-time.Minute),
	}
	change(&f)
	return f
}

func TestAdopt(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	whole := dialog.Dialog{
		ID: dialogID, Type: dialog.Group, Name: "Lunch", Owner: "b", Occupants: []dialog.UserID{"b", "a", "c"}, Admins: []dialog.UserID{"c"},
		Custom:    dialog.CustomData{"Card": {"note": `"x"`}},
		CreatedAt: noon().Add(-time.Hour), UpdatedAt: noon().Add(-time.Minute), Version: 1,
		History: []dialog.Record{{
			Version: 1, Kind: dialog.Created, Actor: dialog.Actor{APIKey: "backend"}, At: noon().Add(-time.Hour),
			Joined: []dialog.UserID{"b", "a", "c"}, NewAdmins: []dialog.UserID{"c"},
		}},
	}
	got, err := service.Adopt(t.Context(), server(), foreign(func(*dialog.Foreign) {}))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "the dialog", got, whole)

	for _, tt := range []struct {
		reason string
		change func(*dialog.Foreign)
		owner  dialog.UserID
		admins []dialog.UserID
	}{
		{"an owner who left it to an admin", func(f *dialog.Foreign) { f.Owner.Value = "gone" }, "c", nil},
		{"an owner who left it to an occupant", func(f *dialog.Foreign) { f.Owner.Value, f.Admins = "gone", nil }, "a", nil},
		{"a change before the creation", func(f *dialog.Foreign) { f.UpdatedAt = f.CreatedAt.Add(-time.Hour) }, "b", []dialog.UserID{"c"}},
	} {
		got, err := service.Adopt(t.Context(), server(), foreign(tt.change))
		if err != nil || got.Owner != tt.owner || got.UpdatedAt.Before(got.CreatedAt) {
			t.Errorf("%s: got %+v and error %v", tt.reason, got, err)
		}
		wantEqual(t, tt.reason+": admins", got.Admins, tt.admins)
	}
}

func TestAdoptRefuses(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	for _, tt := range []struct {
		reason string
		caller dialog.Caller
		change func(*dialog.Foreign)
		code   dialog.Code
		field  string
	}{
		{"an anonymous caller", dialog.Caller{}, func(*dialog.Foreign) {}, dialog.Unauthenticated, ""},
		{"a user", user("b"), func(*dialog.Foreign) {}, dialog.Forbidden, ""},
		{"no id", server(), func(f *dialog.Foreign) { f.ID = dialog.Optional[string]{} }, dialog.Invalid, "id"},
		{"a broken id", server(), func(f *dialog.Foreign) { f.ID = dialog.Some("x") }, dialog.Invalid, "id"},
		{"no owner", server(), func(f *dialog.Foreign) { f.Owner, f.Occupants = dialog.Optional[dialog.UserID]{}, nil }, dialog.Invalid, "ownerId"},
		{"an admin who is not in", server(), func(f *dialog.Foreign) { f.Admins = []dialog.UserID{"d"} }, dialog.Invalid, "adminIds"},
		{"no name", server(), func(f *dialog.Foreign) { f.Name = dialog.Optional[string]{} }, dialog.Invalid, "name"},
		{"an unknown class", server(), func(f *dialog.Foreign) { f.Custom[0].Class = "Cord" }, dialog.Invalid, "customData"},
		{"a private dialog of three", server(), func(f *dialog.Foreign) {
			f.Type, f.Name, f.Admins = dialog.Private, dialog.Optional[string]{}, nil
		}, dialog.Invalid, "occupantIds"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := service.Adopt(t.Context(), tt.caller, foreign(tt.change))
			wantError(t, err, tt.code, tt.field)
		})
	}
}
