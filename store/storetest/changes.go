package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"dialogs/dialog"
)

// A follower keeps a copy of the dialogs of one caller by reading what changed.
type follower struct {
	testing.TB
	svc    *dialog.Service
	caller dialog.Caller
	first  int
	cursor string
	copy   map[dialog.ID]dialog.Dialog
}

// follow starts a follower: first the position, then what is there.
func (e *env) follow(svc *dialog.Service, c dialog.Caller, first int) *follower {
	e.Helper()
	f := &follower{TB: e, svc: svc, caller: c, first: first}
	f.start()
	return f
}

func (f *follower) start() {
	f.Helper()
	now, err := f.svc.Changes(f.Context(), f.caller, dialog.Optional[string]{}, dialog.Optional[int]{})
	if err != nil {
		f.Fatalf("the position of now: %v", err)
	}
	if len(now.Changed)+len(now.Removed) > 0 || now.HasMore {
		f.Errorf("the position of now comes with changes: %+v", now)
	}
	f.cursor, f.copy = now.Cursor, map[dialog.ID]dialog.Dialog{}
	for _, d := range f.list() {
		f.copy[d.ID] = d
	}
}

// list reads all dialogs that the caller is part of.
func (f *follower) list() []dialog.Dialog {
	f.Helper()
	var all []dialog.Dialog
	request := dialog.ListRequest{
		Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByCreatedAt}, First: dialog.Some(dialog.MaxPage),
	}
	for {
		page, err := f.svc.List(f.Context(), f.caller, request)
		if err != nil {
			f.Fatalf("listing: %v", err)
		}
		all = append(all, page.Dialogs...)
		if len(page.Dialogs) < dialog.MaxPage {
			return all
		}
		request.After = dialog.Some(page.Cursor(len(page.Dialogs) - 1))
	}
}

// read reads and applies one page.
func (f *follower) read() dialog.Changes {
	f.Helper()
	page, err := f.svc.Changes(f.Context(), f.caller, dialog.Some(f.cursor), dialog.Some(f.first))
	if err != nil {
		f.Fatalf("changes of %+v after %s: %v", f.caller, f.cursor, err)
	}
	if n := len(page.Changed) + len(page.Removed); n > f.first {
		f.Errorf("%d changes in a page of %d", n, f.first)
	}
	in := map[dialog.ID]bool{}
	for _, d := range page.Changed {
		if in[d.ID] || d.Deleted || d.History != nil {
			f.Errorf("a page has %s twice, deleted or with its history", d.ID)
		}
		in[d.ID] = true
		f.copy[d.ID] = d
	}
	for _, id := range page.Removed {
		if in[id] {
			f.Errorf("a page has %s twice", id)
		}
		in[id] = true
		delete(f.copy, id)
	}
	f.cursor = page.Cursor
	return page
}

// catchUp reads until there is nothing more, and returns the changed and removed
// dialogs.
func (f *follower) catchUp() (changed, removed []dialog.ID) {
	f.Helper()
	for range 10_000 {
		page := f.read()
		changed, removed = append(changed, idsOf(page.Changed)...), append(removed, page.Removed...)
		if !page.HasMore {
			return changed, removed
		}
	}
	f.Fatal("a follower does not get to the end")
	return nil, nil
}

// gets checks what changed since the last time.
func (f *follower) gets(reason string, changed, removed []dialog.ID) {
	f.Helper()
	gotChanged, gotRemoved := f.catchUp()
	if !slices.Equal(gotChanged, changed) || !slices.Equal(gotRemoved, removed) {
		f.Errorf("%s, %+v: changed %v, removed %v, want %v and %v", reason, f.caller, gotChanged, gotRemoved, changed, removed)
	}
}

// isComplete checks that the copy is what a list shows.
func (f *follower) isComplete(reason string) {
	f.Helper()
	versions := func(list []dialog.Dialog) map[dialog.ID]int64 {
		m := map[dialog.ID]int64{}
		for _, d := range list {
			m[d.ID] = d.Version
		}
		return m
	}
	got, want := versions(slices.Collect(maps.Values(f.copy))), versions(f.list())
	if !maps.Equal(got, want) {
		f.Errorf("%s: the copy of %+v is %v, and the list %v", reason, f.caller, got, want)
	}
}

