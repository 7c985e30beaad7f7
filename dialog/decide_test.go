package dialog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
)

// decide makes the plan of a change and decides on it.
func decide(t testing.TB, c dialog.Caller, current dialog.Dialog, change dialog.Change) (dialog.Outcome, error) {
	t.Helper()
	return mustPlan(t, c, change).Decide(current)
}

func mustDecide(t testing.TB, c dialog.Caller, current dialog.Dialog, change dialog.Change) dialog.Outcome {
	t.Helper()
	out, err := decide(t, c, current, change)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// full is a Group with all that a dialog can have.
func full() dialog.Dialog {
	d := group(ann, bob, cid, dan)
	d.Photo, d.Admins = "https://photos.example/lunch", ids(bob)
	d.Custom = dialog.CustomData{"Card": {"note": `"as it was"`, "level": "1"}}
	return d
}

func TestWhatChanged(t *testing.T) {
	base := dialog.Record{
		Version: 2, Kind: dialog.Updated, Actor: dialog.Actor{APIKey: "backend"}, At: noon(),
	}
	for _, tt := range []struct {
		reason string
		change dialog.Change
		record func(*dialog.Record)
		next   func(*dialog.Dialog)
	}{
		{
			"everything at once, in one version",
			dialog.Change{
				Name: dialog.Some("Dinner"), Photo: dialog.Some("p"), AddOccupants: ids(eve), RemoveOccupants: ids(cid),
				AddAdmins: ids(eve), RemoveAdmins: ids(bob), NewOwner: dialog.Some(dan),
				Custom: custom("Card", map[string]any{"note": nil, "level": 2, "open": true}),
			},
			func(r *dialog.Record) {
				r.Changed = []dialog.Aspect{
					dialog.AspectName, dialog.AspectPhoto, dialog.AspectOccupants, dialog.AspectAdmins, dialog.AspectOwner, dialog.AspectCustomData,
				}
				r.Name, r.Joined, r.Left, r.NewAdmins, r.LostAdmins = "Dinner", ids(eve), ids(cid), ids(eve), ids(bob)
				r.NewOwner, r.OldOwner = dan, ann
			},
			func(d *dialog.Dialog) {
				d.Name, d.Photo, d.Occupants, d.Admins, d.Owner = "Dinner", "p", ids(ann, bob, dan, eve), ids(eve), dan
				d.Custom = dialog.CustomData{"Card": {"level": "2", "open": "true"}}
			},
		},
		{
			"only what differs is told of",
			dialog.Change{
				Name: dialog.Some("Lunch"), ClearPhoto: true, AddOccupants: ids(bob, eve, ann), RemoveOccupants: ids("nobody", cid),
				AddAdmins: ids(bob, ann), RemoveAdmins: ids(dan), Custom: custom("Card", map[string]any{"level": 1.0}),
			},
			func(r *dialog.Record) {
				r.Changed = []dialog.Aspect{dialog.AspectPhoto, dialog.AspectOccupants}
				r.Joined, r.Left = ids(eve), ids(cid)
			},
			func(d *dialog.Dialog) { d.Photo, d.Occupants = "", ids(ann, bob, dan, eve) },
		},
		{
			"who joins and who leaves does so in the order asked for",
			dialog.Change{AddOccupants: ids("z", "a", "z", "m"), RemoveOccupants: ids(dan, cid)},
			func(r *dialog.Record) {
				r.Changed, r.Joined, r.Left = []dialog.Aspect{dialog.AspectOccupants}, ids("z", "a", "m"), ids(dan, cid)
			},
			func(d *dialog.Dialog) { d.Occupants = ids(ann, bob, "z", "a", "m") },
		},
		{
			"an occupant who goes is not an admin any more",
			dialog.Change{RemoveOccupants: ids(bob)},
			func(r *dialog.Record) {
				r.Changed, r.Left, r.LostAdmins = []dialog.Aspect{dialog.AspectOccupants, dialog.AspectAdmins}, ids(bob), ids(bob)
			},
			func(d *dialog.Dialog) { d.Occupants, d.Admins = ids(ann, cid, dan), nil },
		},
		{
			"a newcomer may be admin at once",
			dialog.Change{AddOccupants: ids(eve), AddAdmins: ids(eve)},
			func(r *dialog.Record) {
				r.Changed, r.Joined, r.NewAdmins = []dialog.Aspect{dialog.AspectOccupants, dialog.AspectAdmins}, ids(eve), ids(eve)
			},
			func(d *dialog.Dialog) { d.Occupants, d.Admins = ids(ann, bob, cid, dan, eve), ids(bob, eve) },
		},
		{
			"a class whose last field goes is gone, and with it the data",
			dialog.Change{Custom: custom("Card", map[string]any{"note": nil, "level": nil, "open": nil})},
			func(r *dialog.Record) { r.Changed = []dialog.Aspect{dialog.AspectCustomData} },
			func(d *dialog.Dialog) { d.Custom = nil },
		},
		{
			"setting one field leaves the others",
			dialog.Change{Custom: custom("Card", map[string]any{"open": false})},
			func(r *dialog.Record) { r.Changed = []dialog.Aspect{dialog.AspectCustomData} },
			func(d *dialog.Dialog) {
				d.Custom = dialog.CustomData{"Card": {"note": `"as it was"`, "level": "1", "open": "false"}}
			},
		},
		{
			"deleting tells of nothing else, and who was in stays known",
			dialog.Change{Delete: true},
			func(r *dialog.Record) { r.Kind = dialog.Deleted },
			func(d *dialog.Dialog) { d.Deleted, d.ForgetAt = true, noon().Add(dialog.DefaultSyncKept) },
		},
		{
			"a group whose last occupant goes is deleted",
			dialog.Change{RemoveOccupants: ids(dan, cid, bob, ann), Name: dialog.Some("Closed")},
			func(r *dialog.Record) {
				r.Kind, r.Left, r.LostAdmins = dialog.Deleted, ids(dan, cid, bob, ann), ids(bob)
			},
			func(d *dialog.Dialog) {
				d.Name, d.Occupants, d.Admins, d.Deleted = "Closed", nil, nil, true
				d.ForgetAt = noon().Add(dialog.DefaultSyncKept)
			},
		},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			record, next := base, full()
			tt.record(&record)
			tt.next(&next)
			next.Version, next.UpdatedAt, next.History = 2, noon(), append(next.History, record)
			out := mustDecide(t, server(), full(), tt.change)
			wantEqual(t, "outcome", out, dialog.Outcome{Dialog: next, Change: &record})
		})
	}
}

