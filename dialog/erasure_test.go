package dialog_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/store/storetest"
)

// TestErasureSuccession takes a user out of dialogs of every type, in every role.
func TestErasureSuccession(t *testing.T) {
	type ids = []dialog.UserID
	for _, test := range []struct {
		reason string
		before dialog.Dialog
		// after has the owner, the admins and the occupants; Deleted if nothing is left.
		after dialog.Dialog
	}{
		{
			"an admin takes over, before occupants who are there for longer",
			dialog.Dialog{Type: dialog.Group, Owner: "u", Occupants: ids{"u", "a", "b"}, Admins: ids{"b"}},
			dialog.Dialog{Owner: "b", Occupants: ids{"a", "b"}},
		},
		{
			"without an admin, the longest-standing occupant",
			dialog.Dialog{Type: dialog.Group, Owner: "u", Occupants: ids{"a", "u", "b"}},
			dialog.Dialog{Owner: "a", Occupants: ids{"a", "b"}},
		},
		{"a group without anybody", dialog.Dialog{Type: dialog.Group, Owner: "u", Occupants: ids{"u"}}, dialog.Dialog{Deleted: true}},
		{
			"an admin of a group",
			dialog.Dialog{Type: dialog.Group, Owner: "a", Occupants: ids{"a", "u"}, Admins: ids{"u"}},
			dialog.Dialog{Owner: "a", Occupants: ids{"a"}},
		},
		{
			"an owner who is not an occupant, in data of another system",
			dialog.Dialog{Type: dialog.Group, Owner: "u", Occupants: ids{"a"}},
			dialog.Dialog{Owner: "a", Occupants: ids{"a"}},
		},
		{
			"an admin who is not an occupant, likewise",
			dialog.Dialog{Type: dialog.Group, Owner: "a", Occupants: ids{"a"}, Admins: ids{"u"}},
			dialog.Dialog{Owner: "a", Occupants: ids{"a"}},
		},
		{"a private dialog", dialog.Dialog{Type: dialog.Private, Owner: "a", Occupants: ids{"a", "u"}}, dialog.Dialog{Deleted: true}},
		{
			"a public group with admins",
			dialog.Dialog{Type: dialog.PublicGroup, Owner: "u", Admins: ids{"b", "a"}},
			dialog.Dialog{Owner: "b", Admins: ids{"a"}},
		},
		{"a public group without", dialog.Dialog{Type: dialog.PublicGroup, Owner: "u"}, dialog.Dialog{Deleted: true}},
		{
			"an admin of a public group",
			dialog.Dialog{Type: dialog.PublicGroup, Owner: "a", Admins: ids{"u", "b"}},
			dialog.Dialog{Owner: "a", Admins: ids{"b"}},
		},
	} {
		t.Run(test.reason, func(t *testing.T) {
			store, clock := memory.NewStore(), storetest.NewClock(time.Now())
			service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), clock.Now, nil)
			d := test.before
			d.ID, d.Name, d.Version, d.CreatedAt, d.UpdatedAt = "00000000000000000000beef", "x", 1, clock.Now(), clock.Now()
			d.History = []dialog.Record{{Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: "u"}}}
			if err := store.Restore(t.Context(), []dialog.Dialog{d}); err != nil {
				t.Fatal(err)
			}
			erase(t, store, service, clock)
			got, err := store.Look(t.Context(), d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.Version != 2 || got.History[1].Actor != (dialog.Actor{APIKey: "backend"}) || got.Deleted != test.after.Deleted {
				t.Fatalf("the dialog is now %+v", got)
			}
			if got.Deleted {
				return
			}
			if diff := cmp.Diff(test.after, dialog.Dialog{Owner: got.Owner, Admins: got.Admins, Occupants: got.Occupants}); diff != "" {
				t.Errorf("the people (-want +got):\n%s", diff)
			}
		})
	}
}

func erase(t *testing.T, store dialog.Store, service *dialog.Service, clock *storetest.Clock) {
	t.Helper()
	ended := false
	end := func(ctx context.Context, u dialog.UserID) error {
		ended = true
		return store.EndUserSessions(ctx, u, clock.Now())
	}
	status, err := service.EraseUser(t.Context(), dialog.Caller{APIKey: "backend"}, "u", false, end)
	if err != nil || status != (dialog.ErasureStatus{Dialogs: 1}) || !ended {
		t.Fatalf("starting: %+v, %v", status, err)
	}
	for _, want := range []int{1, 1, 0} { // it waits for those who do not know yet
		finished, left, err := service.ContinueErasures(t.Context())
		if err != nil || left != want || len(finished) != 1-want {
			t.Fatalf("continuing: finished %+v, %d left, %v, want %d", finished, left, err, want)
		}
		clock.Move(9 * time.Second)
	}
}