func ids(dialogs ...dialog.Dialog) []dialog.ID { return idsOf(dialogs) }

// onTime gives the service a clock that goes with that of the database: an engine
// may compare the two. skew is how far it is off.
func (e *env) onTime(skew time.Duration) {
	e.svc = e.serviceOnTime(e.store, skew)
}

func (e *env) serviceOnTime(store dialog.Store, skew time.Duration) *dialog.Service {
	now := func() time.Time { return time.Now().Add(skew) }
	return dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), now, newSeeded(uint64(skew)))
}

func testChanges(e *env) {
	e.onTime(0)
	owner, member, outsider, back := e.follow(e.svc, user("o"), 10), e.follow(e.svc, user("m"), 1), e.follow(e.svc, user("x"), 10), e.follow(e.svc, server(), 10)
	all := []*follower{owner, member, outsider, back}
	step := func(reason string, changed, removed map[*follower][]dialog.ID) {
		e.Helper()
		for _, f := range all {
			f.gets(reason, changed[f], removed[f])
			f.isComplete(reason)
		}
	}
	type told = map[*follower][]dialog.ID
	step("nothing has happened", nil, nil)
	d := e.group("o", "m")
	step("a new group", told{owner: ids(d), member: ids(d), back: ids(d)}, nil)
	e.update(user("m"), d.ID, dialog.Change{Name: dialog.Some("renamed")})
	step("a change", told{owner: ids(d), member: ids(d), back: ids(d)}, nil)
	e.update(user("m"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"m"}})
	step("somebody left", told{owner: ids(d), back: ids(d)}, told{member: ids(d)})
	e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some("without them")})
	step("a change after they left", told{owner: ids(d), back: ids(d)}, nil)
	e.update(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"m"}})
	step("they joined again", told{owner: ids(d), member: ids(d), back: ids(d)}, nil)
	e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"m"}, AddOccupants: []dialog.UserID{"x"}})
	step("one was exchanged for another", told{owner: ids(d), outsider: ids(d), back: ids(d)}, told{member: ids(d)})
	e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"x"}, AddOccupants: []dialog.UserID{"m"}})
	step("and back", told{owner: ids(d), member: ids(d), back: ids(d)}, told{outsider: ids(d)})
	e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"o"}})
	step("the owner left", told{member: ids(d), back: ids(d)}, told{owner: ids(d)})
	e.update(user("m"), d.ID, dialog.Change{Delete: true})
	step("a deletion", nil, told{member: ids(d), back: ids(d)})

	public := e.public("o", "open")
	step("a public group", told{owner: ids(public), back: ids(public)}, nil)
	e.update(user("o"), public.ID, dialog.Change{AddAdmins: []dialog.UserID{"m"}})
	step("an admin of a public group", told{owner: ids(public), member: ids(public), back: ids(public)}, nil)
	e.update(user("o"), public.ID, dialog.Change{RemoveAdmins: []dialog.UserID{"m"}})
	step("no admin any more", told{owner: ids(public), back: ids(public)}, told{member: ids(public)})
	e.update(user("o"), public.ID, dialog.Change{NewOwner: dialog.Some[dialog.UserID]("x")})
	step("a public group that was handed over", told{outsider: ids(public), back: ids(public)}, told{owner: ids(public)})

	private := e.private("o", "m")
	step("a private dialog", told{owner: ids(private), member: ids(private), back: ids(private)}, nil)
	e.update(user("m"), private.ID, dialog.Change{Delete: true})
	step("a private dialog that was deleted", nil, told{owner: ids(private), member: ids(private), back: ids(private)})
	// Each deletion, creation and change is reported once; several changes of a
	// dialog are reported as one.
	next := e.private("o", "m")
	e.update(user("m"), next.ID, dialog.Change{Delete: true})
	for _, f := range all {
		f.catchUp()
		f.isComplete("a dialog that came and went")
	}
}