// TestLargeGroups: what is true for a few people is true for as many as there may
// be.
func TestLargeGroups(t *testing.T) {
	members := many(1099) // u0 to u998 are in, u999 to u1098 are not
	current := group(append(ids(ann), members[:999]...)...)
	current.Admins = members[:100]
	current.History[0].NewAdmins = current.Admins

	out := mustDecide(t, user(ann), current, dialog.Change{
		AddOccupants: append(members[999:1049:1049], members[100:150]...), RemoveOccupants: append(members[50:100:100], members[1049:]...),
		AddAdmins: append(members[980:1030:1030], members[:50]...),
	})
	record := dialog.Record{
		Version: 2, Kind: dialog.Updated, Actor: dialog.Actor{User: ann}, At: noon(),
		Changed: []dialog.Aspect{dialog.AspectOccupants, dialog.AspectAdmins},
		Joined:  members[999:1049], Left: members[50:100], NewAdmins: members[980:1030], LostAdmins: members[50:100],
	}
	wantEqual(t, "record", *out.Change, record)
	wantEqual(t, "occupants", out.Dialog.Occupants, slices.Concat(ids(ann), members[:50], members[100:1049]))
	wantEqual(t, "admins", out.Dialog.Admins, slices.Concat(members[:50], members[980:1030]))

	_, err := decide(t, user(ann), current, dialog.Change{AddOccupants: members[999:1000]})
	wantError(t, err, dialog.Invalid, "addOccupants")
	_, err = decide(t, user(ann), current, dialog.Change{AddAdmins: members[950:1050]})
	wantError(t, err, dialog.Invalid, "addAdmins")
}

