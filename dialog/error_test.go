package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"dialogs/dialog"
)

// TestErrorsAreTold: errors can be told apart however they are wrapped, and
// keep their cause for the log.
func TestErrorsAreTold(t *testing.T) {
	for _, tt := range []struct {
		err   error
		code  dialog.Code
		field string
	}{
		{dialog.InvalidInput("name", "too odd"), dialog.Invalid, "name"},
		{dialog.ErrUnauthenticated(), dialog.Unauthenticated, ""},
		{dialog.JudgeServer(user(ann)), dialog.Forbidden, ""},
		{dialog.ErrNotFound(), dialog.NotFound, ""},
		{dialog.ErrIDTaken(), dialog.Conflict, "id"},
		{&dialog.Error{Code: dialog.RateLimited, Field: "addOccupants"}, dialog.RateLimited, "addOccupants"},
		{dialog.ErrTooManyPublicGroups(3), dialog.Invalid, "newOwnerId"},
		{dialog.ErrUnavailable(context.DeadlineExceeded), dialog.Unavailable, ""},
	} {
		wrapped := fmt.Errorf("doing something: %w", tt.err)
		wantError(t, wrapped, tt.code, tt.field)
		for code := dialog.Invalid; code <= dialog.Unavailable; code++ {
			if got := dialog.IsCode(wrapped, code); got != (code == tt.code) {
				t.Errorf("%v is of code %d: %t", tt.err, code, got)
			}
		}
	}
	if err := dialog.ErrUnavailable(context.DeadlineExceeded); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v has lost its cause", err)
	}
	if dialog.IsCode(nil, dialog.NotFound) || dialog.IsCode(errors.New("no such file"), dialog.NotFound) {
		t.Error("something else is taken for an error of the domain")
	}
}

// TestMessages: a message may be shown, so a cause is never part of it; and it
// reads as a sentence without a stop.
func TestMessages(t *testing.T) {
	var e *dialog.Error
	if !errors.As(dialog.ErrUnavailable(errors.New("dial tcp 10.0.0.1")), &e) || strings.Contains(e.Message, "10.0.0.1") {
		t.Errorf("the message shows the cause: %v", e)
	}
	if !strings.Contains(e.Error(), "10.0.0.1") {
		t.Errorf("the log does not get the cause: %v", e)
	}
	_, err := decide(t, user(cid), full(), dialog.Change{Delete: true})
	if got, want := err.Error(), "only the owner may delete this dialog; you are an occupant"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRefusedSightIsTheSame: a guess of an id learns nothing, not even the
// type of what is there.
func TestRefusedSightIsTheSame(t *testing.T) {
	change := dialog.Change{Name: dialog.Some("x"), NewOwner: dialog.Some(eve)}
	_, first := decide(t, user(eve), group(ann, bob), change)
	private := group(ann, bob)
	private.Type, private.Name = dialog.Private, ""
	_, second := decide(t, user(eve), private, change)
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Errorf("a group answers %v, a private dialog %v", first, second)
	}
}

func TestFailuresOfTheStore(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	service := newService(newStore(t), dialog.DefaultLimits())
	for name, call := range map[string]func() error{
		"Dialog": func() error { _, err := service.Dialog(ended, user(ann), dialogID, false); return err },
		"Create": func() error {
			_, err := service.Create(ended, user(ann), dialog.Creation{Type: dialog.Private, Occupants: ids(bob)})
			return err
		},
		"Update": func() error {
			_, err := service.Update(ended, user(ann), dialogID, dialog.Change{Delete: true})
			return err
		},
		"Update with data": func() error {
			_, err := service.Update(ended, user(ann), dialogID, dialog.Change{Custom: custom("Card", map[string]any{"note": "x"})})
			return err
		},
		"List": func() error {
			_, err := service.List(ended, user(ann), dialog.ListRequest{Scope: dialog.Mine})
			return err
		},
		"Classes":     func() error { _, err := service.Classes(ended, user(ann)); return err },
		"DefineClass": func() error { _, err := service.DefineClass(ended, server(), "New", nil); return err },
	} {
		t.Run(name, func(t *testing.T) { wantError(t, call(), dialog.Unavailable, "") })
	}
}
