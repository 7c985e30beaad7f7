package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"dialogs/dialog"
)

// lookalikes are different users, however a database may fold, trim,
// normalize, convert or read text.
func lookalikes() []dialog.UserID {
	long := strings.Repeat("x", dialog.MaxUserIDBytes-1)
	return []dialog.UserID{
		"a", "A", "a ", " a", "\ta", "a\n", "\uff41", "\u0430", "\u00e1", "a\u0301", "\u00e1\u200b", "aa",
		"ss", "\u00df", "\u1e9e", "SS", "i", "I", "\u0131", "\u0130", "i\u0307", "\ufb01", "fi",
		"\u03a3", "\u03c3", "\u03c2", "K", "k", "\u212a",
		"0", "-0", "1", "01", "1.0", "1e0", "+1", "\u0661", "\u00b9", "9007199254740993", "9007199254740992",
		"null", "NULL", "true", "NaN", "{}", "[]", `"a"`, "'a'", `\`, `\\`, `a\u0301`, "%", "_", "a%", "a_", "*", "?", "a*",
		"$a", "a.b", "$where", "_id", "--", "/*", "; drop table dialog",
		"\x01", "\x7f", "\u0080", "\u2028", "\ufeffa", "\ufffd", "\U0001f600", "\U0001f601",
		dialog.UserID(long), dialog.UserID(long + "x"), dialog.UserID(long + "X"),
	}
}

func testIDs(e *env) {
	users := lookalikes()
	own := map[dialog.UserID]dialog.ID{}
	for _, u := range users {
		own[u] = e.group(u).ID
	}
	all := e.group("founder", users...)
	e.same(e.read(all.ID).Occupants, append([]dialog.UserID{"founder"}, users...), "occupants that look alike")
	order := dialog.Order{Field: dialog.ByCreatedAt}
	for _, u := range users {
		e.same(e.read(own[u]).Owner, u, "the owner")
		want := sorted(own[u], all.ID)
		for what, q := range map[string]dialog.Query{
			"dialogs of":              {User: u, Scope: dialog.Mine},
			"visible dialogs of":      {User: u, Scope: dialog.Visible},
			"dialogs with occupant":   {Scope: dialog.Mine, Filter: dialog.Filter{Occupants: []dialog.UserID{u}}},
			"dialogs they share with": {User: "founder", Scope: dialog.Mine, Filter: dialog.Filter{Occupants: []dialog.UserID{u}}},
		} {
			q.Order, q.Limit = order, 10
			want := want
			if q.User == "founder" {
				want = want[:0:0]
				want = append(want, all.ID)
			}
			e.same(sorted(e.query(q)...), want, fmt.Sprintf("%s %q", what, u))
		}
		got := e.query(dialog.Query{Scope: dialog.Mine, Order: order, Limit: 10, Filter: dialog.Filter{Owner: u}})
		e.same(got, []dialog.ID{own[u]}, fmt.Sprintf("dialogs owned by %q", u))
	}
	e.update(user("founder"), all.ID, dialog.Change{AddAdmins: users})
	e.same(e.read(all.ID).Admins, users, "admins that look alike")
	e.update(user("founder"), all.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"a"}, RemoveAdmins: []dialog.UserID{"A"}})
	got := e.read(all.ID)
	e.same(got.Occupants, append([]dialog.UserID{"founder"}, users[1:]...), "occupants without one of those that look alike")
	e.same(got.Admins, users[2:], "admins without two of those that look alike")
	e.same(e.query(dialog.Query{User: "a", Scope: dialog.Mine, Order: order, Limit: 10}), []dialog.ID{own["a"]}, "dialogs of the one who left")

	pairs := map[dialog.ID]bool{}
	for _, u := range users {
		pairs[e.private("founder", u).ID] = true
	}
	pairs[e.private("x\x01y", "z").ID] = true
	pairs[e.private("x", "\x01yz").ID] = true
	if len(pairs) != len(users)+2 {
		e.Errorf("%d private dialogs of %d pairs that look alike", len(pairs), len(users)+2)
	}

	change := dialog.Change{Name: dialog.Some("x")}
	created := map[dialog.ID]bool{}
	for _, u := range users {
		if len(u) > dialog.MaxKeyLength {
			continue
		}
		key := dialog.Some(string(u))
		change.IdempotencyKey = key
		change.Name.Value = fmt.Sprintf("renamed %d", len(created))
		if out := e.update(user("founder"), all.ID, change); out.Replayed {
			e.Errorf("the update's key %q was taken for another", u)
		}
		d := e.create(user("founder"), dialog.Creation{Type: dialog.Group, Name: dialog.Some("x"), IdempotencyKey: key})
		created[d.ID] = true
	}
}

func sorted(ids ...dialog.ID) []dialog.ID {
	slices.Sort(ids)
	return ids
}

func testTexts(e *env) {
	texts := []string{
		"x", "X", " x ", "\u00e9", "e\u0301", "\u200bx", "a'b", `a"b`, `a\b`, `a\u0041`, "<&>", "%_*?", "{}", "\u2028x\u2029", "\ufffd", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
		"$name", "a.b", "0x41", "1e3", "null", strings.Repeat("\U0001f600", 200), strings.Repeat("\u0149", 200),
	}
	d := e.public("owner", "first")
	for _, text := range texts {
		e.update(user("owner"), d.ID, dialog.Change{Name: dialog.Some(text), Photo: dialog.Some(text + "\n\t")})
		got := e.read(d.ID)
		e.same([]string{got.Name, got.Photo, got.History[len(got.History)-1].Name}, []string{text, text + "\n\t", text}, "a name, a photo and the record")
	}
}