// TestNothingChanged: a change that changes nothing leaves the dialog as it is,
// does not use up its key, and still needs permission.
func TestNothingChanged(t *testing.T) {
	for _, tt := range []struct {
		reason string
		change dialog.Change
	}{
		{"the name", dialog.Change{Name: dialog.Some("Lunch")}},
		{"the photo", dialog.Change{Photo: dialog.Some("https://photos.example/lunch")}},
		{"occupants who are in", dialog.Change{AddOccupants: ids(bob, ann)}},
		{"occupants who are not", dialog.Change{RemoveOccupants: ids(eve)}},
		{"an admin", dialog.Change{AddAdmins: ids(bob)}},
		{"the owner as admin", dialog.Change{AddAdmins: ids(ann)}},
		{"one who is not an admin", dialog.Change{RemoveAdmins: ids(cid, ann, eve)}},
		{"the owner", dialog.Change{NewOwner: dialog.Some(ann)}},
		{"custom data, spelt otherwise", dialog.Change{Custom: custom("Card", map[string]any{"level": 1.0, "note": "as it was"})}},
		{"custom data that is not there", dialog.Change{Custom: custom("Card", map[string]any{"open": nil})}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			tt.change.IdempotencyKey, tt.change.IfVersion = dialog.Some("once"), dialog.Some[int64](1)
			out := mustDecide(t, user(ann), full(), tt.change)
			wantEqual(t, "outcome", out, dialog.Outcome{Dialog: full()})
		})
	}
}

