package dialog_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"dialogs/dialog"
)

// everyone are the users of the property tests: few, so that they meet.
func everyone() []dialog.UserID { return ids(ann, bob, cid, dan, eve, "fay") }

// tight are limits that random changes run into.
func tight() dialog.Limits {
	l := dialog.DefaultLimits()
	l.Occupants, l.Admins, l.CustomBytes = 4, 2, 12
	return l
}

func someone(t *rapid.T, what string) dialog.UserID {
	return rapid.SampledFrom(everyone()).Draw(t, what)
}

func some(t *rapid.T, what string) []dialog.UserID {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(everyone()), 0, 3, rapid.ID).Draw(t, what)
}

// anyDialog is a valid dialog, perhaps past the limits.
func anyDialog(t *rapid.T) dialog.Dialog {
	members := rapid.Permutation(everyone()).Draw(t, "members")
	d := group(members[:rapid.IntRange(1, len(members)).Draw(t, "size")]...)
	d.Type = dialog.Type(rapid.IntRange(1, 3).Draw(t, "type"))
	d.Photo = rapid.SampledFrom([]string{"", "p"}).Draw(t, "photo")
	d.Owner = d.Occupants[rapid.IntRange(0, len(d.Occupants)-1).Draw(t, "owner")]
	for _, id := range some(t, "admins") {
		if id != d.Owner && (d.Type == dialog.PublicGroup || slices.Contains(d.Occupants, id)) {
			d.Admins = append(d.Admins, id)
		}
	}
	switch d.Type {
	case dialog.PublicGroup:
		d.Occupants = nil
	case dialog.Private:
		d.Occupants, d.Owner, d.Admins, d.Name, d.Photo = members[:2], members[0], nil, "", ""
	}
	d.History[0].Joined, d.History[0].NewAdmins = d.Occupants, d.Admins
	if note := rapid.SampledFrom([]dialog.Value{"", `""`, `"0123456789"`, `"0123456789a"`}).Draw(t, "note"); note != "" {
		d.Custom = dialog.CustomData{"Card": {"note": note}}
	}
	return d
}

func anyCaller(t *rapid.T, owner dialog.UserID) dialog.Caller {
	switch rapid.IntRange(0, 5).Draw(t, "caller") {
	case 0:
		return server()
	case 1:
		return user(owner)
	}
	return user(someone(t, "caller's id"))
}

