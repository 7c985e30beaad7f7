package dialog_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"dialogs/dialog"
)

func fields(n int) []dialog.Field {
	list := make([]dialog.Field, n)
	for i := range list {
		list[i] = dialog.Field{Name: fmt.Sprintf("f%d", i), Type: dialog.Integer}
	}
	return list
}

func TestDefineClass(t *testing.T) {
	note := dialog.Field{Name: "note", Type: dialog.String}
	full := dialog.Class{Name: "Full", Revision: 1, Fields: fields(100)}
	overfull := dialog.Class{Name: "Overfull", Revision: 1, Fields: fields(101)} // from when the limit was higher
	for _, tt := range []struct {
		reason string
		class  string
		fields []dialog.Field

		field    string // blamed; empty when it is right
		want     int    // fields of the class
		revision int64
	}{
		{reason: "a new class", class: "New", fields: []dialog.Field{note}, want: 1, revision: 1},
		{reason: "a class may wait for its fields", class: "New", want: 0, revision: 1},
		{reason: "100 fields", class: "New", fields: fields(100), want: 100, revision: 1},
		{reason: "101 fields", class: "New", fields: fields(101), field: "fields"},
		{reason: "10,000 fields", class: "New", fields: fields(10_000), field: "fields"},
		{reason: "a field twice alike counts once", class: "New", fields: append(fields(100), fields(100)...), want: 100, revision: 1},
		{reason: "a field twice, and not alike", class: "New", fields: []dialog.Field{note, {Name: "note", Type: dialog.Float}}, field: "fields"},
		{reason: "names differ by case", class: "New", fields: []dialog.Field{note, {Name: "Note", Type: dialog.Float}}, want: 2, revision: 1},

		{reason: "a field more", class: "Card", fields: []dialog.Field{{Name: "more", Type: dialog.Float}}, want: 8, revision: 2},
		{reason: "a field that is there changes nothing", class: "Card", fields: []dialog.Field{note}, want: 7, revision: 1},
		{reason: "no field changes nothing", class: "Card", want: 7, revision: 1},
		{reason: "a field of another type", class: "Card", fields: []dialog.Field{{Name: "note", Type: dialog.Float}}, field: "fields"},
		{reason: "a list of what was one", class: "Card", fields: []dialog.Field{{Name: "note", Type: dialog.String, List: true}}, field: "fields"},
		{reason: "one field too many", class: "Full", fields: []dialog.Field{note}, field: "fields"},
		{reason: "the limit judges only what is added", class: "Overfull", fields: fields(101), want: 101, revision: 1},

		{reason: "a field without a type", class: "New", fields: []dialog.Field{{Name: "x"}}, field: "fields"},
		{reason: "an unknown type", class: "New", fields: []dialog.Field{{Name: "x", Type: 7}}, field: "fields"},
		{reason: "the longest names", class: "N" + strings.Repeat("_", 63), fields: []dialog.Field{{Name: "f" + strings.Repeat("9", 63), Type: dialog.Float}}, want: 1, revision: 1},
		{reason: "a class name too long", class: "N" + strings.Repeat("_", 64), field: "name"},
		{reason: "a class name of no characters", field: "name"},
		{reason: "a class name that is a path", class: "a.b", field: "name"},
		{reason: "a class name with a line break", class: "New\n", field: "name"},
		{reason: "a class name beyond ASCII", class: "Näme", field: "name"},
		{reason: "a field name too long", class: "New", fields: []dialog.Field{{Name: strings.Repeat("x", 65), Type: dialog.Float}}, field: "fields"},
		{reason: "a field name that is an operator", class: "New", fields: []dialog.Field{{Name: "$inc", Type: dialog.Float}}, field: "fields"},
		{reason: "a field name that starts with a digit", class: "New", fields: []dialog.Field{{Name: "1x", Type: dialog.Float}}, field: "fields"},
		{reason: "a field name of no characters", class: "New", fields: []dialog.Field{{Type: dialog.Float}}, field: "fields"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			store := newStore(t, full, overfull)
			got, err := newService(store, dialog.DefaultLimits()).DefineClass(t.Context(), server(), tt.class, tt.fields)
			if tt.field != "" {
				wantError(t, err, dialog.Invalid, tt.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Fields) != tt.want || got.Revision != tt.revision || got.Name != tt.class {
				t.Errorf("got %d fields at revision %d of %s, want %d and %d", len(got.Fields), got.Revision, got.Name, tt.want, tt.revision)
			}
		})
	}
}