func TestLimitsJudgeWhatIsAdded(t *testing.T) {
	limits := dialog.DefaultLimits()
	limits.Occupants, limits.Admins, limits.CustomBytes = 4, 1, 10
	atLimit := func() dialog.Dialog {
		d := group(ann, bob, cid, dan)
		d.Admins, d.Custom = ids(bob), dialog.CustomData{"Card": {"note": `"12345678"`}}
		return d
	}
	past := func() dialog.Dialog { // as when the limits were higher
		d := group(ann, bob, cid, dan, eve)
		d.Admins, d.Custom = ids(bob, cid), dialog.CustomData{"Card": {"note": `"0123456789"`}}
		return d
	}
	note := func(v any) dialog.Change { return dialog.Change{Custom: custom("Card", map[string]any{"note": v})} }
	for _, tt := range []struct {
		reason  string
		current dialog.Dialog
		change  dialog.Change
		field   string // empty when it is right
	}{
		{"one occupant more than may be", atLimit(), dialog.Change{AddOccupants: ids(eve)}, "addOccupants"},
		{"a member counts once", atLimit(), dialog.Change{AddOccupants: ids(dan)}, ""},
		{"one for another", atLimit(), dialog.Change{AddOccupants: ids(eve), RemoveOccupants: ids(dan)}, ""},
		{"one admin more than may be", atLimit(), dialog.Change{AddAdmins: ids(cid)}, "addAdmins"},
		{"one admin for another", atLimit(), dialog.Change{AddAdmins: ids(cid), RemoveAdmins: ids(bob)}, ""},
		{"one admin for another who becomes owner", atLimit(), dialog.Change{AddAdmins: ids(cid), NewOwner: dialog.Some(bob)}, ""},
		{"one byte more than may be", atLimit(), note("123456789"), "customData"},
		{"another field", atLimit(), dialog.Change{Custom: custom("Card", map[string]any{"level": 1})}, "customData"},
		{"as many bytes", atLimit(), note("abcdefgh"), ""},

		{"renaming a dialog that is past every limit", past(), dialog.Change{Name: dialog.Some("x")}, ""},
		{"one occupant less, still too many", past(), dialog.Change{RemoveOccupants: ids(eve)}, ""},
		{"one for another, still too many", past(), dialog.Change{AddOccupants: ids("fay"), RemoveOccupants: ids(eve)}, ""},
		{"one occupant more", past(), dialog.Change{AddOccupants: ids("fay")}, "addOccupants"},
		{"one admin less, still too many", past(), dialog.Change{RemoveAdmins: ids(bob)}, ""},
		{"one admin more", past(), dialog.Change{AddAdmins: ids(dan)}, "addAdmins"},
		{"a byte less, still too many", past(), note("123456789"), ""},
		{"a byte more", past(), note("0123456789a"), "customData"},
		{"deleting", past(), dialog.Change{Delete: true}, ""},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			p, err := plan(t, user(ann), tt.change, limits)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Decide(tt.current)
			if tt.field != "" {
				wantError(t, err, dialog.Invalid, tt.field)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoCanBeNamed(t *testing.T) {
	public := full()
	public.Type, public.Occupants = dialog.PublicGroup, nil
	for _, tt := range []struct {
		reason  string
		current dialog.Dialog
		change  dialog.Change
		field   string // empty when it is right
	}{
		{"an occupant as admin", full(), dialog.Change{AddAdmins: ids(cid)}, ""},
		{"a newcomer as admin", full(), dialog.Change{AddAdmins: ids(eve), AddOccupants: ids(eve)}, ""},
		{"somebody outside as admin", full(), dialog.Change{AddAdmins: ids(cid, eve)}, "addAdmins"},
		{"an occupant as owner", full(), dialog.Change{NewOwner: dialog.Some(cid)}, ""},
		{"somebody outside as owner", full(), dialog.Change{NewOwner: dialog.Some(eve)}, "newOwnerId"},
		{"somebody outside as both", full(), dialog.Change{NewOwner: dialog.Some(eve), AddAdmins: ids(eve)}, "newOwnerId"},
		{"an admin when nobody will be left", group(ann), dialog.Change{RemoveOccupants: ids(ann), AddAdmins: ids(eve)}, "addAdmins"},
		{"an owner when nobody will be left", group(ann), dialog.Change{RemoveOccupants: ids(ann), NewOwner: dialog.Some(eve)}, "newOwnerId"},
		{"anybody as admin of a public group", public, dialog.Change{AddAdmins: ids(eve)}, ""},
		{"anybody as owner of a public group", public, dialog.Change{NewOwner: dialog.Some(eve)}, ""},
	} {
		_, err := decide(t, user(ann), tt.current, tt.change)
		if tt.field != "" {
			wantError(t, err, dialog.Invalid, tt.field)
		} else if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
	}
}

func TestIfVersion(t *testing.T) {
	current := full()
	current.Version = 7
	if _, err := decide(t, user(ann), current, dialog.Change{Name: dialog.Some("x"), IfVersion: dialog.Some[int64](7)}); err != nil {
		t.Error(err)
	}
	for _, version := range []int64{6, 8, 0, -1} {
		_, err := decide(t, user(ann), current, dialog.Change{Name: dialog.Some("x"), IfVersion: dialog.Some(version)})
		wantError(t, err, dialog.Conflict, "ifVersion")
		var e *dialog.Error
		if errors.As(err, &e) && e.CurrentVersion != 7 {
			t.Errorf("the conflict says version %d, want 7", e.CurrentVersion)
		}
	}
}

// TestReplays repeats, with the key, what ann did: a rename to Dinner.
func TestReplays(t *testing.T) {
	rename := func(name string) dialog.Change {
		return dialog.Change{Name: dialog.Some(name), IdempotencyKey: dialog.Some("once")}
	}
	done := mustDecide(t, user(ann), full(), rename("Dinner"))
	later := mustDecide(t, user(bob), done.Dialog, dialog.Change{Name: dialog.Some("Supper")}).Dialog
	gone := mustDecide(t, user(ann), later, dialog.Change{Delete: true}).Dialog
	busy := later
	for i := range dialog.HistoryKept - 2 {
		busy = mustDecide(t, user(bob), busy, dialog.Change{Name: dialog.Some(strings.Repeat("x", i+1))}).Dialog
	}
	busier := mustDecide(t, user(bob), busy, dialog.Change{Name: dialog.Some("y")}).Dialog
	server2 := dialog.Caller{APIKey: "other"}
	doneByServer := mustDecide(t, server(), full(), rename("Dinner")).Dialog

	for _, tt := range []struct {
		reason  string
		caller  dialog.Caller
		current dialog.Dialog
		change  dialog.Change
		want    string // replayed, done, used or what else the change comes to
	}{
		{"the same again", user(ann), done.Dialog, rename("Dinner"), "replayed"},
		{"after another change", user(ann), later, rename("Dinner"), "replayed"},
		{"of a dialog that is deleted", user(ann), gone, rename("Dinner"), "replayed"},
		{"ann is one actor however ann signed in", dialog.Caller{User: ann, APIKey: "backend"}, later, rename("Dinner"), "replayed"},
		{"as the last of the records that are kept", user(ann), busy, rename("Dinner"), "replayed"},
		{"past the records that are kept it is done again", user(ann), busier, rename("Dinner"), "done"},
		{"another input", user(ann), later, rename("Lunch"), "used"},
		{"another condition", user(ann), later, dialog.Change{
			Name: dialog.Some("Dinner"), IdempotencyKey: dialog.Some("once"), IfVersion: dialog.Some[int64](1),
		}, "used"},
		{"a deletion with it", user(ann), later, dialog.Change{Delete: true, IdempotencyKey: dialog.Some("once")}, "used"},
		{"another actor's key", user(bob), later, rename("Dinner"), "done"},
		{"another key", user(ann), later, dialog.Change{Name: dialog.Some("Dinner"), IdempotencyKey: dialog.Some("twice")}, "done"},
		{"no key", user(ann), later, dialog.Change{Name: dialog.Some("Dinner")}, "done"},
		{"a server's key", server(), doneByServer, rename("Dinner"), "replayed"},
		{"another server's key", server2, doneByServer, rename("Dinner"), "unchanged"},
		{"a server is not the user it acts for", dialog.Caller{User: ann, APIKey: "backend"}, doneByServer, rename("Dinner"), "unchanged"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			out, err := decide(t, tt.caller, tt.current, tt.change)
			if tt.want == "used" {
				wantError(t, err, dialog.Invalid, "idempotencyKey")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := "done"
			switch {
			case out.Replayed:
				got = "replayed"
				wantEqual(t, "the dialog of a replay", out.Dialog, tt.current)
				wantEqual(t, "the change of a replay", out.Change.Name, "Dinner")
				wantEqual(t, "its version", out.Change.Version, int64(2))
			case out.Change == nil:
				got = "unchanged"
			}
			wantEqual(t, "what became of it", got, tt.want)
		})
	}
}

// TestClocks: updatedAt never goes back, and instants are whole milliseconds
// of UTC.
func TestClocks(t *testing.T) {
	current := full()
	for _, tt := range []struct {
		reason        string
		now           time.Time
		at, updatedAt time.Time
	}{
		{"a clock of another zone and finer", noon().Add(1_234_567).In(time.FixedZone("", 3600)), noon().Add(time.Millisecond), noon().Add(time.Millisecond)},
		{"a clock that is behind", current.UpdatedAt.Add(-time.Hour), current.UpdatedAt.Add(-time.Hour), current.UpdatedAt},
	} {
		store := &planCatcher{Store: newStore(t)}
		service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), func() time.Time { return tt.now }, nil)
		if _, err := service.Update(t.Context(), user(ann), dialogID, dialog.Change{Name: dialog.Some("x")}); err != nil {
			t.Fatal(err)
		}
		out, err := store.update.Decide(current)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, tt.reason+": the record", out.Change.At, tt.at)
		wantEqual(t, tt.reason+": the dialog", out.Dialog.UpdatedAt, tt.updatedAt)
		if out.Dialog.UpdatedAt.Location() != time.UTC || out.Change.At.Location() != time.UTC {
			t.Errorf("%s: not in UTC", tt.reason)
		}
	}
}