// testChangesAway lets clients be offline while everything happens to their
// dialogs.
func testChangesAway(e *env) {
	e.onTime(-20 * time.Second) // the clocks of instances may differ
	var made []dialog.Dialog
	for range 25 {
		made = append(made, e.group("o", "a", "b"))
	}
	var all []*follower
	for _, first := range []int{1, 3, 100} {
		for _, c := range []dialog.Caller{user("o"), user("a"), user("b"), user("c"), server(), behalf("b")} {
			all = append(all, e.follow(e.svc, c, first))
		}
	}
	for i, d := range made {
		switch i % 5 {
		case 0:
			e.update(user("o"), d.ID, dialog.Change{Name: dialog.Some(fmt.Sprint(i))})
		case 1:
			e.update(user("a"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"a"}})
			e.update(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"c"}})
		case 2:
			e.update(user("o"), d.ID, dialog.Change{Delete: true})
		case 3:
			e.update(user("a"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"a"}})
			e.update(user("b"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"a"}})
		}
	}
	for _, f := range all {
		f.catchUp()
		f.isComplete("after being away")
		f.gets("again", nil, nil)
	}
}

// testChangesRestored checks that clients learn about restored dialogs.
func testChangesRestored(e *env) {
	e.onTime(0)
	d := e.group("o", "a", "b")
	before := e.read(d.ID)
	e.update(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"c"}})
	var all []*follower
	for _, u := range []dialog.UserID{"o", "a", "b", "c"} {
		all = append(all, e.follow(e.svc, user(u), 5))
	}
	if err := e.store.Restore(e.Context(), []dialog.Dialog{before}); err != nil {
		e.Fatalf("restoring: %v", err)
	}
	for _, f := range all {
		f.catchUp()
		f.isComplete("after a restore")
	}
	e.update(user("o"), d.ID, dialog.Change{Delete: true})
	if err := e.store.Restore(e.Context(), []dialog.Dialog{before}); err != nil {
		e.Fatalf("restoring: %v", err)
	}
	for _, f := range all {
		f.catchUp()
		f.isComplete("after a restore over a tombstone")
	}
}

// testChangesWhole reads whole dialogs and tombstones, as a hub does.
func testChangesWhole(e *env) {
	e.onTime(0)
	q := dialog.ChangesQuery{Limit: 2, WithHistory: true, Ahead: true, Kept: dialog.DefaultSyncKept}
	read := func() (all []dialog.ChangedDialog) {
		e.Helper()
		for {
			page, err := e.store.ChangesSince(e.Context(), q)
			if err != nil {
				e.Fatalf("changes: %v", err)
			}
			q.After = page.Next
			all = append(all, page.Dialogs...)
			if !page.More {
				return all
			}
		}
	}
	read()
	begun := q.After
	a, b, c := e.group("o", "m"), e.group("o", "m"), e.private("o", "m")
	e.update(user("m"), a.ID, dialog.Change{Name: dialog.Some("renamed")})
	e.update(user("o"), b.ID, dialog.Change{Delete: true})
	e.update(user("m"), c.ID, dialog.Change{Delete: true})
	got := map[dialog.ID]dialog.Dialog{}
	for _, d := range read() {
		if d.Removed != d.Dialog.Deleted {
			e.Errorf("%s: removed %v, deleted %v", d.Dialog.ID, d.Removed, d.Dialog.Deleted)
		}
		got[d.Dialog.ID] = d.Dialog
	}
	e.same(got[a.ID], e.read(a.ID), "a dialog with its history")
	for _, d := range []dialog.Dialog{b, c} {
		there := got[d.ID]
		if !there.Deleted || there.Version != 2 || len(there.History) != 2 || there.History[1].Kind != dialog.Deleted || there.History[1].Version != 2 {
			e.Errorf("a tombstone: %+v", there)
		}
		e.same([]any{there.Owner, there.Occupants}, []any{d.Owner, d.Occupants}, "who was part of a deleted dialog")
	}
	if again := read(); len(again) > 0 {
		e.Errorf("changes were told again: %v", again)
	}
	q.After, q.Latest = begun, true
	for _, d := range read() {
		want := got[d.Dialog.ID]
		want.History = want.History[len(want.History)-1:]
		e.same(d.Dialog, want, "a dialog with its latest record")
	}
}