// anyChange asks for some things at once, more often than chance would for the
// owner to go.
func anyChange(t *rapid.T, owner dialog.UserID) dialog.Change {
	var c dialog.Change
	for range rapid.IntRange(1, 3).Draw(t, "acts") {
		switch rapid.IntRange(0, 10).Draw(t, "act") {
		case 0:
			c.Name = dialog.Some(rapid.SampledFrom([]string{"Lunch", "Dinner"}).Draw(t, "name"))
		case 1:
			c.Photo = dialog.Some("p")
		case 2:
			c.ClearPhoto = true
		case 3:
			c.AddOccupants = some(t, "addOccupants")
		case 4, 5:
			c.RemoveOccupants = some(t, "removeOccupants")
		case 6:
			c.AddAdmins = some(t, "addAdmins")
		case 7:
			c.RemoveAdmins = some(t, "removeAdmins")
		case 8:
			c.NewOwner = dialog.Some(someone(t, "newOwner"))
		case 9:
			c.RemoveOccupants = ids(owner)
		case 10:
			fields := map[string]any{}
			for _, name := range []string{"note", "level"} {
				if rapid.Bool().Draw(t, name) {
					fields[name] = map[string]any{"note": rapid.SampledFrom([]any{nil, "", "01234567"}).Draw(t, "value"), "level": 5}[name]
				}
			}
			c.Custom = custom("Card", fields)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "delete") == 0 {
		return dialog.Change{Delete: true}
	}
	if rapid.IntRange(0, 9).Draw(t, "condition") == 0 {
		c.IfVersion = dialog.Some(rapid.Int64Range(1, 2).Draw(t, "ifVersion"))
	}
	return c
}

// wantValid checks what is true of every dialog.
func wantValid(t *rapid.T, d dialog.Dialog, limits dialog.Limits, before dialog.Dialog) {
	t.Helper()
	has := func(list []dialog.UserID) func(dialog.UserID) bool {
		return func(id dialog.UserID) bool { return slices.Contains(list, id) }
	}
	all := func(list []dialog.UserID, ok func(dialog.UserID) bool) bool {
		return !slices.ContainsFunc(list, func(id dialog.UserID) bool { return !ok(id) })
	}
	twice := func(list []dialog.UserID) bool { return len(asSet(list)) != len(list) }
	for _, check := range []struct {
		sentence string
		holds    bool
	}{
		{"there is an owner", d.Owner != ""},
		{"the owner of a group is an occupant", d.Type != dialog.Group || d.Deleted || has(d.Occupants)(d.Owner)},
		{"the admins of a group are occupants", d.Type != dialog.Group || all(d.Admins, has(d.Occupants))},
		{"the owner is not among the admins", !has(d.Admins)(d.Owner)},
		{"nobody is in twice", !twice(d.Occupants) && !twice(d.Admins)},
		{"a group without occupants is deleted", d.Type != dialog.Group || d.Deleted || len(d.Occupants) > 0},
		{"a public group has no occupants", d.Type != dialog.PublicGroup || len(d.Occupants) == 0},
		{"a private dialog has two, and no admins", d.Type != dialog.Private || len(d.Occupants) == 2 && len(d.Admins) == 0},
		{"no limit is passed any farther", len(d.Occupants) <= max(limits.Occupants, len(before.Occupants)) &&
			len(d.Admins) <= max(limits.Admins, len(before.Admins)) &&
			d.Custom.Bytes() <= max(limits.CustomBytes, before.Custom.Bytes())},
		{"no class is without fields", !slices.ContainsFunc(slices.Collect(maps.Values(d.Custom)), func(fields map[string]dialog.Value) bool {
			return len(fields) == 0
		})},
		{"updatedAt does not go back", !d.UpdatedAt.Before(before.UpdatedAt)},
		{"what never changes did not", d.ID == before.ID && d.Type == before.Type && d.CreatedAt.Equal(before.CreatedAt)},
	} {
		if !check.holds {
			t.Errorf("%s: but %+v", check.sentence, d)
		}
	}
}

func asSet(list []dialog.UserID) map[dialog.UserID]bool {
	set := map[dialog.UserID]bool{}
	for _, id := range list {
		set[id] = true
	}
	return set
}

// wantDone checks that what was asked for is so now, and nothing else is.
func wantDone(t *rapid.T, p dialog.Plan, before, after dialog.Dialog, r *dialog.Record) {
	t.Helper()
	for _, id := range p.AddOccupants {
		if !slices.Contains(after.Occupants, id) {
			t.Errorf("%s was to come in", id)
		}
	}
	for _, id := range p.RemoveOccupants {
		if slices.Contains(after.Occupants, id) {
			t.Errorf("%s was to go", id)
		}
	}
	for _, id := range p.AddAdmins {
		if !slices.Contains(after.Admins, id) && after.Owner != id {
			t.Errorf("%s was to be admin", id)
		}
	}
	for _, id := range p.RemoveAdmins {
		if slices.Contains(after.Admins, id) {
			t.Errorf("%s was to be no admin", id)
		}
	}
	if p.NewOwner != "" && after.Owner != p.NewOwner {
		t.Errorf("%s was to own", p.NewOwner)
	}
	if p.Name.Given && after.Name != p.Name.Value || p.Photo.Given && after.Photo != p.Photo.Value {
		t.Errorf("name %q and photo %q are not as asked for", after.Name, after.Photo)
	}
	for _, c := range p.Custom {
		if after.Custom[c.Class][c.Field] != c.Value {
			t.Errorf("%s.%s is %q", c.Class, c.Field, after.Custom[c.Class][c.Field])
		}
	}
	for _, list := range [][2][]dialog.UserID{{before.Occupants, after.Occupants}, {before.Admins, after.Admins}} {
		stayed := func(in []dialog.UserID) func(dialog.UserID) bool {
			return func(id dialog.UserID) bool { return !slices.Contains(in, id) }
		}
		old := slices.DeleteFunc(slices.Clone(list[0]), stayed(list[1]))
		if kept := slices.DeleteFunc(slices.Clone(list[1]), stayed(list[0])); !slices.Equal(old, kept) {
			t.Errorf("those who stayed went from the order %v to %v", old, kept)
		}
	}
	if r == nil {
		return
	}
	changed := map[dialog.Aspect]bool{
		dialog.AspectName: before.Name != after.Name, dialog.AspectPhoto: before.Photo != after.Photo,
		dialog.AspectOccupants:  !slices.Equal(before.Occupants, after.Occupants),
		dialog.AspectAdmins:     !slices.Equal(before.Admins, after.Admins),
		dialog.AspectOwner:      before.Owner != after.Owner,
		dialog.AspectCustomData: !cmp.Equal(before.Custom, after.Custom),
	}
	for aspect, did := range changed {
		if r.Kind == dialog.Updated && slices.Contains(r.Changed, aspect) != did {
			t.Errorf("aspect %d changed: %t, but the record says %v", aspect, did, r.Changed)
		}
	}
}

// copyOf is a copy that shares nothing.
func copyOf(d dialog.Dialog) dialog.Dialog {
	d.Occupants, d.Admins, d.History = slices.Clone(d.Occupants), slices.Clone(d.Admins), slices.Clone(d.History)
	custom := d.Custom
	d.Custom = maps.Clone(custom)
	for class, fields := range custom {
		d.Custom[class] = maps.Clone(fields)
	}
	return d
}

// scribble overwrites all of a dialog that could be shared with another.
func scribble(d dialog.Dialog) {
	for _, list := range [][]dialog.UserID{d.Occupants[:cap(d.Occupants)], d.Admins[:cap(d.Admins)]} {
		for i := range list {
			list[i] = "scribbled"
		}
	}
	for i := range d.History[:cap(d.History)] {
		d.History[:cap(d.History)][i] = dialog.Record{Name: "scribbled"}
	}
	for _, fields := range d.Custom {
		fields["scribbled"] = "1"
	}
	if d.Custom != nil {
		d.Custom["Scribbled"] = nil
	}
}

// TestDecide: for any change of any dialog, the result is a
// valid dialog, one version on with one record that tells the difference; and
// what was decided on is untouched.
func TestDecide(t *testing.T) {
	came := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		current := anyDialog(t)
		for range 30 {
			came[tryToDecide(t, current)]++
		}
	})
	for _, what := range []string{"misshapen", "refused", "unchanged", "changed", "deleted"} {
		if came[what] == 0 {
			t.Errorf("no random change was ever %s: %v", what, came)
		}
	}
}