// TestHistoryIsBounded: the latest 50 records, numbered, the newest last.
func TestHistoryIsBounded(t *testing.T) {
	d := full()
	for i := range 2 * dialog.HistoryKept {
		d = mustDecide(t, user(ann), d, dialog.Change{Name: dialog.Some(strings.Repeat("x", i+1))}).Dialog
	}
	if len(d.History) != dialog.HistoryKept {
		t.Fatalf("%d records are kept", len(d.History))
	}
	numbered := d
	numbered.History = append([]dialog.Record(nil), d.History...)
	for i := range numbered.History {
		numbered.History[i].Version = 0
	}
	numbered.NumberHistory()
	wantEqual(t, "numbered again", numbered, d)
	if last := d.History[len(d.History)-1]; last.Version != d.Version || d.Version != 1+2*dialog.HistoryKept {
		t.Errorf("the newest record is of version %d, the dialog at %d", last.Version, d.Version)
	}

	bare := full()
	bare.History = nil
	out := mustDecide(t, user(ann), bare, dialog.Change{Name: dialog.Some("x")})
	if out.Dialog.History != nil || out.Change.Version != 2 {
		t.Errorf("history that was not loaded became %v", out.Dialog.History)
	}
}

func TestCustomDataIsCounted(t *testing.T) {
	d := dialog.CustomData{"Card": {"note": `"é"`, "level": "-1"}, "Box": {"open": "true"}}
	wantEqual(t, "bytes", d.Bytes(), 4+2+4)
	wantEqual(t, "classes", d.Classes(), []string{"Box", "Card"})
	wantEqual(t, "bytes of none", dialog.CustomData(nil).Bytes(), 0)
}
