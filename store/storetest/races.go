package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"dialogs/dialog"
)

// writers is how many write at once in the tests of races.
const writers = 64

func writer(i int) dialog.UserID { return dialog.UserID(fmt.Sprintf("w%02d", i)) }

// race runs n functions at once and fails the test for each error, with no
// FailNow outside the test's own goroutine.
func (e *env) race(n int, f func(i int) error) {
	e.Helper()
	together(n, func(i int) {
		if err := f(i); err != nil {
			e.Errorf("writer %d: %v", i, err)
		}
	})
}

// testWriters lets 64 writers change one dialog at once, each in more ways than
// one: no change may be lost.
func testWriters(e *env) {
	e.classes()
	d := e.group("o")
	// Two instances, as a deployment would have.
	services := []*dialog.Service{e.svc, e.service(e.instance(), dialog.DefaultLimits())}
	versions := make([]int64, writers)
	e.race(writers, func(i int) error {
		out, err := services[i%2].Update(e.Context(), user("o"), string(d.ID), dialog.Change{
			AddOccupants: []dialog.UserID{writer(i)}, Name: dialog.Some(fmt.Sprintf("by %d", i)),
			Custom: custom("Task", map[string]any{"count": i}), IdempotencyKey: dialog.Some(fmt.Sprint(i)),
		})
		if err != nil {
			return err
		}
		versions[i] = out.Change.Version
		if len(out.Change.Joined) != 1 || out.Change.Joined[0] != writer(i) {
			return fmt.Errorf("joined %v", out.Change.Joined)
		}
		if last := out.Dialog.Occupants[len(out.Dialog.Occupants)-1]; last != writer(i) || int64(len(out.Dialog.Occupants)) != out.Dialog.Version {
			return fmt.Errorf("the answer is not the dialog after the change: %v at version %d", out.Dialog.Occupants, out.Dialog.Version)
		}
		return nil
	})
	got := e.read(d.ID)
	e.same(got.Version, int64(writers+1), "the version")
	byVersion := make([]int, writers)
	for i := range byVersion {
		byVersion[i] = i
	}
	slices.SortFunc(byVersion, func(a, b int) int { return int(versions[a] - versions[b]) })
	want := []dialog.UserID{"o"}
	for n, i := range byVersion {
		e.same(versions[i], int64(n+2), "each version is one change's")
		want = append(want, writer(i))
	}
	e.same(got.Occupants, want, "occupants in the order of their changes")
	winner := byVersion[writers-1]
	e.same(got.Name, fmt.Sprintf("by %d", winner), "the name of the last change")
	e.same(got.Custom["Task"]["count"], dialog.Value(fmt.Sprint(winner)), "the value of the last change")
	for n, record := range got.History {
		i := byVersion[writers-len(got.History)+n]
		e.same([]any{record.Joined, record.Name, record.Key}, []any{[]dialog.UserID{writer(i)}, fmt.Sprintf("by %d", i), fmt.Sprint(i)}, "a record of the race")
	}
	for i := range writers {
		e.same(e.query(dialog.Query{User: writer(i), Scope: dialog.Mine, Order: orders()[0], Limit: 5}), []dialog.ID{d.ID}, "dialogs of a writer")
	}
}

// testSwappers lets each writer add one user and remove another in one step.
func testSwappers(e *env) {
	var leaving []dialog.UserID
	for i := range writers {
		leaving = append(leaving, dialog.UserID(fmt.Sprintf("old%d", i)))
	}
	d := e.group("o", leaving...)
	e.race(writers, func(i int) error {
		out, err := e.tryUpdate(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{writer(i)}, RemoveOccupants: leaving[i : i+1]})
		if err == nil && (len(out.Change.Joined) != 1 || len(out.Change.Left) != 1 || len(out.Dialog.Occupants) != writers+1) {
			err = fmt.Errorf("the change is not one step: %+v of %d occupants", out.Change, len(out.Dialog.Occupants))
		}
		return err
	})
	got := e.read(d.ID)
	e.same(got.Version, int64(writers+1), "the version")
	want := []dialog.UserID{"o"}
	for i := range writers {
		want = append(want, writer(i))
		e.same(e.query(dialog.Query{User: leaving[i], Scope: dialog.Mine, Order: orders()[0], Limit: 5}), []dialog.ID(nil), "dialogs of who was removed")
	}
	have := slices.Clone(got.Occupants)
	slices.Sort(have)
	e.same(have, want, "occupants")
}

