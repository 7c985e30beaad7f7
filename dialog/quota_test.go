package dialog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
)

// A counted is a service with quotas, whose clock a test moves.
type counted struct {
	*dialog.Service
	now time.Time
}

func newCounted(t *testing.T, q dialog.Quotas) *counted {
	c := &counted{now: noon()}
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	policy.Quotas = q
	c.Service = dialog.NewService(newStore(t), policy, func() time.Time { return c.now }, nil)
	return c
}

func newGroup(others ...dialog.UserID) dialog.Creation {
	return dialog.Creation{Type: dialog.Group, Name: dialog.Some("group"), Occupants: others}
}

// wantWait wants a refusal that names the setting and says how long to wait.
func wantWait(t *testing.T, err error, setting string, wait time.Duration) {
	t.Helper()
	var e *dialog.Error
	if !errors.As(err, &e) || e.Code != dialog.RateLimited || !strings.Contains(e.Message, setting) {
		t.Fatalf("got %v, want a refusal by %s", err, setting)
	}
	if d := e.RetryAfter - wait; d < -time.Second || d > time.Second {
		t.Errorf("wait for %v, want %v", e.RetryAfter, wait)
	}
}

func TestDialogsPerDay(t *testing.T) {
	s := newCounted(t, dialog.Quotas{DialogsPerDay: 4})
	create := func(c dialog.Caller, creation dialog.Creation) error {
		_, err := s.Create(t.Context(), c, creation)
		return err
	}
	for i, creation := range []dialog.Creation{
		newGroup(), newGroup(), {Type: dialog.Private, Occupants: []dialog.UserID{bob}}, {Type: dialog.PublicGroup, Name: dialog.Some("x")},
	} {
		if err := create(user(ann), creation); err != nil {
			t.Fatalf("dialog %d: %v", i, err)
		}
	}
	const setting = "--quota-dialogs-per-day"
	wantWait(t, create(user(ann), newGroup()), setting, 6*time.Hour)
	wantWait(t, create(dialog.Caller{User: ann, APIKey: "backend"}, newGroup()), setting, 6*time.Hour)
	if err := create(user(bob), newGroup()); err != nil {
		t.Errorf("another user: %v", err)
	}
	owned := newGroup()
	owned.Owner = dialog.Some(ann)
	for range 10 {
		if err := create(server(), owned); err != nil {
			t.Fatalf("a server: %v", err)
		}
	}
	s.now = s.now.Add(6*time.Hour + time.Second)
	for range 5 { // what creates nothing counts for nothing
		if err := create(user(ann), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{bob}}); err != nil {
			t.Errorf("a private dialog that exists: %v", err)
		}
	}
	if err := create(user(ann), newGroup()); err != nil {
		t.Errorf("after a quarter of a day: %v", err)
	}
	wantWait(t, create(user(ann), newGroup()), setting, 6*time.Hour)
}

func TestOccupantsPerHour(t *testing.T) {
	s := newCounted(t, dialog.Quotas{OccupantsPerHour: 6})
	const setting = "--quota-occupants-per-hour"
	out, err := s.Create(t.Context(), user(ann), newGroup(ann, bob, cid))
	if err != nil {
		t.Fatal(err)
	}
	id := string(out.Dialog.ID)
	update := func(c dialog.Caller, change dialog.Change) error {
		_, err := s.Update(t.Context(), c, id, change)
		return err
	}
	add := func(others ...dialog.UserID) dialog.Change { return dialog.Change{AddOccupants: others} }
	for range 10 { // those who are in already do not count, and neither does what is refused
		if err := update(user(ann), add(bob, cid)); err != nil {
			t.Fatalf("adding who is in: %v", err)
		}
		if err := update(user("stranger"), add("x", "y")); !dialog.IsCode(err, dialog.Forbidden) {
			t.Fatalf("an outsider: %v", err)
		}
	}
	if err := update(user(ann), add("d", "e", "f", "g")); err != nil {
		t.Fatalf("as many as allowed: %v", err)
	}
	wantWait(t, update(user(ann), add("h")), setting, 10*time.Minute)
	_, err = s.Create(t.Context(), user(ann), dialog.Creation{Type: dialog.Private, Occupants: []dialog.UserID{"h"}})
	wantWait(t, err, setting, 10*time.Minute)
	if err := update(server(), add("h", "i", "j", "k", "l", "m", "n")); err != nil {
		t.Errorf("a server: %v", err)
	}
	if err := update(user(bob), dialog.Change{RemoveOccupants: []dialog.UserID{bob}}); err != nil {
		t.Errorf("leaving: %v", err)
	}
	s.now = s.now.Add(20 * time.Minute)
	if err := update(user(ann), add(bob, "o")); err != nil {
		t.Errorf("after a third of an hour: %v", err)
	}
	err = update(user(ann), add("1", "2", "3", "4", "5", "6", "7"))
	if !dialog.IsCode(err, dialog.Invalid) || !strings.Contains(err.Error(), "(limit 6, "+setting+")") {
		t.Errorf("more than will ever be allowed: %v", err)
	}
}

