package dialog_test

import (
	"fmt"
	"testing"

	"dialogs/dialog"
)

// TestSkip numbers the pages of a list.
func TestSkip(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	var want []dialog.ID
	for i := range 7 {
		id := fmt.Sprintf("%024x", i+1)
		_, err := service.Create(t.Context(), server(), dialog.Creation{
			Type: dialog.PublicGroup, Name: dialog.Some("same"), Owner: dialog.Some(dialog.UserID("alice")), ID: dialog.Some(id),
		})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, dialog.ID(id))
	}
	for skip := range 9 {
		page, err := service.List(t.Context(), server(), dialog.ListRequest{
			Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByCreatedAt}, First: dialog.Some(3), Skip: skip,
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []dialog.ID
		for _, d := range page.Dialogs {
			got = append(got, d.ID)
		}
		rest := want[min(skip, len(want)):]
		wantEqual(t, fmt.Sprintf("the page behind %d", skip), len(got), min(3, len(rest)))
		for i := range got {
			wantEqual(t, fmt.Sprintf("dialog %d behind %d", i, skip), got[i], rest[i])
		}
		next, err := service.HasNext(t.Context(), &page)
		if err != nil || next != (len(rest) > 3) {
			t.Errorf("behind %d: got next %v and error %v", skip, next, err)
		}
		count, err := service.CountAll(t.Context(), &page)
		if err != nil || count != len(want) {
			t.Errorf("behind %d: got a count of %d and error %v", skip, count, err)
		}
	}
}

func TestSkipIsBounded(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	for _, tt := range []struct {
		reason  string
		request dialog.ListRequest
	}{
		{"less than nothing", dialog.ListRequest{Skip: -1}},
		{"more than a page may cost", dialog.ListRequest{Skip: dialog.MaxSkip + 1}},
		{"with a cursor", dialog.ListRequest{Skip: 1, After: dialog.Some("x")}},
		{"with a cursor behind", dialog.ListRequest{Skip: 1, Before: dialog.Some("x")}},
		{"from the end", dialog.ListRequest{Skip: 1, Last: dialog.Some(1)}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			_, err := service.List(t.Context(), server(), tt.request)
			wantError(t, err, dialog.Invalid, "skip")
		})
	}
	if _, err := service.List(t.Context(), server(), dialog.ListRequest{Skip: dialog.MaxSkip}); err != nil {
		t.Errorf("as much as a page may cost: %v", err)
	}
}