func TestOnlyServersDefineClasses(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	for _, tt := range []struct {
		caller dialog.Caller
		code   dialog.Code
	}{
		{user(ann), dialog.Forbidden},
		{dialog.Caller{User: ann, APIKey: "backend"}, dialog.Forbidden},
		{dialog.Caller{}, dialog.Unauthenticated},
	} {
		_, err := service.DefineClass(t.Context(), tt.caller, "New", nil)
		wantError(t, err, tt.code, "")
		if _, err := service.Classes(t.Context(), tt.caller); tt.code == dialog.Unauthenticated {
			wantError(t, err, tt.code, "")
		} else if err != nil {
			t.Errorf("%v may not list the classes: %v", tt.caller, err)
		}
	}
}

// TestDefinitionsRace: the loser is checked again with what the winner defined,
// so that no field is lost and none has two types.
func TestDefinitionsRace(t *testing.T) {
	store := newStore(t)
	var defining sync.WaitGroup
	for i := range 16 {
		service := newService(store, dialog.DefaultLimits()) // each an instance of its own
		defining.Go(func() {
			field := dialog.Field{Name: fmt.Sprintf("f%d", i/2), Type: dialog.Integer}
			if _, err := service.DefineClass(t.Context(), server(), "Race", []dialog.Field{field}); err != nil {
				t.Error(err)
			}
		})
	}
	defining.Wait()
	classes, err := store.Classes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	race := classes[len(classes)-1]
	if len(race.Fields) != 8 || race.Revision != 8 {
		t.Errorf("got %d fields at revision %d, want 8 and 8: %v", len(race.Fields), race.Revision, race)
	}
}

// A countingStore counts how often the classes are read.
type countingStore struct {
	dialog.Store
	reads int
}

func (s *countingStore) Classes(ctx context.Context) ([]dialog.Class, error) {
	s.reads++
	return s.Store.Classes(ctx)
}

// TestClassesAreLookedUpAgain: an instance learns of a definition made
// elsewhere when it meets it, and reads nothing while it knows all it needs.
func TestClassesAreLookedUpAgain(t *testing.T) {
	store := &countingStore{Store: newStore(t)}
	here, elsewhere := newService(store, dialog.DefaultLimits()), newService(store.Store, dialog.DefaultLimits())
	made, err := here.Create(t.Context(), user(ann), dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch")})
	if err != nil {
		t.Fatal(err)
	}
	set := func(class, field string) error {
		_, err := here.Update(t.Context(), user(ann), string(made.Dialog.ID), dialog.Change{Custom: custom(class, map[string]any{field: "x"})})
		return err
	}
	define := func(class string, fields ...dialog.Field) {
		t.Helper()
		if _, err := elsewhere.DefineClass(t.Context(), server(), class, fields); err != nil {
			t.Fatal(err)
		}
	}
	wantReads := func(n int) {
		t.Helper()
		if store.reads != n {
			t.Errorf("the classes were read %d times, want %d", store.reads, n)
		}
	}

	if err := set("Card", "note"); err != nil {
		t.Fatal(err)
	}
	wantReads(1)
	if err := set("Card", "note"); err != nil {
		t.Fatal(err)
	}
	wantReads(1)
	wantError(t, set("Card", "more"), dialog.Invalid, "customData")
	wantReads(2)
	define("Card", dialog.Field{Name: "more", Type: dialog.String})
	define("New", dialog.Field{Name: "note", Type: dialog.String})
	if err := set("Card", "more"); err != nil {
		t.Fatal(err)
	}
	if err := set("New", "note"); err != nil {
		t.Fatal(err)
	}
	wantReads(3)
}
