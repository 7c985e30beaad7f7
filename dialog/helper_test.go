package dialog_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/store/memory"
)

const dialogID = "0123456789abcdef01234567"

// server is the caller who may do everything that is not malformed.
func server() dialog.Caller { return dialog.Caller{APIKey: "backend"} }

func user(id dialog.UserID) dialog.Caller { return dialog.Caller{User: id} }

// noon is when changes are made, unless a test says otherwise.
func noon() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }

// newStore is a store without dialogs, in which [dialogtest.Class] and these
// classes are defined.
func newStore(_ tester, more ...dialog.Class) dialog.Store {
	return memory.NewStore(append(more, dialogtest.Class())...)
}

func newService(store dialog.Store, limits dialog.Limits) *dialog.Service {
	return dialog.NewService(store, dialog.DefaultPolicy(limits), noon, rand.Reader)
}

// A planCatcher is a store that shows what the service asks of it.
type planCatcher struct {
	dialog.Store
	update dialog.Plan
	create dialog.CreatePlan
}

func (s *planCatcher) Update(_ context.Context, p dialog.Plan) (dialog.Outcome, error) {
	s.update = p
	return dialog.Outcome{}, nil
}

func (s *planCatcher) Create(_ context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	s.create = p
	return dialog.CreateOutcome{}, nil
}

// A tester is what the helpers need of a *testing.T, and a *rapid.T has too.
type tester interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// plan makes the plan that the service makes of a change, or tells what is
// wrong with its shape.
func plan(t tester, c dialog.Caller, change dialog.Change, limits dialog.Limits) (dialog.Plan, error) {
	t.Helper()
	store := &planCatcher{Store: newStore(t)}
	_, err := newService(store, limits).Update(t.Context(), c, dialogID, change)
	return store.update, err
}

func mustPlan(t testing.TB, c dialog.Caller, change dialog.Change) dialog.Plan {
	t.Helper()
	p, err := plan(t, c, change, dialog.DefaultLimits())
	if err != nil {
		t.Fatalf("the change has the wrong shape: %v", err)
	}
	return p
}

// createPlan makes the plan that the service makes of a creation, or tells
// what is wrong with it.
func createPlan(t testing.TB, c dialog.Caller, creation dialog.Creation, limits dialog.Limits) (dialog.CreatePlan, error) {
	t.Helper()
	store := &planCatcher{Store: newStore(t)}
	_, err := newService(store, limits).Create(t.Context(), c, creation)
	return store.create, err
}

// group is a Group, an hour old, whose first member owns it.
func group(members ...dialog.UserID) dialog.Dialog {
	return dialog.Dialog{
		ID: dialogID, Type: dialog.Group, Name: "Lunch", Owner: members[0], Occupants: members,
		CreatedAt: noon().Add(-time.Hour), UpdatedAt: noon().Add(-time.Hour), Version: 1,
		History: []dialog.Record{{
			Version: 1, Kind: dialog.Created, Actor: dialog.Actor{User: members[0]},
			At: noon().Add(-time.Hour), Joined: members,
		}},
	}
}

// wantError checks the kind of a failure and the input that is blamed.
func wantError(t testing.TB, err error, code dialog.Code, field string) {
	t.Helper()
	var e *dialog.Error
	if !errors.As(err, &e) {
		t.Fatalf("got the error %v, want one of the domain", err)
	}
	if e.Code != code || e.Field != field {
		t.Errorf("got code %d on field %q (%s), want code %d on field %q", e.Code, e.Field, e.Message, code, field)
	}
}

func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