// TestPublicAdminsCount: a public group has no occupants, but its admins have it
// in their lists.
func TestPublicAdminsCount(t *testing.T) {
	s := newCounted(t, dialog.Quotas{OccupantsPerHour: 3})
	out, err := s.Create(t.Context(), user(ann), dialog.Creation{
		Type: dialog.PublicGroup, Name: dialog.Some("x"), Admins: []dialog.UserID{bob, cid},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := string(out.Dialog.ID)
	if _, err := s.Update(t.Context(), user(ann), id, dialog.Change{AddAdmins: []dialog.UserID{"d"}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Update(t.Context(), user(ann), id, dialog.Change{NewOwner: dialog.Some(dialog.UserID("e"))})
	wantWait(t, err, "--quota-occupants-per-hour", 20*time.Minute)
}

// TestPublicGroupsHandedOver: a user can't create ever more public groups by handing each of
// them to somebody else. Those that were handed over stop to count within a day.
func TestPublicGroupsHandedOver(t *testing.T) {
	s := newCounted(t, dialog.Quotas{PublicGroups: 4})
	create := func(c dialog.Caller) (string, error) {
		out, err := s.Create(t.Context(), c, dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some("x")})
		return string(out.Dialog.ID), err
	}
	handOver := func(c dialog.Caller, id string, to dialog.UserID) {
		t.Helper()
		if _, err := s.Update(t.Context(), c, id, dialog.Change{NewOwner: dialog.Some(to)}); err != nil {
			t.Fatalf("handing over to %s: %v", to, err)
		}
	}
	refused := func(reason string) {
		t.Helper()
		for _, c := range []dialog.Caller{user(ann), {User: ann, APIKey: "backend"}} {
			if _, err := create(c); !dialog.IsCode(err, dialog.Invalid) || !strings.Contains(err.Error(), "(limit 4, --quota-public-groups)") {
				t.Fatalf("%s, as %+v: %v", reason, c, err)
			}
		}
	}
	for n := range 4 {
		id, err := create(user(ann))
		if err != nil {
			t.Fatalf("public group %d: %v", n, err)
		}
		handOver(user(ann), id, dialog.UserID(fmt.Sprint("receiver ", n)))
	}
	refused("four were handed over")
	s.now = s.now.Add(6*time.Hour + time.Second)
	id, err := create(user(ann))
	if err != nil {
		t.Fatalf("after a quarter of a day: %v", err)
	}
	refused("three were handed over, and one is owned")
	for _, c := range []dialog.Caller{user(ann), user("receiver")} { // there and back
		to := ann
		if c.User == ann {
			to = "receiver"
		}
		handOver(c, id, to)
	}
	refused("it came back")
	group, err := s.Create(t.Context(), user(ann), newGroup(bob))
	if err != nil {
		t.Fatal(err)
	}
	handOver(user(ann), string(group.Dialog.ID), bob)
	s.now = s.now.Add(18*time.Hour + time.Second)
	for n := range 2 { // beside the one that is owned, and the one that was handed over last
		if _, err := create(user(ann)); err != nil {
			t.Errorf("public group %d after a day: %v", n, err)
		}
	}
	for n := range 10 {
		owned := dialog.Creation{Type: dialog.PublicGroup, Name: dialog.Some("x"), Owner: dialog.Some(dialog.UserID("founder"))}
		out, err := s.Create(t.Context(), server(), owned)
		if err != nil {
			t.Fatal(err)
		}
		handOver(server(), string(out.Dialog.ID), dialog.UserID(fmt.Sprint("receiver ", n)))
	}
	if _, err := create(user("founder")); err != nil {
		t.Errorf("a user whose public groups a server handed over: %v", err)
	}
}

// TestManyUsers: counting forgets the users who did the least.
func TestManyUsers(t *testing.T) {
	s := newCounted(t, dialog.Quotas{DialogsPerDay: 2})
	for range 2 {
		if _, err := s.Create(t.Context(), user(ann), newGroup()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40_000 {
		if _, err := s.Create(t.Context(), user(dialog.UserID(fmt.Sprint("user", i))), newGroup()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Create(t.Context(), user(ann), newGroup())
	wantWait(t, err, "--quota-dialogs-per-day", 12*time.Hour)
}