func testCustomValues(e *env) {
	e.classes()
	text := "quote \" slash \\ / tab \t <&> \u2028 \u00e9 e\u0301 \U0001f600 \x01 \x7f $a.b"
	integer := json.Number("9007199254740991")
	fields := map[string]any{
		"flag": false, "flags": []any{true, false, true},
		"count": integer, "counts": []any{json.Number("-9007199254740991"), json.Number("0"), json.Number("5e2"), json.Number("-0")},
		"ratio": 0.1, "ratios": []any{math.MaxFloat64, math.SmallestNonzeroFloat64, -1e21, 1e-7, 100.0, 3.0, math.Copysign(0, -1), 1.0 / 3},
		"text": text, "texts": []any{"", " ", "null", "1", `\u0041`, text},
		"due": "2026-03-29T02:30:00.123456+02:00", "dues": []any{"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"},
		"place": []any{-180.0, 90.0}, "places": []any{[]any{0.1, -0.2}, []any{180.0, -90.0}},
	}
	made := e.create(user("owner"), dialog.Creation{
		Type: dialog.Group, Name: dialog.Some("x"), Custom: append(custom("Task", fields), custom("Room", fields)...),
	})
	got := e.read(made.ID)
	e.same(got.Custom, made.Custom, "custom values as they were answered and as they are read")
	e.same(got.Custom["Task"]["counts"], dialog.Value("[-9007199254740991,0,500,0]"), "integers")
	e.same(got.Custom["Task"]["due"], dialog.Value(`"2026-03-29T00:30:00.123Z"`), "an instant")
	e.same(len(got.Custom["Room"]), len(fields), "fields of the other class")

	removed := maps2(fields, func(string, any) any { return nil })
	delete(removed, "text")
	e.update(user("owner"), made.ID, dialog.Change{Custom: append(custom("Task", removed), custom("Room", map[string]any{"flag": true})...)})
	got = e.read(made.ID)
	e.same(got.Custom["Task"], map[string]dialog.Value{"text": made.Custom["Task"]["text"]}, "what is left of the class")
	want := maps2(made.Custom["Room"], func(name string, v dialog.Value) dialog.Value {
		if name == "flag" {
			return "true"
		}
		return v
	})
	e.same(got.Custom["Room"], want, "the class of which one field was set")
}

func maps2[V any](m map[string]V, f func(string, V) V) map[string]V {
	n := make(map[string]V, len(m))
	for k, v := range m {
		n[k] = f(k, v)
	}
	return n
}

// testBig fills a dialog up to all of its limits: an engine must not have lower
// ones.
func testBig(e *env) {
	e.classes()
	limits := dialog.DefaultLimits()
	people := make([]dialog.UserID, limits.Occupants-1)
	for i := range people {
		people[i] = dialog.UserID(fmt.Sprintf("%0*d", dialog.MaxUserIDBytes, i))
	}
	d := e.create(server(), dialog.Creation{
		Type: dialog.Group, Owner: dialog.Some[dialog.UserID]("owner"),
		Name: dialog.Some(strings.Repeat("\U0001f600", limits.NameLength)), Photo: dialog.Some(strings.Repeat("p", limits.PhotoBytes)),
		Occupants: people, Admins: people[:limits.Admins],
		Custom: custom("Task", map[string]any{"text": strings.Repeat("\u0001", (limits.CustomBytes-2)/6)}),
	})
	e.alike(e.read(d.ID), d, "a dialog at all limits")
	for n := range int64(dialog.HistoryKept) {
		// Each record is as large as can be: 100 people leave and 100 come.
		half := people[:limits.IDsPerList]
		change := dialog.Change{RemoveOccupants: half, IfVersion: dialog.Some(n + 1)}
		if n%2 == 1 {
			change = dialog.Change{AddOccupants: half, IfVersion: dialog.Some(n + 1)}
		}
		d = e.update(user("owner"), d.ID, change).Dialog
	}
	e.alike(e.read(d.ID), d, "a big dialog with a full history")
	e.same(e.query(dialog.Query{User: people[500], Scope: dialog.Mine, Order: orders()[4], Limit: 5}), []dialog.ID{d.ID}, "the list of one of its people")
	e.update(user("owner"), d.ID, dialog.Change{Delete: true})
	e.gone(d.ID)
}