// TestEraseUserAccess lets servers with the scope admin erase users, and nobody else.
func TestEraseUserAccess(t *testing.T) {
	service := dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	for _, test := range []struct {
		reason string
		caller dialog.Caller
		want   dialog.Code
	}{
		{"anonymous", dialog.Caller{}, dialog.Unauthenticated},
		{"the user", dialog.Caller{User: "u"}, dialog.Forbidden},
		{"on behalf of the user", dialog.Caller{User: "u", APIKey: "backend"}, dialog.Forbidden},
		{"a key without the scope", dialog.Caller{APIKey: "backend", Scopes: dialog.KeyRead | dialog.KeyWrite}, dialog.Forbidden},
	} {
		for _, dryRun := range []bool{true, false} {
			_, err := service.EraseUser(t.Context(), test.caller, "u", dryRun, nil)
			if !dialog.IsCode(err, test.want) {
				t.Errorf("%s: %v", test.reason, err)
			}
		}
	}
}

// TestEraseAddedUser: a user who is added to a dialog while it is found that nothing is kept
// about them is erased by a job.
func TestEraseAddedUser(t *testing.T) {
	service := dialog.NewService(memory.NewStore(), dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	server := dialog.Caller{APIKey: "backend", Scopes: dialog.KeyAdmin}
	add := func(ctx context.Context, u dialog.UserID) error {
		_, err := service.Create(ctx, dialog.Caller{User: "bob"}, dialog.Creation{
			Type: dialog.Group, Name: dialog.Some("group"), Occupants: []dialog.UserID{u},
		})
		return err
	}
	status, err := service.EraseUser(t.Context(), server, "u", false, add)
	if err != nil || status.Done {
		t.Fatalf("erasing a user who was added: %+v, %v", status, err)
	}
	if _, left, err := service.ContinueErasures(t.Context()); err != nil || left != 1 {
		t.Errorf("%d jobs, %v", left, err)
	}
}

// A busyStore has a creation in progress that names the user, and counts searches.
type busyStore struct {
	dialog.Store
	searches int
}

func (s *busyStore) FinishErasure(context.Context, dialog.UserID, time.Time) (bool, error) {
	return false, nil
}

func (s *busyStore) Traces(ctx context.Context, user dialog.UserID, after dialog.ID, limit int) (dialog.Traces, error) {
	if s.searches++; s.searches > 100 {
		return dialog.Traces{}, errors.New("searched again and again")
	}
	return s.Store.Traces(ctx, user, after, limit)
}

// TestErasureWaits: an erasure that cannot finish yet does not search all dialogs again and
// again at once.
func TestErasureWaits(t *testing.T) {
	store := &busyStore{Store: memory.NewStore()}
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	before := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	if _, err := store.StartErasure(t.Context(), dialog.Erasure{User: "u", By: "backend", StartedAt: before}); err != nil {
		t.Fatal(err)
	}
	if _, left, err := service.ContinueErasures(t.Context()); err != nil || left != 1 {
		t.Errorf("%d jobs after %d searches, %v", left, store.searches, err)
	}
}

// A largeStore has so many dialogs that searching them takes longer than a request may.
type largeStore struct{ dialog.Store }

func (s largeStore) Traces(ctx context.Context, _ dialog.UserID, after dialog.ID, _ int) (dialog.Traces, error) {
	if after == "" {
		const id = "65ba1b4a0000000000000001"
		return dialog.Traces{IDs: []dialog.ID{id}, Next: id, More: true}, nil
	}
	<-ctx.Done()
	return dialog.Traces{}, dialog.ErrUnavailable(ctx.Err())
}

// TestEraseInLargeStore: the erasure of a user begins even if a request is too short for
// counting their dialogs.
func TestEraseInLargeStore(t *testing.T) {
	t.Parallel()
	store := largeStore{memory.NewStore()}
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, rand.Reader)
	server := dialog.Caller{APIKey: "backend", Scopes: dialog.KeyAdmin}
	endSessions := func(context.Context, dialog.UserID) error { return nil }
	for _, dryRun := range []bool{true, false} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		status, err := service.EraseUser(ctx, server, "u", dryRun, endSessions)
		if dryRun {
			wantError(t, err, dialog.Invalid, "dryRun")
		} else if err != nil || status.Done || status.Dialogs != 1 {
			t.Errorf("starting an erasure: %+v, %v", status, err)
		}
	}
	if jobs, err := store.Erasures(t.Context()); err != nil || len(jobs) != 1 {
		t.Errorf("jobs: %v, %v", jobs, err)
	}
}