// testVersionRace counts in a name: each writer reads it, and writes one more
// if the version is still the same.
func testVersionRace(e *env) {
	const counters = 16
	d := e.group("o")
	e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some("|")})
	e.race(counters, func(int) error {
		for {
			now, err := e.store.Dialog(e.Context(), d.ID, false)
			if err != nil {
				return err
			}
			_, err = e.tryUpdate(user("o"), d.ID, dialog.Change{Name: dialog.Some(now.Name + "|"), IfVersion: dialog.Some(now.Version)})
			if !dialog.IsCode(err, dialog.Conflict) {
				return err
			}
		}
	})
	got := e.read(d.ID)
	e.same(got.Name, strings.Repeat("|", counters+1), "the count")
	e.same(got.Version, int64(counters+2), "the version")
}

// testCustomRace sets fields of one class, each writer its own: all must win.
func testCustomRace(e *env) {
	var fields []dialog.Field
	for i := range writers {
		fields = append(fields, dialog.Field{Name: "f" + string(writer(i)), Type: dialog.Integer})
	}
	if _, err := e.svc.DefineClass(e.Context(), server(), "Wide", fields); err != nil {
		e.Fatalf("defining: %v", err)
	}
	d := e.public("o", "x")
	e.race(writers, func(i int) error {
		for n := range 2 {
			change := dialog.Change{Custom: custom("Wide", map[string]any{fields[i].Name: i + n})}
			if _, err := e.tryUpdate(user("o"), d.ID, change); err != nil {
				return err
			}
		}
		return nil
	})
	want := map[string]dialog.Value{}
	for i, f := range fields {
		want[f.Name] = dialog.Value(fmt.Sprint(i + 1))
	}
	e.same(e.read(d.ID).Custom, dialog.CustomData{"Wide": want}, "custom data")
}

// testLimitRace adds more users than the limit allows.
func testLimitRace(e *env) {
	const room = 20
	e.classes()
	e.limit(func(l *dialog.Limits) { l.Occupants = room; l.Admins = room / 2; l.CustomBytes = 5 * room })
	all := make([]dialog.UserID, room-1)
	for i := range all {
		all[i] = dialog.UserID(fmt.Sprint(i))
	}
	full := e.group("o", all...)
	empty := e.group("o")
	fields := make([]dialog.Field, writers)
	for i := range fields {
		fields[i] = dialog.Field{Name: "f" + string(writer(i)), Type: dialog.String}
	}
	if _, err := e.svc.DefineClass(e.Context(), server(), "Wide", fields); err != nil {
		e.Fatalf("defining: %v", err)
	}
	for _, test := range []struct {
		reason string
		id     dialog.ID
		change func(i int) dialog.Change
		admits int32
		size   func(d dialog.Dialog) int
		most   int
	}{
		{
			"occupants", empty.ID,
			func(i int) dialog.Change { return dialog.Change{AddOccupants: []dialog.UserID{writer(i)}} },
			room - 1, func(d dialog.Dialog) int { return len(d.Occupants) }, room,
		},
		{
			"admins", full.ID,
			func(i int) dialog.Change { return dialog.Change{AddAdmins: all[i%len(all) : i%len(all)+1]} },
			-1, func(d dialog.Dialog) int { return len(d.Admins) }, room / 2,
		},
		{
			"custom data", full.ID,
			func(i int) dialog.Change {
				return dialog.Change{Custom: custom("Wide", map[string]any{fields[i].Name: "123"})}
			},
			room, func(d dialog.Dialog) int { return d.Custom.Bytes() }, 5 * room,
		},
	} {
		var admitted atomic.Int32
		e.race(writers, func(i int) error {
			out, err := e.tryUpdate(user("o"), test.id, test.change(i))
			if err == nil && out.Change != nil {
				admitted.Add(1)
			}
			if dialog.IsCode(err, dialog.Invalid) {
				return nil
			}
			return err
		})
		if got := admitted.Load(); test.admits >= 0 && got != test.admits {
			e.Errorf("%s: %d let in, want %d", test.reason, got, test.admits)
		}
		e.same(test.size(e.read(test.id)), test.most, test.reason)
	}
}

