package dialog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dialogs/dialog"
)

// many makes n user ids.
func many(n int) []dialog.UserID {
	list := make([]dialog.UserID, n)
	for i := range list {
		list[i] = dialog.UserID(fmt.Sprintf("u%d", i))
	}
	return list
}

func custom(class string, fields map[string]any) []dialog.CustomInput {
	return []dialog.CustomInput{{Class: class, Fields: fields}}
}

// TestShapeOfAChange: errors in the change itself are refused before the store
// is asked, and name the input.
func TestShapeOfAChange(t *testing.T) {
	name, photo, key, owner := dialog.Some[string], dialog.Some[string], dialog.Some[string], dialog.Some[dialog.UserID]
	note := func(v any) []dialog.CustomInput { return custom("Card", map[string]any{"note": v}) }
	for _, tt := range []struct {
		reason string
		change dialog.Change
		field  string // empty when the shape is right
	}{
		{"nothing is asked for", dialog.Change{}, "input"},
		{"empty lists ask for nothing", dialog.Change{AddOccupants: ids(), RemoveOccupants: ids(), AddAdmins: ids(), RemoveAdmins: ids()}, "input"},
		{"no custom fields ask for nothing", dialog.Change{Custom: custom("Card", nil)}, "input"},
		{"no classes ask for nothing", dialog.Change{Custom: []dialog.CustomInput{}}, "input"},
		{"conditions and keys ask for nothing", dialog.Change{IfVersion: dialog.Some[int64](1), IdempotencyKey: key("k")}, "input"},
		{"deleting asks for something", dialog.Change{Delete: true}, ""},
		{"nobody deletes and renames", dialog.Change{Delete: true, Name: name("x")}, "input"},
		{"nobody deletes and removes", dialog.Change{Delete: true, RemoveOccupants: ids(bob)}, "input"},
		{"deleting may have a condition and a key", dialog.Change{Delete: true, IfVersion: dialog.Some[int64](1), IdempotencyKey: key("k")}, ""},

		{"a name of no characters", dialog.Change{Name: name("")}, "name"},
		{"the longest name", dialog.Change{Name: name(strings.Repeat("😀", 200))}, ""},
		{"a name too long", dialog.Change{Name: name(strings.Repeat("x", 201))}, "name"},
		{"a line break in a name", dialog.Change{Name: name("a\nb")}, "name"},
		{"DEL in a name", dialog.Change{Name: name("a\x7fb")}, "name"},
		{"a C1 control character in a name", dialog.Change{Name: name("a\u0085b")}, "name"},
		{"NUL in a name", dialog.Change{Name: name("a\x00b")}, "name"},
		{"broken UTF-8 in a name", dialog.Change{Name: name("a\xffb")}, "name"},
		{"spaces and direction marks stay", dialog.Change{Name: name(" \u202ex ")}, ""},

		{"a photo of no characters", dialog.Change{Photo: photo("")}, "photo"},
		{"the longest photo", dialog.Change{Photo: photo(strings.Repeat("é", 1024))}, ""},
		{"a photo too long, in bytes", dialog.Change{Photo: photo(strings.Repeat("é", 1024) + "x")}, "photo"},
		{"NUL in a photo", dialog.Change{Photo: photo("a\x00b")}, "photo"},
		{"broken UTF-8 in a photo", dialog.Change{Photo: photo("a\xffb")}, "photo"},
		{"clearing the photo", dialog.Change{ClearPhoto: true}, ""},
		{"setting and clearing the photo", dialog.Change{Photo: photo("x"), ClearPhoto: true}, "photo"},

		{"an empty user id", dialog.Change{AddOccupants: ids(bob, "")}, "addOccupants"},
		{"the longest user id, in bytes", dialog.Change{AddOccupants: ids(dialog.UserID(strings.Repeat("é", 64)))}, ""},
		{"a user id too long, in bytes", dialog.Change{RemoveOccupants: ids(dialog.UserID(strings.Repeat("é", 64) + "x"))}, "removeOccupants"},
		{"NUL in a user id", dialog.Change{AddAdmins: ids("a\x00")}, "addAdmins"},
		{"broken UTF-8 in a user id", dialog.Change{RemoveAdmins: ids("a\xff")}, "removeAdmins"},
		{"an empty new owner", dialog.Change{NewOwner: owner("")}, "newOwnerId"},
		{"a new owner too long", dialog.Change{NewOwner: owner(dialog.UserID(strings.Repeat("x", 129)))}, "newOwnerId"},

		{"100 ids in one list", dialog.Change{AddOccupants: many(100)}, ""},
		{"101 occupants to add", dialog.Change{AddOccupants: many(101)}, "addOccupants"},
		{"101 occupants to remove", dialog.Change{RemoveOccupants: many(101)}, "removeOccupants"},
		{"101 admins to name", dialog.Change{AddAdmins: many(101)}, "addAdmins"},
		{"10,000 admins to dismiss", dialog.Change{RemoveAdmins: many(10_000)}, "removeAdmins"},
		{"an id counts once, however often it comes", dialog.Change{AddOccupants: slices.Repeat(many(100), 100)}, ""},

		{"one to add and to remove", dialog.Change{AddOccupants: ids(bob, cid), RemoveOccupants: ids(cid)}, "removeOccupants"},
		{"one to name and to dismiss", dialog.Change{AddAdmins: ids(bob, cid), RemoveAdmins: ids(cid)}, "removeAdmins"},
		{"one to remove and to name", dialog.Change{AddAdmins: ids(bob), RemoveOccupants: ids(bob)}, "addAdmins"},
		{"one to remove and to make owner", dialog.Change{NewOwner: owner(bob), RemoveOccupants: ids(bob)}, "newOwnerId"},
		{"one to add and to dismiss is not a contradiction", dialog.Change{AddOccupants: ids(bob), RemoveAdmins: ids(bob)}, ""},
		{"one to remove and to dismiss is not a contradiction", dialog.Change{RemoveOccupants: ids(bob), RemoveAdmins: ids(bob)}, ""},
		{"one to make owner and to dismiss is not a contradiction", dialog.Change{NewOwner: owner(bob), RemoveAdmins: ids(bob)}, ""},
		{"one to make owner and admin is not a contradiction", dialog.Change{NewOwner: owner(bob), AddAdmins: ids(bob)}, ""},

		{"a class that nobody defined", dialog.Change{Custom: custom("Nothing", map[string]any{"note": "x"})}, "customData"},
		{"a class that nobody defined, without fields", dialog.Change{Custom: custom("Nothing", nil)}, "customData"},
		{"a class in another case", dialog.Change{Custom: custom("card", map[string]any{"note": "x"})}, "customData"},
		{"a field that the class lacks", dialog.Change{Custom: custom("Card", map[string]any{"nothing": "x"})}, "customData"},
		{"such a field to remove", dialog.Change{Custom: custom("Card", map[string]any{"nothing": nil})}, "customData"},
		{"a class name that is a path", dialog.Change{Custom: custom("Card.note", map[string]any{"note": "x"})}, "customData"},
		{"a field name that is an operator", dialog.Change{Custom: custom("Card", map[string]any{"$set": "x"})}, "customData"},
		{"a class name of no characters", dialog.Change{Custom: custom("", map[string]any{"note": "x"})}, "customData"},
		{"one class twice", dialog.Change{Custom: append(note("x"), note("y")...)}, "customData"},
		{"a value of another type", dialog.Change{Custom: note(5)}, "customData"},
		{"a value that is an object", dialog.Change{Custom: note(map[string]any{"$gt": ""})}, "customData"},
		{"a field to remove", dialog.Change{Custom: note(nil)}, ""},

		{"a key of no characters", dialog.Change{Name: name("x"), IdempotencyKey: key("")}, "idempotencyKey"},
		{"the longest key, in characters", dialog.Change{Name: name("x"), IdempotencyKey: key(strings.Repeat("é", 64))}, ""},
		{"a key too long", dialog.Change{Name: name("x"), IdempotencyKey: key(strings.Repeat("x", 65))}, "idempotencyKey"},
		{"NUL in a key", dialog.Change{Name: name("x"), IdempotencyKey: key("a\x00")}, "idempotencyKey"},
		{"broken UTF-8 in a key", dialog.Change{Name: name("x"), IdempotencyKey: key("a\xff")}, "idempotencyKey"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := plan(t, user(ann), tt.change, dialog.DefaultLimits())
			if tt.field != "" {
				wantError(t, err, dialog.Invalid, tt.field)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShapeOfAnID(t *testing.T) {
	for _, id := range []string{
		"", "5", "0123456789abcdef0123456", "0123456789abcdef012345678", "0123456789ABCDEF01234567",
		"0123456789abcdef0123456g", "0123456789abcdef0123456 ", "０１２３４５６７", "0123456789abcdef01234567\n",
	} {
		service := newService(newStore(t), dialog.DefaultLimits())
		_, err := service.Update(t.Context(), user(ann), id, dialog.Change{Name: dialog.Some("x")})
		wantError(t, err, dialog.Invalid, "id")
		_, err = service.Dialog(t.Context(), user(ann), id, false)
		wantError(t, err, dialog.Invalid, "id")
	}
}

// TestPlanIsInNormalForm: an engine can rely on the plan.
func TestPlanIsInNormalForm(t *testing.T) {
	p := mustPlan(t, user(ann), dialog.Change{
		ClearPhoto:      true,
		AddOccupants:    ids(cid, bob, cid),
		RemoveOccupants: ids(),
		Custom: []dialog.CustomInput{
			{Class: "Card", Fields: map[string]any{"place": []any{1.50, 2.0}, "level": 5.0, "note": nil}},
		},
	})
	wantEqual(t, "photo", p.Photo, dialog.Some(""))
	wantEqual(t, "addOccupants", p.AddOccupants, ids(cid, bob))
	wantEqual(t, "removeOccupants", p.RemoveOccupants, []dialog.UserID(nil))
	wantEqual(t, "custom data", p.Custom, []dialog.FieldChange{
		{Class: "Card", Field: "level", Value: "5"},
		{Class: "Card", Field: "note"},
		{Class: "Card", Field: "place", Value: "[1.5,2]"},
	})
	wantEqual(t, "instant", p.At, noon())
}

func TestShapeOfACreation(t *testing.T) {
	named := func(kind dialog.Type, change func(*dialog.Creation)) dialog.Creation {
		c := dialog.Creation{Type: kind, Name: dialog.Some("Lunch")}
		if kind == dialog.Private {
			c = dialog.Creation{Type: kind, Occupants: ids(bob)}
		}
		change(&c)
		return c
	}
	group, public, private := dialog.Group, dialog.PublicGroup, dialog.Private
	as := func(change func(*dialog.Creation)) func(*dialog.Creation) {
		return func(c *dialog.Creation) { c.Owner = dialog.Some(ann); change(c) }
	}
	asIs := func(*dialog.Creation) {}
	for _, tt := range []struct {
		reason   string
		caller   dialog.Caller
		creation dialog.Creation
		field    string // empty when it is right
	}{
		{"a group", user(ann), named(group, asIs), ""},
		{"a public group", user(ann), named(public, asIs), ""},
		{"a private dialog", user(ann), named(private, asIs), ""},
		{"no type", user(ann), named(0, asIs), "type"},
		{"an unknown type", user(ann), named(4, asIs), "type"},

		{"a group needs a name", user(ann), named(group, func(c *dialog.Creation) { c.Name.Given = false }), "name"},
		{"a public group needs a name", user(ann), named(public, func(c *dialog.Creation) { c.Name.Given = false }), "name"},
		{"a name of no characters", user(ann), named(group, func(c *dialog.Creation) { c.Name = dialog.Some("") }), "name"},
		{"a name too long", user(ann), named(group, func(c *dialog.Creation) { c.Name = dialog.Some(strings.Repeat("x", 201)) }), "name"},
		{"a photo of no characters", user(ann), named(group, func(c *dialog.Creation) { c.Photo = dialog.Some("") }), "photo"},
		{"a photo too long", user(ann), named(public, func(c *dialog.Creation) { c.Photo = dialog.Some(strings.Repeat("x", 2049)) }), "photo"},

		{"a private dialog has no name", user(ann), named(private, func(c *dialog.Creation) { c.Name = dialog.Some("x") }), "name"},
		{"a private dialog has no photo", user(ann), named(private, func(c *dialog.Creation) { c.Photo = dialog.Some("x") }), "photo"},
		{"a private dialog has no admins", user(ann), named(private, func(c *dialog.Creation) { c.Admins = ids(bob) }), "adminIds"},
		{"a private dialog needs another user", user(ann), named(private, func(c *dialog.Creation) { c.Occupants = nil }), "occupantIds"},
		{"a private dialog with oneself", user(ann), named(private, func(c *dialog.Creation) { c.Occupants = ids(ann) }), "occupantIds"},
		{"a private dialog of three", user(ann), named(private, func(c *dialog.Creation) { c.Occupants = ids(bob, cid) }), "occupantIds"},
		{"naming oneself is ignored", user(ann), named(private, func(c *dialog.Creation) { c.Occupants = ids(ann, bob, bob) }), ""},
		{"a public group keeps no list", user(ann), named(public, func(c *dialog.Creation) { c.Occupants = ids(bob) }), "occupantIds"},

		{"an admin who will be an occupant", user(ann), named(group, func(c *dialog.Creation) { c.Occupants, c.Admins = ids(bob), ids(bob) }), ""},
		{"an admin who will not", user(ann), named(group, func(c *dialog.Creation) { c.Admins = ids(bob) }), "adminIds"},
		{"anybody administers a public group", user(ann), named(public, func(c *dialog.Creation) { c.Admins = ids(bob) }), ""},
		{"naming the owner as admin is ignored", user(ann), named(group, func(c *dialog.Creation) { c.Admins = ids(ann) }), ""},
		{"an empty occupant", user(ann), named(group, func(c *dialog.Creation) { c.Occupants = ids("") }), "occupantIds"},
		{"an empty admin", user(ann), named(public, func(c *dialog.Creation) { c.Admins = ids("") }), "adminIds"},

		{"999 occupants and the owner", user(ann), named(group, func(c *dialog.Creation) { c.Occupants = many(999) }), ""},
		{"the owner among a thousand", user(ann), named(group, func(c *dialog.Creation) { c.Occupants = append(many(999), ann) }), ""},
		{"a thousand occupants and the owner", user(ann), named(group, func(c *dialog.Creation) { c.Occupants = many(1000) }), "occupantIds"},
		{"10,000 occupants", user(ann), named(group, func(c *dialog.Creation) { c.Occupants = many(10_000) }), "occupantIds"},
		{"100 admins", user(ann), named(public, func(c *dialog.Creation) { c.Admins = many(100) }), ""},
		{"100 admins and the owner, who is ignored", user(ann), named(public, func(c *dialog.Creation) { c.Admins = append(ids(ann), many(100)...) }), ""},
		{"101 admins", user(ann), named(public, func(c *dialog.Creation) { c.Admins = many(101) }), "adminIds"},

		{"a server names the owner", server(), named(group, as(asIs)), ""},
		{"a server must name the owner", server(), named(group, asIs), "ownerId"},
		{"a server names an empty owner", server(), named(group, func(c *dialog.Creation) { c.Owner = dialog.Some[dialog.UserID]("") }), "ownerId"},
		{"a user names no owner", user(ann), named(group, as(asIs)), "ownerId"},
		{"a key that acts for a user may not choose the owner", dialog.Caller{User: ann, APIKey: "backend"}, named(group, as(asIs)), "ownerId"},
		{"a server may choose the id", server(), named(group, as(func(c *dialog.Creation) { c.ID = dialog.Some(dialogID) })), ""},
		{"a user may not", user(ann), named(group, func(c *dialog.Creation) { c.ID = dialog.Some(dialogID) }), "id"},
		{"an id that is none", server(), named(group, as(func(c *dialog.Creation) { c.ID = dialog.Some("5") })), "id"},

		{"a key of no characters", user(ann), named(group, func(c *dialog.Creation) { c.IdempotencyKey = dialog.Some("") }), "idempotencyKey"},
		{"a key too long", user(ann), named(group, func(c *dialog.Creation) { c.IdempotencyKey = dialog.Some(strings.Repeat("x", 65)) }), "idempotencyKey"},
		{"an unknown class", user(ann), named(group, func(c *dialog.Creation) { c.Custom = custom("Nothing", nil) }), "customData"},
		{"a value of another type", user(ann), named(private, func(c *dialog.Creation) { c.Custom = custom("Card", map[string]any{"note": 5}) }), "customData"},
		{"custom data of 32 KiB", user(ann), named(group, func(c *dialog.Creation) {
			c.Custom = custom("Card", map[string]any{"note": strings.Repeat("x", 32<<10-2)})
		}), ""},
		{"custom data of 32 KiB and a byte", user(ann), named(group, func(c *dialog.Creation) {
			c.Custom = custom("Card", map[string]any{"note": strings.Repeat("x", 32<<10-1)})
		}), "customData"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := createPlan(t, tt.caller, tt.creation, dialog.DefaultLimits())
			if tt.field != "" {
				wantError(t, err, dialog.Invalid, tt.field)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