// tryToDecide checks one random change of the dialog, and tells what came of it.
func tryToDecide(t *rapid.T, current dialog.Dialog) string {
	caller, limits := anyCaller(t, current.Owner), tight()
	p, err := plan(t, caller, anyChange(t, current.Owner), limits)
	if err != nil {
		return "misshapen"
	}
	original := copyOf(current)
	out, err := p.Decide(current)
	if diff := cmp.Diff(original, current); diff != "" {
		t.Fatalf("Decide changed its input (-before +after):\n%s", diff)
	}
	again, err2 := p.Decide(current)
	if !cmp.Equal(out, again) || (err == nil) != (err2 == nil) {
		t.Fatalf("Decide decides one thing and then another: %s", cmp.Diff(out, again))
	}
	wantRequired(t, p, current, err)
	if err != nil {
		if !dialog.IsCode(err, dialog.Forbidden) && !dialog.IsCode(err, dialog.Invalid) && !dialog.IsCode(err, dialog.Conflict) {
			t.Fatalf("an undocumented failure: %v", err)
		}
		return "refused"
	}
	next := out.Dialog
	wantValid(t, next, limits, current)
	wantDone(t, p, current, next, out.Change)
	if out.Change == nil {
		if !cmp.Equal(next, current) || out.Replayed {
			t.Fatalf("without a record the dialog changed: %s", cmp.Diff(current, next))
		}
		return "unchanged"
	}
	if next.Version != current.Version+1 || out.Change.Version != next.Version {
		t.Errorf("from version %d to %d with a record of %d", current.Version, next.Version, out.Change.Version)
	}
	if n := len(next.History); n != len(current.History)+1 || !cmp.Equal(next.History[n-1], *out.Change) {
		t.Errorf("the history does not end with the record: %v", next.History)
	}
	if diff := cmp.Diff(membershipOf(current), membershipOf(next).walkBack(*out.Change)); diff != "" {
		t.Errorf("walking back gives another state (-before +walked):\n%s", diff)
	}
	wantRepeatable(t, p, next)
	scribble(next)
	if diff := cmp.Diff(original, current); diff != "" {
		t.Fatalf("the new dialog shares memory with the old one (-before +after):\n%s", diff)
	}
	if next.Deleted {
		return "deleted"
	}
	return "changed"
}

// wantRepeatable repeats a change: everyone who may make it finds it done.
func wantRepeatable(t *rapid.T, p dialog.Plan, done dialog.Dialog) {
	t.Helper()
	p.Caller, p.IfVersion = server(), dialog.Optional[int64]{}
	out, err := p.Decide(done)
	switch {
	case done.Deleted && !dialog.IsCode(err, dialog.NotFound):
		t.Errorf("a deleted dialog was found: %v, %v", out, err)
	case !done.Deleted && (err != nil || out.Change != nil):
		t.Errorf("the same again came to %+v, %v", out.Change, err)
	}
}

// wantRequired: the table as compiled for engines says what Decide said, where
// it claims to.
func wantRequired(t *rapid.T, p dialog.Plan, current dialog.Dialog, err error) {
	t.Helper()
	special := slices.Contains(p.RemoveAdmins, p.Caller.User)
	for _, id := range p.RemoveOccupants {
		special = special || id != p.Caller.User && (id == current.Owner || slices.Contains(current.Admins, id))
	}
	if special {
		return
	}
	sets, wellFormed := p.Required(current.Type)
	roles, holdsAll := current.Roles(p.Caller), true
	for _, set := range sets {
		holdsAll = holdsAll && roles&set != 0
	}
	switch {
	case wellFormed && holdsAll:
		if dialog.IsCode(err, dialog.Forbidden) {
			t.Errorf("Required would allow what Decide refuses: %v", err)
		}
	case wellFormed:
		if !dialog.IsCode(err, dialog.Forbidden) {
			t.Errorf("Required would refuse what Decide answers with %v", err)
		}
	default:
		if !dialog.IsCode(err, dialog.Forbidden) && !dialog.IsCode(err, dialog.Invalid) {
			t.Errorf("Required has no answer to what Decide answers with %v", err)
		}
	}
}