// testDeletionRace deletes while others change: later changes find nothing, and
// the deletion happens once.
func testDeletionRace(e *env) {
	d := e.private("a", "b")
	e.classes()
	var deleted, changed, late atomic.Int32
	var end atomic.Int64
	e.race(writers, func(i int) error {
		change := dialog.Change{Custom: custom("Task", map[string]any{"count": i})}
		if i%4 == 0 {
			change = dialog.Change{Delete: true}
		}
		out, err := e.tryUpdate(user("a"), d.ID, change)
		switch {
		case dialog.IsCode(err, dialog.NotFound):
			late.Add(1)
			return nil
		case err != nil:
			return err
		case out.Change.Kind == dialog.Deleted:
			deleted.Add(1)
			end.Store(out.Change.Version)
		default:
			changed.Add(1)
		}
		return nil
	})
	e.same(deleted.Load(), int32(1), "how many deleted")
	e.same(end.Load(), int64(changed.Load())+2, "the version of the deletion, after all changes")
	e.same(deleted.Load()+changed.Load()+late.Load(), int32(writers), "how many were answered")
	e.gone(d.ID)
	e.same(e.private("b", "a").Version, int64(1), "the version of the pair's next dialog")
}

// testLeaveRace lets everyone leave at the same time: the last one deletes it.
func testLeaveRace(e *env) {
	const people = 16
	var others []dialog.UserID
	for i := range people {
		others = append(others, writer(i))
	}
	d := e.group(others[0], others[1:]...)
	var deleted atomic.Int32
	e.race(people, func(i int) error {
		out, err := e.tryUpdate(user(writer(i)), d.ID, dialog.Change{RemoveOccupants: others[i : i+1]})
		if err == nil && out.Change.Kind == dialog.Deleted {
			deleted.Add(1)
			if out.Change.Version != people+1 {
				return fmt.Errorf("deleted at version %d", out.Change.Version)
			}
		}
		return err
	})
	e.same(deleted.Load(), int32(1), "how many were the last")
	e.gone(d.ID)
}

// testReaders reads while others write: it must never see half a change or an
// older state.
func testReaders(e *env) {
	d := e.create(user("o"), dialog.Creation{Type: dialog.Group, Name: dialog.Some("0"), Photo: dialog.Some("0")})
	const rounds = 40
	var over atomic.Bool
	q := dialog.Query{User: "o", Scope: dialog.Mine, Order: orders()[1], Limit: 5}
	e.race(4, func(i int) error {
		if i == 0 {
			defer over.Store(true)
			for n := range rounds {
				text := fmt.Sprint(n + 1)
				change := dialog.Change{Name: dialog.Some(text), Photo: dialog.Some(text), AddOccupants: []dialog.UserID{writer(n)}}
				if _, err := e.tryUpdate(user("o"), d.ID, change); err != nil {
					return err
				}
			}
			return nil
		}
		var seen int64
		for last := false; !last; {
			last = over.Load() // one more read after the last write
			got, err := e.store.Dialog(e.Context(), d.ID, i == 1)
			if i == 3 {
				var page []dialog.Dialog
				if page, err = e.store.Dialogs(e.Context(), q); err == nil && len(page) == 1 {
					got = page[0]
				}
			}
			if err != nil {
				return err
			}
			if got.Version < seen || got.Name != got.Photo || got.Name != fmt.Sprint(got.Version-1) || int64(len(got.Occupants)) != got.Version {
				return fmt.Errorf("after version %d read version %d: name %q, photo %q, %d occupants", seen, got.Version, got.Name, got.Photo, len(got.Occupants))
			}
			if n := len(got.History); i == 1 && (got.History[n-1].Version != got.Version || int64(n) != got.Version) {
				return fmt.Errorf("version %d with %d records up to %d", got.Version, n, got.History[n-1].Version)
			}
			seen = got.Version
		}
		if seen != rounds+1 {
			return fmt.Errorf("the last read after the last write is of version %d", seen)
		}
		return nil
	})
}
