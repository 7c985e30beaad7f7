package storetest

import (
	"fmt"
	"slices"
	"time"

	"dialogs/dialog"
)

// testManyLeft lets more users leave one dialog than an engine may keep with the dialog,
// while they are offline. The first ones learn it too, also if they come back and leave
// again, and those who have come back do not leave.
func testManyLeft(e *env) {
	e.onTime(0)
	const rounds, each = 11, 100
	d := e.group("o")
	at := func(round, n int) dialog.UserID { return dialog.UserID(fmt.Sprintf("%d-%d", round, n)) }
	var offline []*follower
	leave := func(round int) {
		e.Helper()
		users := make([]dialog.UserID, each)
		for n := range users {
			users[n] = at(round, n)
		}
		e.update(user("o"), d.ID, dialog.Change{AddOccupants: users})
		for _, n := range []int{0, each / 2, each - 1} {
			offline = append(offline, e.follow(e.svc, user(users[n]), 10))
		}
		e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: users})
	}
	for round := range rounds {
		leave(round)
	}
	back, again := at(0, 0), at(0, each/2)
	e.update(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{back, again}})
	e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{again}})
	for _, f := range offline {
		var changed, removed []dialog.ID
		if f.caller.User == back {
			changed = ids(d)
		} else {
			removed = ids(d)
		}
		f.gets("after many have left", changed, removed)
		f.gets("again", nil, nil)
		f.isComplete("after many have left")
	}
	e.update(user("o"), d.ID, dialog.Change{Delete: true})
	for _, f := range offline {
		var removed []dialog.ID
		if f.caller.User == back {
			removed = ids(d)
		}
		f.gets("after the deletion", nil, removed)
	}
	outsider := e.follow(e.svc, user("outsider"), 10)
	outsider.gets("somebody who was never in", nil, nil)
}

// testDeparted asks who left a dialog after a mark.
func testDeparted(e *env) {
	e.onTime(0)
	const most = 1100 // more than MongoDB keeps with a dialog
	d, other := e.group("o", "a", "b", "c"), e.group("o", "z")
	page, err := e.store.ChangesSince(e.Context(), dialog.ChangesQuery{Limit: 1, Kept: dialog.DefaultSyncKept})
	if err != nil {
		e.Fatal(err)
	}
	departed := func(id dialog.ID) []dialog.UserID {
		e.Helper()
		users, err := e.store.Departed(e.Context(), id, page.Next)
		if err != nil {
			e.Fatalf("who left: %v", err)
		}
		slices.Sort(users)
		return users
	}
	e.same(departed(d.ID), []dialog.UserID(nil), "before anyone has left")
	e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"a", "b"}})
	e.update(user("o"), d.ID, dialog.Change{AddOccupants: []dialog.UserID{"b"}})
	e.update(user("z"), other.ID, dialog.Change{RemoveOccupants: []dialog.UserID{"z"}})
	e.same(departed(d.ID), []dialog.UserID{"a"}, "who left and did not come back")
	want := []dialog.UserID{"a"}
	for first := 0; first < most; first += 100 {
		users := make([]dialog.UserID, 100)
		for n := range users {
			users[n] = dialog.UserID(fmt.Sprintf("%04d", first+n))
		}
		want = append(want, users...)
		e.update(user("o"), d.ID, dialog.Change{AddOccupants: users})
		e.update(user("o"), d.ID, dialog.Change{RemoveOccupants: users})
	}
	slices.Sort(want)
	e.same(departed(d.ID), want, "many who left")
	e.same(departed(other.ID), []dialog.UserID{"z"}, "who left another dialog")
	e.same(departed(flipped(d.ID)), []dialog.UserID(nil), "who left what is not there")

	later, err := e.store.ChangesSince(e.Context(), dialog.ChangesQuery{Since: time.Now().Add(time.Hour), Limit: 1, Kept: dialog.DefaultSyncKept})
	if err != nil {
		e.Fatal(err)
	}
	page = later
	for _, u := range departed(d.ID) { // an engine with clocks also has those of the last minute
		if !slices.Contains(want, u) {
			e.Errorf("%q has left", u)
		}
	}
	_, err = e.store.Departed(e.Context(), d.ID, "no mark")
	e.wantError(err, dialog.ErrResync(), "a mark that no store wrote")
}