// testFollow waits for changes of another instance.
func testFollow(e *env) {
	e.onTime(0)
	other := e.instance()
	ctx, cancel := context.WithCancel(e.Context())
	defer cancel()
	woken, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- other.Follow(ctx, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
	}()
	again := time.NewTicker(100 * time.Millisecond) // until it has begun to follow
	defer again.Stop()
	for wakes := 0; wakes < 3; {
		select {
		case <-woken:
			wakes++
		case err := <-ended:
			if !errors.Is(err, dialog.ErrNoFeed) {
				e.Errorf("following: %v", err)
			}
			return
		case <-again.C:
			e.group("o")
		case <-e.Context().Done():
			e.Fatal("following was never woken")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		e.Errorf("the end of following: %v", err)
	}
}

// testChangesRefused sends invalid marks.
func testChangesRefused(e *env) {
	e.group("o")
	other := e.newDatabase(e)(e)
	e.Cleanup(func() { closing(e, other) })
	elsewhere := dialog.NewService(other, dialog.DefaultPolicy(dialog.DefaultLimits()), e.clock.Now, newSeeded(2))
	foreign := e.follow(elsewhere, user("o"), 1).cursor
	own := e.follow(e.svc, user("o"), 1).cursor
	_, err := e.svc.Changes(e.Context(), user("o"), dialog.Some(foreign), dialog.Optional[int]{})
	e.wantError(err, dialog.ErrResync(), "a cursor of another store")
	_, err = e.svc.Changes(e.Context(), user("a"), dialog.Some(own), dialog.Optional[int]{})
	e.wantError(err, dialog.ErrResync(), "a cursor of another user")
	for _, mark := range []dialog.Mark{"x", "0:1", "AAAA", dialog.Mark(own)} {
		_, err = e.store.ChangesSince(e.Context(), dialog.ChangesQuery{User: "o", After: mark, Limit: 1, Kept: dialog.DefaultSyncKept})
		e.wantError(err, dialog.ErrResync(), "a mark that no store wrote")
	}
	e.clock.Move(dialog.DefaultSyncKept)
	_, err = e.svc.Changes(e.Context(), user("o"), dialog.Some(own), dialog.Optional[int]{})
	e.wantError(err, dialog.ErrResync(), "a cursor that is too old")
}

// testChangesRace lets writers change everything while others follow.
func testChangesRace(e *env) {
	e.onTime(0)
	const dialogs, rounds = 12, 40
	people := []dialog.UserID{"o", "a", "b", "c", "d"}
	var made []dialog.Dialog
	for range dialogs {
		made = append(made, e.group("o", "a", "b"))
	}
	second := e.serviceOnTime(e.instance(), time.Second)
	var followers []*follower
	for i, c := range []dialog.Caller{user("a"), user("c"), server(), user("o")} {
		followers = append(followers, e.follow([]*dialog.Service{e.svc, second}[i%2], c, 1+3*i))
	}
	done := make(chan struct{})
	var reading sync.WaitGroup
	for _, f := range followers {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					f.read()
				}
			}
		})
	}
	e.race(8, func(i int) error {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		svc := []*dialog.Service{e.svc, second}[i%2]
		for range rounds {
			d := made[random.IntN(dialogs)]
			u := people[1+random.IntN(len(people)-1)]
			change := dialog.Change{Name: dialog.Some(fmt.Sprint(random.Int()))}
			switch random.IntN(20) {
			case 0:
				change = dialog.Change{Delete: true}
			case 1, 2, 3, 4, 5:
				change = dialog.Change{AddOccupants: []dialog.UserID{u}}
			case 6, 7, 8, 9, 10:
				change = dialog.Change{RemoveOccupants: []dialog.UserID{u}}
			case 11:
				change = dialog.Change{RemoveOccupants: []dialog.UserID{u}, AddOccupants: []dialog.UserID{people[1+random.IntN(len(people)-1)]}}
			}
			if _, err := svc.Update(e.Context(), server(), string(d.ID), change); err != nil && dialog.IsCode(err, dialog.Unavailable) {
				return err
			}
		}
		return nil
	})
	close(done)
	reading.Wait()
	for _, f := range followers {
		f.catchUp()
		f.isComplete("after a race")
	}
}
